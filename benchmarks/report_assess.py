"""Answer the films of a table the report's way: one process, a new MediaPipe a film, Keras in eager mode.

The network and its six looks are those of `boneage assess --model small`, so that only the way differs. Prints how many
were answered.
"""
import os
import sys

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np
import pandas as pd

import report_way
from boneage.catalog import bundled_weights, network_inputs
from boneage.films.changes import FIXED_VIEWS, fixed_view
from boneage.model import load_model

SIZE = 320  # pixels a look of that network


def main(table):
    network, ages = load_model(bundled_weights('small')), []
    for film in pd.read_csv(table).itertuples():
        picture, _ = report_way.picture_of(film.path)
        looks = np.stack([fixed_view(picture, view, SIZE) for view in FIXED_VIEWS])
        inputs = network_inputs(looks, np.full(len(looks), film.sex == 'M'))
        ages.append(float(np.mean(network(inputs, training=False))))
    print(np.isfinite(ages).sum())


if __name__ == '__main__': main(sys.argv[1])
