"""Several classifiers joined into one: their log-probabilities averaged, then adjusted anew on validation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax, softmax

from lesionflow import scaling
from lesionflow.errors import LesionflowError
from lesionflow.learn import selection, signs
from lesionflow.learn.head import Features


@dataclass(frozen=True)
class Join:
    """Probabilities (photos, classes) in the order of the first table's rows, and what is reported of the joining."""

    probabilities: Features
    told: dict[str, Any]


def join(tables: Sequence[pd.DataFrame], cards: Sequence[Mapping[str, Any]]) -> Join:
    """Join the predictions of classifiers, each with the card of its head.

    Each one's own adjustment is undone first, and one for all is chosen by the trade and taus of the first's recipe.

    Raises
    ------
    LesionflowError : they predict other photos, classes, or parts than each other.
    """
    first, card = tables[0], cards[0]
    _refuse_unlike(tables, cards)
    logits = _mean([np.stack(table["probabilities"].to_list()) for table in tables], cards)
    actual, val = first["class_id"].to_numpy(dtype=np.int64), (first["split"] == "val").to_numpy()
    prior, taus, trade = _prior(card), tuple(card.get("taus", ())), card.get("trade", 0.5)
    tau, score = selection.adjustment(logits[val], actual[val], prior, taus, trade=trade)
    adjusted = selection.adjusted(logits, prior, tau)
    clinical = list(dict.fromkeys(name for one in cards for name in one.get("clinical", ())))
    told = {
        "joined": [one["model"] for one in cards],
        "clinical": clinical,
        "trade": trade,
        "tau": tau,
        "val_score": round(score, 6),
    }
    right, train = adjusted.argmax(axis=1) == actual, (first["split"] == "train").to_numpy()
    told |= signs.accuracies(train=float(right[train].mean()), val=float(right[val].mean()))
    told["collapsed"] = signs.collapsed(actual[train], actual[val], adjusted[val].argmax(axis=1), card["labels"])
    return Join(_probabilities(adjusted), told)


def probabilities(each: Sequence[Features], cards: Sequence[Mapping[str, Any]], tau: float) -> Features:
    """What classifiers answer together (photos, classes), by the tau that `join` chose for them.

    Parameters
    ----------
    each : their probabilities (photos, classes), each with its own adjustment.
    cards : of their heads.
    """
    return _probabilities(selection.adjusted(_mean(each, cards), _prior(cards[0]), tau))


def _refuse_unlike(tables: Sequence[pd.DataFrame], cards: Sequence[Mapping[str, Any]]) -> None:
    keys = ["sha256", "split", "class_id"]
    for table, card in zip(tables, cards, strict=True):
        same = len(table) == len(tables[0]) and (table[keys].to_numpy() == tables[0][keys].to_numpy()).all()
        if not same or card["labels"] != cards[0]["labels"]:
            raise LesionflowError(
                f"joining {cards[0]['model']} and {card['model']}",
                got="predictions of other photos, parts or classes",
                expected="the same photos, parts and classes",
                remedy="Run `dvc repro evaluate`.",
            )


def shares(card: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """The shares of the classes (classes,) among a head's training photos, in the order of its labels."""
    counts = np.array([card["class_photos"][label] for label in card["labels"]], dtype=float)
    return np.asarray(counts / counts.sum())


def _prior(card: Mapping[str, Any]) -> Features:
    return np.asarray(np.log(shares(card)), dtype=np.float32)


def _mean(each: Sequence[Features], cards: Sequence[Mapping[str, Any]]) -> Features:
    found = [_unadjusted(one, card) for one, card in zip(each, cards, strict=True)]
    return np.asarray(np.mean(found, axis=0))


def _unadjusted(probabilities: Features, card: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Log-probabilities before the classifier's own adjustment, up to a constant a photo."""
    # None is 0, or its logarithm would let one classifier overrule the others.
    logits = np.log(probabilities.astype(float).clip(scaling.LOWEST))
    return np.asarray(log_softmax(logits + card["tau"] * _prior(card), axis=1))


def _probabilities(logits: npt.NDArray[Any]) -> Features:
    return np.asarray(softmax(logits, axis=1), dtype=np.float32)
