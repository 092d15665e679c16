"""Whether the features of a photo tell where it comes from: what a model may learn in place of the disease."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lesionflow import seeding
from lesionflow.evaluate import confusions, intervals
from lesionflow.evaluate.predictions import rounded
from lesionflow.evaluate.settings import EvaluateParams

MOST = 4000
"""Training photos of the probe; more tell no more, and take long."""
FEWEST = 10
"""Photos of a source, in train and in test, below which nothing is said of it."""
STRENGTH = 0.01
"""scikit-learn's C: features outnumber photos, so the probe is held back strongly."""


def measure(
    features: npt.NDArray[np.float32], rows: pd.DataFrame, settings: EvaluateParams, *, seed: int
) -> dict[str, Any] | None:
    """Balanced accuracy on test of a linear probe for the source, and of guessing it from the true class alone.

    None where fewer than two sources have photos enough. `by_class` above `chance` means that sources differ in their
    classes, so that a model gains from telling sources apart.

    Parameters
    ----------
    features : (photos, width), in the order of `rows`.
    rows : split, source, label and group.
    """
    parts = {name: ((rows["split"] == name) & rows["source"].notna()).to_numpy() for name in ("train", "test")}
    sources = _sources(rows, parts)
    if len(sources) < 2:
        return None
    named = rows["source"].isin(sources).to_numpy()
    train, test = (np.flatnonzero(parts[name] & named) for name in ("train", "test"))
    if len(train) > MOST:
        train = np.sort(seeding.generator(seed, "origin").choice(train, MOST, replace=False))
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=500))
    probe.fit(features[train], rows["source"].to_numpy()[train])
    guessed = _by_class(rows.iloc[train], rows.iloc[test], sources)
    found = {"sources": len(sources), "photos": len(test), "chance": 1 / len(sources)}
    answers = {"balanced_accuracy": probe.predict(features[test]), "by_class": guessed}
    told = {name: _estimate(rows.iloc[test], some, sources, settings, seed=seed) for name, some in answers.items()}
    return rounded(found | told)  # type: ignore[no-any-return]


def _sources(rows: pd.DataFrame, parts: dict[str, npt.NDArray[np.bool_]]) -> list[str]:
    counts = [rows.loc[part, "source"].value_counts() for part in parts.values()]
    return sorted(set.intersection(*(set(one[one >= FEWEST].index) for one in counts)))


def _by_class(train: pd.DataFrame, test: pd.DataFrame, sources: Sequence[str]) -> npt.NDArray[Any]:
    """The source that holds the largest share of its own photos in the photo's class."""
    shares = pd.crosstab(train["label"], train["source"], normalize="columns").reindex(columns=list(sources))
    best = shares.idxmax(axis=1)
    return np.asarray([best.get(label, sources[0]) for label in test["label"]], dtype=object)


def _estimate(
    test: pd.DataFrame, answers: npt.NDArray[Any], sources: Sequence[str], settings: EvaluateParams, *, seed: int
) -> dict[str, float | None]:
    places = {source: place for place, source in enumerate(sources)}
    actual, predicted = (np.array([places[one] for one in some], dtype=np.int64) for some in (test["source"], answers))
    samples = None
    if len(set(test["group"])) > 1:
        drawn = intervals.resample(list(test["group"]), count=settings.bootstrap, seed=seed)
        samples = confusions.measure(drawn.confusions(actual, predicted, len(sources)))["balanced_accuracy"]
    value = float(balanced_accuracy_score(actual, predicted))
    return intervals.estimate(value, samples, confidence=settings.confidence)
