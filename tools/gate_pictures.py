"""Pictures that the quality gate must stop, and films spoilt in ways that it must notice: read, cut or drawn, each with
its kind and its source. `not_hands(half)` and `spoilt(half, ...)` share no source image between 'fit' and 'test'."""
import gzip, sys, warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from boneage.films.changes import (blurred, collimated, framed, inverted, labelled, lined, mirrored, noisy,
                                   posterised, quarter_turns, recoded, relevelled, rotate, sharpened, shrunk, smeared)


@dataclass(frozen=True)
class Picture:
    kind: str  # such as 'chest'
    source: str  # file, or 'drawn'
    pixels: np.ndarray  # uint8 (H, W)


def stretch(values, low=0.5, high=99.5):
    dark, bright = np.percentile(values, [low, high])
    return np.clip((np.asarray(values, float) - dark) * 255 / max(bright - dark, 1e-6), 0, 255).astype(np.uint8)


# ---- read: what installed packages hold

def package(name):
    found = find_spec(name)
    return Path(found.origin).parent if found else None


# package/file, kind, half. No source is in both halves; whole kinds are in 'test' alone.
FILES = [tuple(line.split(', ')) for line in '''\
data_store/data/RG1_UNCR.dcm, chest, test
data_store/data/RG3_UNCR.dcm, leg, test
data_store/data/693_UNCR.dcm, CT head, fit
pydicom/data/test_files/J2K_pixelrep_mismatch.dcm, CT head, test
data_store/data/bad_sequence.dcm, CT spine, fit
pydicom/data/test_files/CT_small.dcm, CT spine, test
data_store/data/eCT_Supplemental.dcm, CT brain vessels, fit
data_store/data/explicit_VR-UN.dcm, CT abdomen, test
data_store/data/MR-SIEMENS-DICOM-WithOverlays.dcm, MR abdomen, fit
data_store/data/MR2_UNCR.dcm, MR shoulder, test
data_store/data/emri_small.dcm, MR head, fit
pydicom/data/test_files/MR_small.dcm, MR head, test
data_store/data/JPGLosslessP14SV1_1s_1f_8b.dcm, ultrasound, fit
data_store/data/OBXXXX1A.dcm, ultrasound, fit
data_store/data/US1_UNCR.dcm, ultrasound, test
data_store/data/color3d_jpeg_baseline.dcm, ultrasound, test
data_store/data/gdcm-US-ALOKA-16.dcm, ultrasound, test
data_store/data/JPEG-LL.dcm, scintigram, test
data_store/data/JPEG2000_UNC.dcm, scintigram, test
data_store/data/mlut_18.dcm, test pattern, fit
pydicom/data/test_files/image_dfl.dcm, test pattern, test
data_store/data/liver.dcm, mask, test
pynetdicom/tests/dicom_files/RTImageStorage.dcm, mask, test
skimage/data/astronaut.png, photograph, fit
skimage/data/camera.png, photograph, test
skimage/data/chelsea.png, photograph, fit
skimage/data/coffee.png, photograph, test
skimage/data/rocket.jpg, photograph, fit
skimage/data/motorcycle_left.png, photograph, test
skimage/data/clock_motion.png, photograph, test
skimage/data/horse.png, mask, fit
skimage/data/hubble_deep_field.jpg, astronomy, fit
skimage/data/moon.png, astronomy, test
skimage/data/cell.png, microscopy, fit
skimage/data/ihc.png, microscopy, test
skimage/data/microaneurysms.png, eye, fit
skimage/data/retina.jpg, eye, test
skimage/data/coins.png, photograph, fit
skimage/data/brick.png, texture, fit
skimage/data/grass.png, texture, test
skimage/data/gravel.png, texture, test
skimage/data/page.png, text, fit
skimage/data/text.png, text, test
skimage/data/phantom.png, head phantom, test
skimage/data/logo.png, logo, test
skimage/data/color.png, logo, fit
skimage/data/chessboard_GRAY.png, test pattern, fit
matplotlib/mpl-data/sample_data/grace_hopper.jpg, photograph, test
matplotlib/mpl-data/sample_data/Minduka_Present_Blue_Pack.png, logo, fit
matplotlib/mpl-data/sample_data/logo2.png, logo, test
matplotlib/mpl-data/sample_data/s1045.ima.gz, MR head, test
sklearn/datasets/images/china.jpg, photograph, test
sklearn/datasets/images/flower.jpg, photograph, fit'''.splitlines()]


