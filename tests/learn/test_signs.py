import numpy as np
import pandas as pd
import pytest

from lesionflow.learn import signs


def history(train, val):
    return pd.DataFrame({"epoch": range(1, len(train) + 1), "train_accuracy": train, "val_accuracy": val})


@pytest.mark.parametrize(
    ("train", "val", "found"),
    [
        ([0.6, 0.8, 0.9, 0.96], [0.5, 0.60, 0.60, 0.609], True),  # half way, at epoch 2, 0.60; then less than 0.01 more
        ([0.6, 0.8, 0.9, 0.96], [0.5, 0.60, 0.60, 0.62], False),  # validation still learns
        ([0.6, 0.8, 0.9, 0.94], [0.5, 0.60, 0.60, 0.60], False),  # never at 95 %
        ([0.5] * 10 + [0.96], [0.5] * 11, False),  # only in epoch 11
        ([0.95], [0.4], True),  # at once
        ([0.99, 0.99, 0.99], [0.4, 0.5, 0.6], False),  # at once, and validation still learns afterwards
        ([0.96, 0.99, 0.99], [0.6, 0.5, 0.4], True),
    ],
)
def test_memorising_is_95_percent_within_10_epochs_while_validation_stands_still(train, val, found):
    assert signs.memorising(history(train, val)) is found


def test_collapsed_is_a_class_of_few_photos_that_validation_never_recognises():
    trained = np.repeat([0, 1, 2, 3], [150, 149, 10, 10])
    actual, predicted = np.array([0, 1, 1, 2, 2]), np.array([1, 0, 2, 0, 2])
    # Class 0 has 150 photos, 1 has fewer and no hit, 2 has a hit, 3 no validation photo.
    assert signs.collapsed(trained, actual, predicted, list("abcd")) == ["b"]


def test_accuracies_come_with_their_gap():
    assert signs.accuracies(train=0.9, val=0.65) == {"train_accuracy": 0.9, "val_accuracy": 0.65, "train_val_gap": 0.25}
