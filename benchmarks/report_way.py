"""The student report's way, rewritten small and without malice: what its text says it does, nothing slower added.

A new MediaPipe `Hands` for every film, given the grey film as RGB with nothing done to it; crop, windowing,
equalisation and square as in the report (the functions of `boneage.preprocessing`, so that only the way differs);
files written by Matplotlib; full films read anew in every epoch; a network asked in eager mode, one film at a time.
"""
import cv2
import matplotlib
import numpy as np
import pandas as pd
from mediapipe.python.solutions.hands import Hands

from boneage.films.hand import Hand
from boneage.preprocessing import landmarks_box, pad_to_square, window

matplotlib.use('Agg')
import matplotlib.pyplot as plt

SIDE = 399  # pixels of the report's pictures


def find_landmarks(
    film: np.ndarray,  # uint8 (H, W)
) -> np.ndarray | None:  # (21, 2) pixels
    "A new MediaPipe, its models loaded again, for one film."
    with Hands(static_image_mode=True, max_num_hands=1, min_detection_confidence=0.5) as hands:
        found = hands.process(cv2.cvtColor(film, cv2.COLOR_GRAY2RGB)).multi_hand_landmarks
    if not found: return None
    return np.array([(point.x, point.y) for point in found[0].landmark]) * film.shape[::-1]


def save(
    picture: np.ndarray,  # uint8
    target,
) -> None:
    "By `imsave`, the quicker of Matplotlib's two ways: a figure with axes takes several times as long."
    plt.imsave(target, picture, cmap='gray', vmin=0, vmax=255)


def picture_of(path) -> tuple[np.ndarray, bool]:  # uint8 (399, 399), and whether a hand was found
    "The report's picture of a film."
    film = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    landmarks = find_landmarks(film)
    if landmarks is not None:
        left, top, right, bottom = landmarks_box(Hand(landmarks, 1.0, 'raw'), film.shape)
        film = film[top:bottom, left:right]
    square = pad_to_square(cv2.equalizeHist(window(film)))
    return cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA), landmarks is not None


def preprocess(paths, out) -> int:  # hands found
    "A folder, film after film."
    found = 0
    for number, path in enumerate(paths):
        picture, has_hand = picture_of(path)
        save(picture, out/f'{number}.png')
        found += has_hand
    return found


def balance(
    planned: pd.DataFrame,  # from `balance_ages`: the same films, the same angles
    out,
) -> None:
    "Every row of the balanced set is read, rotated and written, the originals too: the report's set is one folder."
    for row in planned.itertuples():
        film = cv2.imread(str(row.path), cv2.IMREAD_GRAYSCALE)
        middle = (film.shape[1] / 2, film.shape[0] / 2)
        turned = cv2.warpAffine(film, cv2.getRotationMatrix2D(middle, row.rotation, 1), film.shape[::-1])
        save(turned, out/f'{row.id}.png')


def batch(paths, size) -> np.ndarray:  # float32 (n, size, size, 3), 0 to 1
    "A batch of an epoch: full films, decoded again."
    films = [cv2.resize(cv2.imread(str(path)), (size, size), interpolation=cv2.INTER_AREA) for path in paths]
    return np.stack(films).astype(np.float32) / 255