def read_any(path):
    "Frames of a file as uint8 (H, W)."
    if path.suffix == '.dcm':
        import pydicom
        pixels = pydicom.dcmread(path, force=True)
        negative, pixels = pixels.get('PhotometricInterpretation') == 'MONOCHROME1', pixels.pixel_array
        if pixels.ndim == 4: pixels = pixels[[0, len(pixels) // 2]].mean(3)
        elif pixels.ndim == 3 and pixels.shape[2] in (3, 4): pixels = pixels[None, ..., :3].mean(3)
        elif pixels.ndim == 3: pixels = pixels[[0, len(pixels) // 2]]
        else: pixels = pixels[None]
        return [255 - stretch(one) if negative else stretch(one) for one in pixels]
    if path.name.endswith('.ima.gz'):
        return [stretch(np.frombuffer(gzip.decompress(path.read_bytes()), np.uint16).reshape(256, 256))]
    grey = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if grey is None: return []
    if grey.dtype == bool or grey.max() <= 1: grey = grey * 255
    if grey.ndim == 3 and grey.shape[2] == 4: grey = grey[..., :3]
    return [cv2.cvtColor(grey, cv2.COLOR_BGR2GRAY) if grey.ndim == 3 else grey]


def views(pixels, count, rng):
    "A picture as it is, and parts of it, turned, mirrored, relevelled, inverted."
    scale = min(1, 900 / max(pixels.shape))
    if scale < 1: pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if min(pixels.shape) < 96:
        pixels = cv2.resize(pixels, None, fx=(k := 192 / min(pixels.shape)), fy=k, interpolation=cv2.INTER_CUBIC)
    yield pixels
    for number in range(count - 1):
        part = rng.uniform(0.5, 1)
        height, width = (max(64, int(part * side)) for side in pixels.shape)
        top, left = (rng.integers(0, side - cut + 1) for side, cut in zip(pixels.shape, (height, width)))
        view = np.ascontiguousarray(pixels[top:top + height, left:left + width])
        view = np.rot90(view, rng.integers(4))
        if rng.random() < 0.5: view = view[:, ::-1]
        if rng.random() < 0.25: view = 255 - view
        yield relevelled(np.ascontiguousarray(view), gamma=rng.uniform(0.6, 1.6))


# ---- drawn: parts of the body as soft tubes, and everything else

def canvas(rng, height=420, width=None):
    return np.zeros((height, width or int(height * rng.uniform(0.7, 1.1))), np.float32)


def along(shape, points):
    "Distance of every pixel to a line through points (x, y), and where along it the nearest point lies, 0 to 1."
    y, x = np.mgrid[:shape[0], :shape[1]].astype(np.float32)
    best, where = np.full(shape, 1e9, np.float32), np.zeros(shape, np.float32)
    points = np.asarray(points, np.float32)
    for number, (a, b) in enumerate(zip(points, points[1:])):
        step = b - a
        share = np.clip(((x - a[0]) * step[0] + (y - a[1]) * step[1]) / max(float(step @ step), 1e-6), 0, 1)
        distance = np.hypot(x - a[0] - share * step[0], y - a[1] - share * step[1])
        nearer = distance < best
        best[nearer], where[nearer] = distance[nearer], (number + share[nearer]) / (len(points) - 1)
    return best, where


def tissue(image, points, radius, amount):
    distance, _ = along(image.shape, points)
    image += amount * np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, None))


def bone(image, points, radius, amount=1.0, flare=0.6):
    "A tube with a dense shell, wider at both ends."
    distance, where = along(image.shape, points)
    wide = radius * (1 + flare * np.clip(np.abs(where - 0.5) * 2, 0, 1) ** 4)
    outer = np.sqrt(np.clip(1 - (distance / wide) ** 2, 0, None))
    inner = np.sqrt(np.clip(1 - (distance / (0.65 * wide)) ** 2, 0, None))
    image += amount * (outer - 0.55 * inner)


def blob(image, centre, half, amount, turn=0.0, shell=0.0):
    y, x = np.mgrid[:image.shape[0], :image.shape[1]].astype(np.float32)
    x, y = x - centre[0], y - centre[1]
    across, down = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    radius = np.hypot(across / half[0], down / half[1])
    image += amount * np.sqrt(np.clip(1 - radius ** 2, 0, None))
    if shell: image += shell * np.exp(-((radius - 0.95) / 0.05) ** 2)


def expose(image, rng):
    image = image / max(float(image.max()), 1e-6)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.4))
    grey = 255 * (rng.uniform(0.02, 0.12) + 0.85 * image ** rng.uniform(0.5, 0.9))
    noise = cv2.GaussianBlur(rng.normal(0, 1, image.shape).astype(np.float32), (0, 0), 0.7) * rng.uniform(2, 8)
    return np.clip(grey + noise, 0, 255).astype(np.uint8)


