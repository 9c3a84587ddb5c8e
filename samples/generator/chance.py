"""Streams of random numbers. Each part of a picture has its own, so that a change in one part leaves the others as they were."""

from zlib import crc32

import numpy as np


def stream(*names):
    """The generator of these names: numbers and words that say whose numbers they are."""
    return np.random.default_rng([name if isinstance(name, int) else crc32(name.encode()) for name in names])


def pick(chance, choices):
    return choices[int(chance.integers(len(choices)))]


def happens(chance, share):
    return bool(chance.random() < share)


def between(chance, low, high):
    return float(chance.uniform(low, high))


def digits(chance, count):
    return "".join(str(digit) for digit in chance.integers(0, 10, count))
