"""The ablation's cells side by side: each strategy minus frozen, on the same test photos, at each share of training.

A difference is the mean over seeds. Its interval comes from resamples of leakage groups that all cells share
(`intervals`), and of the seeds at the same time, so that it holds both sources of chance (the pigeonhole bootstrap:
Owen 2007, "The pigeonhole bootstrap"). With few seeds the second is uncertain itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lesionflow import seeding
from lesionflow.errors import LesionflowError
from lesionflow.evaluate import confusions, intervals, metrics, predictions
from lesionflow.evaluate.intervals import Reals

COMPARED = ("balanced_accuracy", "mcc", "accuracy")
FROZEN = "frozen"


class Cell(NamedTuple):
    """Strategy, share of the training photos in percent, and seed; written as full-10-0."""

    strategy: str
    share: int
    seed: int

    @property
    def name(self) -> str:
        """As `parse` reads it."""
        return f"{self.strategy}-{self.share}-{self.seed}"


def parse(name: str) -> Cell:
    """The cell of a name.

    Raises
    ------
    LesionflowError : no such name.

    >>> parse("lp_ft-10-0")
    Cell(strategy='lp_ft', share=10, seed=0)
    """
    strategy, *numbers = name.split("-")
    if not strategy or len(numbers) != 2 or not all(text.isdecimal() for text in numbers) or int(numbers[0]) > 100:
        raise LesionflowError(f"cell {name!r}", expected="<strategy>-<percent of the training photos>-<seed>")
    return Cell(strategy, int(numbers[0]), int(numbers[1]))


def cells(strategies: Sequence[str], shares: Sequence[int], seeds: Sequence[int]) -> list[Cell]:
    """All cells, those of the first seed first, and of a seed those of the smallest share."""
    return [Cell(way, share, seed) for seed in seeds for share in sorted(shares) for way in strategies]


def figures(
    tables: Mapping[Cell, pd.DataFrame], told: Mapping[Cell, Mapping[str, Any]], labels: Sequence[str]
) -> list[dict[str, Any]]:
    """A row a cell: strategy, share (0-1), seed, what is told of the training, and every test metric."""
    rows = []
    for cell, table in tables.items():
        measured = metrics.measure(*predictions.arrays(predictions.of_split(table, "test"), labels))
        of_test = {name: value for name, value in measured.items() if not name.startswith("malignant")}
        rows.append({"strategy": cell.strategy, "share": cell.share / 100, "seed": cell.seed, **told[cell], **of_test})
    return list(predictions.rounded(rows))


def compared(
    tables: Mapping[Cell, pd.DataFrame], labels: Sequence[str], *, count: int, confidence: float, seed: int
) -> list[dict[str, Any]]:
    """A row a strategy and share: `seeds`, and each figure's mean minus frozen's as value, low and high.

    Only seeds of which both cells are there count; a strategy and share without any has no row. A figure that is
    undefined in a cell is None, and so is an interval with a single test group.

    Parameters
    ----------
    tables : predictions by cell, in the order in which strategies are listed.
    count, confidence : resamples, and level of the intervals.

    Raises
    ------
    LesionflowError : the cells were not tested on the same photos.
    """
    tests = {cell: predictions.of_split(table, "test") for cell, table in tables.items()}
    if not tests:
        return []
    _refuse_other_photos(tests)
    groups = list(next(iter(tests.values()))["group"])
    drawn = intervals.resample(groups, count=count, seed=seed) if len(set(groups)) > 1 else None
    measured = {cell: _measured(test, labels, drawn) for cell, test in tests.items()}
    pairs = _pairs(measured)
    rows = []
    for (strategy, share), seeds in pairs.items():
        weights = _seed_weights(len(seeds), count=count, seed=seed)
        row: dict[str, Any] = {"strategy": strategy, "share": share / 100, "seeds": seeds}
        for name in COMPARED:
            both = [
                (measured[Cell(strategy, share, one)][name], measured[Cell(FROZEN, share, one)][name]) for one in seeds
            ]
            row[name] = _difference(both, weights, confidence=confidence)
        rows.append(row)
    return list(predictions.rounded(rows))


_Figure = tuple[float | None, Reals | None]


def _measured(test: pd.DataFrame, labels: Sequence[str], drawn: intervals.Resamples | None) -> dict[str, _Figure]:
    """Value and samples of each compared figure."""
    probabilities, class_id = predictions.arrays(test, labels)
    values = metrics.measure(probabilities, class_id)
    if drawn is None:
        return {name: (values[name], None) for name in COMPARED}
    samples = confusions.measure(drawn.confusions(class_id, metrics.predict(probabilities), len(labels)))
    return {name: (values[name], samples[name]) for name in COMPARED}


def _pairs(measured: Mapping[Cell, Any]) -> dict[tuple[str, int], list[int]]:
    """The seeds of which a strategy and frozen are there, by strategy and share."""
    found: dict[tuple[str, int], list[int]] = {}
    for cell in measured:
        if cell.strategy != FROZEN and cell._replace(strategy=FROZEN) in measured:
            found.setdefault((cell.strategy, cell.share), []).append(cell.seed)
    return {key: sorted(seeds) for key, seeds in found.items()}


def _seed_weights(seeds: int, *, count: int, seed: int) -> Reals:
    """How often each seed is drawn, as a share (resamples, seeds)."""
    generator = seeding.generator(seed, "bootstrap seeds")
    return generator.multinomial(seeds, np.full(seeds, 1 / seeds), size=count) / seeds


def _difference(
    both: Sequence[tuple[_Figure, _Figure]], weights: Reals, *, confidence: float
) -> dict[str, float | None]:
    """The mean over seeds of pairs (strategy, frozen), resampled by groups and seeds."""
    values = [mine - base for (mine, _), (base, _) in both if mine is not None and base is not None]
    samples = [mine - base for (_, mine), (_, base) in both if mine is not None and base is not None]
    value = float(np.mean(values)) if len(values) == len(both) else None
    resampled = (np.stack(samples, axis=1) * weights).sum(axis=1) if len(samples) == len(both) else None
    return intervals.estimate(value, resampled, confidence=confidence)


def _refuse_other_photos(tests: Mapping[Cell, pd.DataFrame]) -> None:
    first = next(iter(tests))
    wanted = tests[first]
    for cell, test in tests.items():
        if list(test["sha256"]) != list(wanted["sha256"]):
            raise LesionflowError(
                f"predictions of cell {cell.name}",
                got=f"{len(test)} test photos, not those of {first.name}",
                expected=f"the same {len(wanted)} photos",
                remedy="Run `make ablation`.",
            )
