"""The three ways to divide groups: by shares of each class, with one source held out as test, or by folds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from lesionflow.curate import assignment
from lesionflow.curate.assignment import FREE, Groups, Whole
from lesionflow.curate.settings import SplitParams
from lesionflow.errors import LesionflowError

PARTS = ("train", "val", "test")
# Test has the lowest places, then val: the order in which the parts divide [0, 1).
BY_PLACE = ("test", "val", "train")


class Chosen(NamedTuple):
    """The part of each group by its name, and how many groups were moved from their place for the shares' sake."""

    part: pd.Series
    moved: int


def by_shares(groups: Groups, settings: SplitParams, *, frozen: pd.Series) -> Chosen:
    """Each class at the shares asked for; groups named in `frozen` keep the part that it says."""
    asked = settings.asked()
    numbers = frozen.reindex(groups.names).map(BY_PLACE.index, na_action="ignore").fillna(FREE)
    fixed: Whole = numbers.to_numpy().astype(np.int64)
    found = assignment.assign(groups, [asked[part] for part in BY_PLACE], tolerance=settings.tolerance, fixed=fixed)
    return _chosen(groups.names, np.array(BY_PLACE, dtype=object)[found.part], int(found.moved.sum()))


def by_source(groups: Groups, settings: SplitParams, *, sources: pd.DataFrame) -> Chosen:
    """The held-out source is test, whole groups that it has a row of included; the others by shares.

    Parameters
    ----------
    sources : group and source of every row that may tie groups to sources, also of rows that are not learned.

    Raises
    ------
    LesionflowError : the source is unknown, the only one, or tied to every group.
    """
    held = np.isin(groups.names, sources.loc[sources["source"] == settings.held_out_source, "group"])
    names = sorted(set(sources.loc[sources["group"].isin(groups.names), "source"]))
    if settings.held_out_source not in names or held.all():
        raise LesionflowError(
            f"split: source {settings.held_out_source!r} cannot be held out",
            got=f"{int(held.sum())} of {len(held)} leakage groups hold photos of it; sources: {', '.join(names)}",
            expected="a source that is test, and groups of other sources to train on",
            remedy="Set curate.split.held_out_source in params.yaml to one of several sources, or scheme to shares.",
        )
    asked = settings.asked()
    order = [part for part in BY_PLACE if part in asked]
    others = Groups(groups.names[~held], groups.photos[~held], groups.places[~held])
    found = assignment.assign(others, [asked[part] for part in order], tolerance=settings.tolerance)
    part = np.full(len(held), "test", dtype=object)
    part[~held] = np.array(order, dtype=object)[found.part]
    return _chosen(groups.names, part, int(found.moved.sum()))


def by_folds(groups: Groups, settings: SplitParams, *, labels: Sequence[str]) -> Chosen:
    """Fold `fold` is test, the next one val, the others train; the folds are the same for each `fold`.

    Parameters
    ----------
    labels : by class_id.

    Raises
    ------
    LesionflowError : a class is in fewer groups than there are folds, or absent from a fold.
    """
    count = settings.folds
    _refuse_few_groups(groups, labels, count)
    found = assignment.assign(groups, [1 / count] * count, tolerance=settings.tolerance)
    for fold in range(count):
        absent = groups.photos[found.part == fold].sum(axis=0) == 0
        if absent.any():
            raise _few(f"no photo of {labels[int(np.argmax(absent))]} in fold {fold} of {count}", got="", count=count)
    turned = (found.part - settings.fold) % count
    part = np.array(["test", "val", *["train"] * (count - 2)], dtype=object)[turned]
    return _chosen(groups.names, part, int(found.moved.sum()))


def _refuse_few_groups(groups: Groups, labels: Sequence[str], count: int) -> None:
    held = (groups.photos > 0).sum(axis=0)
    few = {label: int(number) for label, number in zip(labels, held, strict=True) if number < count}
    if few:
        got = ", ".join(f"{label} in {number}" for label, number in few.items())
        raise _few(f"{count} folds of too few leakage groups", got=f"{got} leakage groups", count=count)


def _few(what: str, *, got: str, count: int) -> LesionflowError:
    return LesionflowError(
        f"split: {what}",
        got=got,
        expected=f"every kept class in at least {count} groups, so that each fold has some",
        remedy="Lower curate.split.folds, or raise curate.classes.min_groups in params.yaml.",
    )


def _chosen(names: pd.Index, part: "np.ndarray[tuple[int], np.dtype[np.object_]]", moved: int) -> Chosen:
    return Chosen(pd.Series(part, index=names, dtype=object), moved)