def jitter(rng, points, size):
    return np.asarray(points, float) + rng.normal(0, size, np.shape(points))


def chest(rng):
    image = canvas(rng, 420, 420)
    blob(image, (210, 240), (200, 260), 0.7)
    for side in (-1, 1): blob(image, (210 + side * 90, 200), (rng.uniform(60, 75), rng.uniform(120, 150)), -0.5)
    for row in range(9):
        for side in (-1, 1):
            y = 70 + 34 * row
            tissue(image, [(210, y), (210 + side * 90, y - 20), (210 + side * 165, y + 40)], 6, 0.25)
    bone(image, [(210, 20), (210, 400)], 17, 0.6, 0)
    blob(image, (235, 270), (70, 60), 0.45)
    for side in (-1, 1): bone(image, [(210 + side * 15, 50), (210 + side * 150, 25)], 8, 0.5)
    return expose(np.clip(image, 0, None), rng)


def long_bones(rng, two, bend, radius, joint):
    "A limb: one or two bones above, one or two below a joint."
    image = canvas(rng, 440)
    height, width = image.shape
    centre, turn = np.array([width / 2, height * rng.uniform(0.45, 0.55)]), rng.normal(0, 0.1)
    up, down = np.array([np.sin(turn), -np.cos(turn)]), np.array([np.sin(bend - turn), np.cos(bend - turn)])
    side = np.array([1, 0.0])
    tissue(image, [centre + up * 300, centre, centre + down * 300], radius * 3.2, 0.5)
    bone(image, [centre + up * 300, centre + up * joint], radius * 1.2, 0.8)
    if two:
        for lean, start, wide, amount in ((1, 0.9, 0.9, 0.8), (-1, 1.1, 0.6, 0.7)):
            ends = centre + down * joint + lean * side * radius * start, centre + down * 300 + lean * side * radius
            bone(image, ends, radius * wide, amount)
    else: bone(image, [centre + down * joint, centre + down * 300], radius, 0.8)
    blob(image, centre + rng.normal(0, 4, 2), (radius * 0.9, radius), 0.5)
    return expose(image, rng)


def leg(rng): return long_bones(rng, True, rng.normal(0, 0.05), rng.uniform(20, 28), 12)
def knee(rng): return long_bones(rng, True, rng.normal(0.05, 0.1), rng.uniform(32, 42), 26)
def elbow(rng): return long_bones(rng, True, rng.uniform(0.3, 1.6), rng.uniform(22, 30), 18)


def shoulder(rng):
    image = canvas(rng, 420, 420)
    blob(image, (110, 330), (240, 240), 0.5)
    tissue(image, [(230, 120), (330, 430)], 70, 0.4)
    blob(image, (235, 130), (50, 46), 0.6, shell=0.2)
    bone(image, [(245, 140), (rng.uniform(290, 340), 440)], 24, 0.8)
    bone(image, [(20, 60), (130, 40), (225, 75)], 12, 0.7)
    blob(image, (150, 210), (60, 110), 0.35, 0.4, 0.15)
    for row in range(6): tissue(image, [(0, 120 + 45 * row), (90, 140 + 45 * row), (130, 190 + 45 * row)], 8, 0.25)
    return expose(image, rng)


