"""The study's warning signs, read from a training: memorising, and classes that collapse (arXiv 2509.04800)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lesionflow.learn.head import Classes

MEMORISED, WITHIN, FLAT = 0.95, 10, 0.01
"""Training accuracy reached within so many epochs, while validation accuracy gained less than `FLAT`."""
FEW = 150
"""Training photos of a class; the study saw classes below collapse."""


def memorising(history: pd.DataFrame) -> bool:
    """Whether training accuracy reached 95 % within 10 epochs while validation accuracy stood still.

    Still: from the epoch half way there on, to the last one, its best exceeds what it was half way by less than 0.01.
    """
    early = history[(history["epoch"] <= WITHIN) & (history["train_accuracy"] >= MEMORISED)]
    if early.empty:
        return False
    later = history.loc[history["epoch"] >= (early["epoch"].iloc[0] + 1) // 2, "val_accuracy"]
    return bool(later.max() - later.iloc[0] < FLAT)


def collapsed(trained_on: Classes, actual: Classes, predicted: Classes, labels: Sequence[str]) -> list[str]:
    """The classes of fewer than 150 training photos of which no validation photo is recognised."""
    photos = np.bincount(trained_on, minlength=len(labels))
    seen, right = set(actual.tolist()), set(actual[actual == predicted].tolist())
    return [label for place, label in enumerate(labels) if photos[place] < FEW and place in seen - right]


def accuracies(*, train: float, val: float) -> dict[str, Any]:
    """Accuracies of the head that is kept (0-1), and the gap between them."""
    figures = {"train_accuracy": train, "val_accuracy": val, "train_val_gap": train - val}
    return {name: round(value, 6) for name, value in figures.items()}
