"""Probabilities whose temperature is known."""

import numpy as np
from scipy.special import softmax


def drawn_from(probabilities, rng):
    """Truths drawn as the probabilities say."""
    return (probabilities.cumsum(axis=1) > rng.random((len(probabilities), 1))).argmax(axis=1)


def made(temperature, photos=4000, seed=0):
    """Probabilities that are `temperature` times as sure as they should be, and their truth."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (photos, 3))
    return softmax(logits * temperature, axis=1), drawn_from(softmax(logits, axis=1), rng)