def five_rays(rng, base, lengths, spread, thick, palm, joints, image, side=1):
    "Bones and soft tissue of five rays that leave a base."
    for number, (length, lean) in enumerate(zip(lengths, spread)):
        at, direction = np.array(base[number], float), np.array([side * np.sin(lean), -np.cos(lean)])
        tissue(image, [at, at + direction * length], thick * 1.9, 0.35)
        shares = np.cumsum([0, *joints])
        for low, high in zip(shares, shares[1:]):
            gap = 0.012
            ends = [at + direction * length * share for share in (low + gap, high - gap)]
            bone(image, ends, thick * (1 - 0.4 * low), 0.8)
    tissue(image, palm, thick * 4, 0.4)


def foot(rng):
    image = canvas(rng, 460, 300)
    side = rng.choice([-1, 1])
    base = [(150 + side * (36 - 18 * k), 240 + 4 * k) for k in range(5)]
    lengths = 190 - np.array([0, 6, 18, 36, 56]) * rng.uniform(0.8, 1.2)
    five_rays(rng, base, lengths, jitter(rng, [0.10, 0.04, -0.02, -0.09, -0.16], 0.02), 10, [(150, 250), (150, 400)],
              (0.5, 0.22, 0.14, 0.14), image, side)
    for across, down, half in ((25, 275, (28, 22)), (-20, 280, (26, 20)), (0, 320, (34, 26)), (4, 385, (38, 52))):
        blob(image, (150 + side * across, down), half, 0.7, shell=0.15)
    return rotate(expose(image, rng), rng.normal(0, 8))


def skull(rng):
    image = canvas(rng, 420, 380)
    blob(image, (190, 170), (150, 160), 0.6, shell=0.6)
    blob(image, (190, 330), (85, 85), 0.45, shell=0.3)
    for side in (-1, 1): blob(image, (190 + side * 58, 215), (36, 30), -0.4, shell=0.2)
    blob(image, (190, 270), (18, 32), -0.35)
    for tooth in range(10): bone(image, [(125 + 14 * tooth, 325), (125 + 14 * tooth, 355)], 5, 0.6)
    return expose(np.clip(image, 0, None), rng)


def pelvis(rng):
    image = canvas(rng, 380, 440)
    blob(image, (220, 190), (215, 220), 0.5)
    for side in (-1, 1):
        blob(image, (220 + side * 105, 110), (75, 85), 0.5, side * 0.4, 0.25)
        blob(image, (220 + side * 75, 260), (38, 46), 0.4, shell=0.3)
        blob(image, (220 + side * 135, 215), (27, 27), 0.6)
        bone(image, [(220 + side * 140, 220), (220 + side * 165, 250), (220 + side * 160, 390)], 20, 0.7)
    bone(image, [(220, 0), (220, 180)], 22, 0.6, 0)
    return expose(image, rng)


def spine(rng):
    image = canvas(rng, 460, 260)
    tissue(image, [(130, -50), (130, 520)], 120, 0.5)
    sway = rng.normal(0, 18)
    for row in range(8):
        x = 130 + sway * np.sin(row / 2)
        blob(image, (x, 35 + 56 * row), (32, 21), 0.5, shell=0.3)
        tissue(image, [(x - 58, 30 + 56 * row), (x + 58, 30 + 56 * row)], 6, 0.3)
    return expose(image, rng)


def paw(rng):
    image = canvas(rng, 360, 320)
    pads = jitter(rng, [(90, 150), (135, 95), (190, 95), (235, 150)], 6)
    for pad in pads: blob(image, pad, (24, 34), 0.8)
    blob(image, (162, 225), (66, 54), 0.9)
    tissue(image, [(162, 230), (162, 380)], 50, 0.4)
    if rng.random() < 0.5:
        for pad in pads: bone(image, [pad, (162 + (pad[0] - 162) * 0.5, 260)], 7, 0.6)
    return expose(image, rng) if rng.random() < 0.6 else 255 - expose(image, rng)


