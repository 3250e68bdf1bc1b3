"""Scans with something bright in them, and how labels are compared with it."""

import numpy as np


def scan(shape=(64, 64)):
    image = np.full(shape, 10, np.uint8)
    image[shape[0] // 4 : shape[0] // 2, shape[1] // 4 : 3 * shape[1] // 4] = 200
    return image


def deep(shape=(7, 15, 12)):
    volume = np.zeros(shape, np.uint8)
    volume[tuple(slice(n // 3, 2 * n // 3 + 1) for n in shape)] = 200
    return volume


def agreement(labels, wanted):
    return 2 * (labels & wanted).sum() / (labels.sum() + wanted.sum())