def hand_outline(rng, size=400):
    "Five fingers as lines (x, y) and the palm, of a drawn hand."
    base = np.array([(128, 300), (140, 225), (178, 210), (215, 215), (248, 232)], float)
    lean = jitter(rng, [-0.75, -0.18, -0.03, 0.10, 0.26], 0.05)
    length = np.array([115, 130, 148, 135, 105]) * rng.uniform(0.85, 1.15)
    tips = base + np.stack([np.sin(lean), -np.cos(lean)], 1) * length[:, None]
    return base * size / 400, tips * size / 400


def drawn_hand(rng, style):
    base, tips = hand_outline(rng)
    image, thick = np.zeros((440, 400), np.uint8), int(rng.integers(24, 40))
    for start, tip in zip(base, tips): cv2.line(image, tuple(map(int, start)), tuple(map(int, tip)), 255, thick)
    hull = np.array([*base, (250, 340), (228, 400), (165, 400), (140, 350)]).round().astype(np.int32)
    cv2.fillConvexPoly(image, cv2.convexHull(hull), 255)
    cv2.line(image, (196, 380), (196, 439), 255, 70)
    if style == 'silhouette': return image if rng.random() < 0.5 else 255 - image
    if style == 'grey': return np.where(image > 0, rng.integers(120, 230), rng.integers(0, 80)).astype(np.uint8)
    if style == 'outline':
        line = cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
        return line if rng.random() < 0.5 else 255 - line
    if style == 'shaded':
        depth = cv2.distanceTransform(image, cv2.DIST_L2, 5)
        return np.clip(60 + 190 * np.sqrt(depth / depth.max()), 0, 255).astype(np.uint8) * (image > 0)
    if style == 'sketch':
        page = np.full((440, 400), 245, np.uint8)
        contours, _ = cv2.findContours(image, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for _ in range(3):
            wobble = contours[0] + np.round(rng.normal(0, 1.5, (len(contours[0]), 1, 2))).astype(np.int32)
            cv2.polylines(page, [wobble], True, int(rng.integers(20, 90)), 1, cv2.LINE_AA)
        return page
    if style == 'sticks':
        page = np.zeros((440, 400), np.uint8)
        for start, tip in zip(base, tips):
            cv2.line(page, (200, 390), tuple(map(int, start)), 200, 6, cv2.LINE_AA)
            for low, high in ((0, 0.45), (0.5, 0.75), (0.8, 1)):
                ends = (tuple(map(int, start + (tip - start) * share)) for share in (low, high))
                cv2.line(page, *ends, 255, 9, cv2.LINE_AA)
        return page
    raise ValueError(style)


def glove(rng):
    "A hand in a film without any bone."
    image = drawn_hand(rng, 'shaded').astype(np.float32)
    return expose(cv2.GaussianBlur(image, (0, 0), 5) / 255, rng)


def words(rng, dark):
    page = np.full((480, 380), 12 if dark else 245, np.uint8)
    letters = np.array(list('abcdefghijklmnopqrstuvwxyz     '))
    for row in range(20):
        text = ''.join(rng.choice(letters, int(rng.integers(12, 30))))
        size, ink = rng.uniform(0.4, 0.6), 240 if dark else 10
        cv2.putText(page, text, (14, 26 + 23 * row), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
    return page


def screen(rng, dark):
    page = np.full((400, 600), 30 if dark else 235, np.uint8)
    for _ in range(int(rng.integers(4, 9))):
        x, y, w, h = rng.integers(0, 450), rng.integers(0, 300), rng.integers(60, 220), rng.integers(40, 160)
        cv2.rectangle(page, (x, y), (x + w, y + h), int(rng.integers(20, 250)), -1)
        for line in range(0, h - 14, 16):
            text, place, ink = 'menu item %d' % rng.integers(1000), (x + 6, y + 14 + line), int(rng.integers(0, 255))
            cv2.putText(page, text, place, cv2.FONT_HERSHEY_PLAIN, 0.8, ink, 1)
    return page


def chart(rng):
    page = np.full((360, 480), 250, np.uint8)
    for series in range(int(rng.integers(1, 4))):
        y = 180 + np.cumsum(rng.normal(0, 9, 40))
        points, ink = np.stack([40 + 10 * np.arange(40), y], 1).round().astype(np.int32), int(rng.integers(0, 150))
        cv2.polylines(page, [points], False, ink, 2, cv2.LINE_AA)
    for x in range(60, 420, 60): cv2.rectangle(page, (x, 330), (x + 30, 330 - int(rng.integers(10, 120))), 120, -1)
    cv2.rectangle(page, (40, 20), (450, 330), 0, 1)
    return page


def smooth_noise(rng, sigma):
    return stretch(cv2.GaussianBlur(rng.normal(0, 1, (380, 320)).astype(np.float32), (0, 0), sigma))


def pure_noise(rng):
    return np.clip(rng.normal(rng.uniform(60, 190), rng.uniform(10, 60), (380, 320)), 0, 255).astype(np.uint8)


def blank(rng):
    level = int(rng.integers(0, 256))
    page = np.full((400, 320), level, np.uint8)
    if rng.random() < 0.5: page = noisy(page, rng.uniform(0.5, 3), int(rng.integers(1e6)))
    return page


def gradient(rng):
    y, x = np.mgrid[:400, :340]
    slope = np.cos(rng.normal()) * x + np.sin(rng.normal()) * y
    return stretch(slope + rng.uniform(0, 60) * np.sin(x / rng.uniform(10, 80)))


def shapes(rng):
    page = np.zeros((400, 340), np.uint8)
    for _ in range(int(rng.integers(1, 7))):
        place, half = (tuple(map(int, rng.integers(*between, 2))) for between in ((60, 280), (15, 110)))
        cv2.ellipse(page, place, half, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    return page


def plant(rng):
    "A leaf or a twig: a fan of lines from a stem."
    page = np.zeros((420, 360), np.float32)
    count = int(rng.integers(3, 9))
    tissue(page, [(180, 430), (180, 240)], rng.uniform(5, 16), 0.8)
    for lean in np.linspace(-1, 1, count) * rng.uniform(0.5, 1.3):
        tip = np.array([180 + 190 * np.sin(lean), 240 - 190 * np.cos(lean)])
        tissue(page, [(180, 240), tip], rng.uniform(6, 20), 0.7)
    return expose(page, rng) if rng.random() < 0.6 else 255 - expose(page, rng)


def fork(rng):
    page = np.zeros((440, 260), np.uint8)
    cv2.line(page, (130, 439), (130, 240), 220, int(rng.integers(14, 26)))
    cv2.ellipse(page, (130, 220), (62, 50), 0, 0, 360, 220, -1)
    for x in np.linspace(78, 182, int(rng.integers(3, 6))): cv2.line(page, (int(x), 220), (int(x), 60), 220, 12)
    page = cv2.GaussianBlur(page, (0, 0), 1.5)
    return page if rng.random() < 0.5 else 255 - page


# name → (drawing, pictures, halves)
DRAWN = {
    'drawn chest': (chest, 16, 'both'), 'drawn leg': (leg, 16, 'both'), 'drawn knee': (knee, 16, 'both'),
    'drawn elbow': (elbow, 16, 'test'),
    'drawn shoulder': (shoulder, 16, 'test'), 'drawn foot': (foot, 24, 'both'), 'drawn skull': (skull, 16, 'both'),
    'drawn pelvis': (pelvis, 16, 'test'), 'drawn spine': (spine, 12, 'both'), 'drawn paw': (paw, 24, 'both'),
    'drawn hand, silhouette': (lambda rng: drawn_hand(rng, 'silhouette'), 20, 'both'),
    'drawn hand, grey': (lambda rng: drawn_hand(rng, 'grey'), 16, 'fit'),
    'drawn hand, outline': (lambda rng: drawn_hand(rng, 'outline'), 16, 'both'),
    'drawn hand, shaded': (lambda rng: drawn_hand(rng, 'shaded'), 16, 'fit'),
    'drawn hand, sketch': (lambda rng: drawn_hand(rng, 'sketch'), 20, 'test'),
    'drawn hand, sticks': (lambda rng: drawn_hand(rng, 'sticks'), 20, 'test'),
    'drawn hand, no bone': (glove, 20, 'test'),
    'text': (lambda rng: words(rng, rng.random() < 0.5), 12, 'both'),
    'screenshot': (lambda rng: screen(rng, rng.random() < 0.5), 16, 'both'),
    'chart': (chart, 12, 'test'), 'smooth noise': (lambda rng: smooth_noise(rng, rng.uniform(2, 30)), 16, 'both'),
    'noise': (pure_noise, 12, 'both'), 'blank': (blank, 12, 'both'), 'gradient': (gradient, 10, 'both'),
    'mask': (shapes, 16, 'both'), 'plant': (plant, 20, 'test'), 'fork': (fork, 16, 'test'),
}


def not_hands(half, seed=16):
    "Pictures that are no film of a hand, of the half 'fit' or 'test'."
    rng = np.random.default_rng([seed, half == 'test'])
    for file, kind, where in FILES:
        name, _, inside = file.partition('/')
        folder = package(name)
        if where != half or folder is None: continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                frames = read_any(folder/inside)
        except Exception as error:
            print(f'{file} was not read: {error}', file=sys.stderr)
            continue
        for frame in frames:
            count = 12 if kind in ('chest', 'leg', 'CT head', 'MR shoulder', 'photograph') else 6
            for view in views(frame, count, rng): yield Picture(kind, file, view)
    for kind, (draw, count, where) in DRAWN.items():
        if where not in ('both', half): continue
        for _ in range(count):
            pixels = draw(rng)
            if rng.random() < 0.3: pixels = relevelled(pixels, gamma=rng.uniform(0.6, 1.6))
            yield Picture(kind, 'drawn', np.ascontiguousarray(pixels))


# ---- spoilt films

def side_by_side(one, other, gap=0):
    scale = one.shape[0] / other.shape[0]
    other = cv2.resize(other, (max(64, round(other.shape[1] * scale)), one.shape[0]), interpolation=cv2.INTER_AREA)
    return np.hstack([one, np.zeros((len(one), gap), np.uint8), other])


def blown_up(film, side, how):
    small = shrunk(film, side)
    return cv2.resize(small, film.shape[::-1], interpolation=how)


def squash(film, across, down):
    size = max(64, round(film.shape[1] * across)), max(64, round(film.shape[0] * down))
    return cv2.resize(film, size, interpolation=cv2.INTER_AREA)


def hand_half(film, marks, which):
    "The film cut through the hand: left or right of the middle finger, the fingers alone, or all but the fingers."
    (x0, _), (x9, knuckle_y) = marks[0], marks[9]
    middle = (x0 + x9) / 2
    if which == 'left': return film[:, :max(64, round(middle))]
    if which == 'right': return film[:, min(film.shape[1] - 64, round(middle)):]
    if which == 'fingers': return film[:max(64, round(knuckle_y))]
    return film[min(len(film) - 64, round(knuckle_y)):]


def viewer(film, rng):
    "A screen shot of a program that shows the film."
    height, width = film.shape
    page = np.full((int(height * 1.25), int(width * 1.5)), int(rng.integers(20, 60)), np.uint8)
    top, left = int(height * 0.14), int(width * 0.42)
    page[top:top + height, left:left + width] = film
    page[:top // 2] = int(rng.integers(150, 240))
    for row in range(12):
        place = 6, top + 20 + 22 * row
        cv2.putText(page, 'Series %d  W 4096 L 2048' % row, place, cv2.FONT_HERSHEY_PLAIN, 0.7, 210, 1)
    cv2.putText(page, 'L', (left + 8, top + 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    return page


def light_box(film, rng):
    "A phone's photograph of the film on a light box: a bright surround, a perspective, a fall of light, grain."
    height, width = film.shape
    page = np.full((int(height * 1.3), int(width * 1.3)), 245, np.uint8)
    top, left = int(height * 0.15), int(width * 0.15)
    corners = np.float32([(left, top), (left + width, top), (left + width, top + height), (left, top + height)])
    moved = (corners + rng.normal(0, 0.025 * width, (4, 2))).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(np.float32([(0, 0), (width, 0), (width, height), (0, height)]), moved)
    inside = cv2.warpPerspective(np.ones_like(film), matrix, page.shape[::-1])
    page = np.where(inside > 0, cv2.warpPerspective(film, matrix, page.shape[::-1]), page).astype(np.float32)
    y, x = np.mgrid[-1:1:page.shape[0] * 1j, -1:1:page.shape[1] * 1j]
    page = page * (1 - 0.25 * (x ** 2 + y ** 2) * rng.uniform(0.3, 1)) + rng.uniform(5, 30)
    page[:int(0.04 * len(page))] = 20
    return recoded(np.clip(page + rng.normal(0, 3, page.shape), 0, 255).astype(np.uint8), 80)


LINEAR, CUBIC, LANCZOS, NEAREST = cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4, cv2.INTER_NEAREST


def spoilings(half):
    """Kind → function of a film, another child's film, the landmarks of the film and a random generator. The halves
    differ in strength."""
    fit = half == 'fit'
    ways = (LINEAR, CUBIC, NEAREST) if fit else (LINEAR, CUBIC, LANCZOS, NEAREST)
    return {
        'half a hand, left': lambda f, o, m, r: hand_half(f, m, 'left'),
        'half a hand, right': lambda f, o, m, r: hand_half(f, m, 'right'),
        'fingers alone': lambda f, o, m, r: hand_half(f, m, 'fingers'),
        'no fingers': lambda f, o, m, r: hand_half(f, m, 'palm'),
        'right half of the film': lambda f, o, m, r: f[:, f.shape[1] // 2:],
        "two children's hands": lambda f, o, m, r: side_by_side(f, o, int(r.integers(0, 30))),
        'two hands of a child': lambda f, o, m, r: side_by_side(f, mirrored(f), int(r.integers(0, 30))),
        '64 px': lambda f, o, m, r: shrunk(f, 64 if fit else 70),
        '64 px blown up': lambda f, o, m, r: blown_up(f, 64, ways[int(r.integers(len(ways)))]),
        'squashed': lambda f, o, m, r: squash(f, 1, r.uniform(0.45, 0.6) if fit else 0.5),
        'squashed across': lambda f, o, m, r: squash(f, r.uniform(0.45, 0.6) if fit else 0.5, 1),
        'strong blur': lambda f, o, m, r: blurred(f, r.uniform(3, 6) if fit else r.choice([3.0, 4.0, 5.0, 8.0])),
        '12 grey levels': lambda f, o, m, r: posterised(f, 12),
        'JPEG 10': lambda f, o, m, r: recoded(f, 10),
        'lines across': lambda f, o, m, r: lined(f, 20, 6), 'smeared': lambda f, o, m, r: smeared(f, 10),
        'sharpened': lambda f, o, m, r: sharpened(f, 5),
    }


# kind → function: films that should still be answered, perhaps with a warning
HARMLESS = {
    'mirrored': lambda f, r: mirrored(f), 'upside down': lambda f, r: quarter_turns(f, 2),
    'on its side': lambda f, r: quarter_turns(f, 1), 'inverted': lambda f, r: inverted(f),
    'turned 20°': lambda f, r: rotate(f, 20 * r.choice([-1, 1])),
    'framed': lambda f, r: framed(f, int(r.integers(0, 256))), 'collimated': lambda f, r: collimated(f),
    'labelled': lambda f, r: labelled(f), 'brighter': lambda f, r: relevelled(f, brightness=1.3),
    'darker': lambda f, r: relevelled(f, brightness=0.6), 'little contrast': lambda f, r: relevelled(f, contrast=0.5),
    'gamma 0.6': lambda f, r: relevelled(f, gamma=0.6), 'gamma 1.6': lambda f, r: relevelled(f, gamma=1.6),
    'JPEG 50': lambda f, r: recoded(f, 50), 'noise 4': lambda f, r: noisy(f, 4), '200 px': lambda f, r: shrunk(f, 200),
    'blur 1': lambda f, r: blurred(f, 1.0), 'screen shot of a viewer': viewer, 'photograph of a light box': light_box,
}
