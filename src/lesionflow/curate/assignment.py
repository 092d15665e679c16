"""Leakage groups to parts: by a fixed place of each group, corrected only where a class misses its shares."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array

from lesionflow import seeding

Reals = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
FREE = -1
"""In place of a part's number: this group may lie in any part."""
BLOCK = 256  # moves that are weighed at once


class Groups(NamedTuple):
    """Leakage groups by name, sorted; their photos by class, (groups, classes); their places, each in [0, 1)."""

    names: pd.Index
    photos: csr_array
    places: Reals


class Assigned(NamedTuple):
    """The number of each group's part, and whether the group was moved there from where its place says."""

    part: Whole
    moved: npt.NDArray[np.bool_]


def groups(rows: pd.DataFrame, *, seed: int) -> Groups:
    """The groups of rows (columns group and class_id); a place is a seeded hash of the group's name, no more."""
    numbers, names = pd.factorize(rows["group"], sort=True)
    classes = rows["class_id"].to_numpy()
    shape = (len(names), int(classes.max(initial=-1)) + 1)
    photos = csr_array((np.ones(len(rows), dtype=np.int64), (numbers, classes)), shape=shape)
    places = np.array([seeding.derive(seed, "split", name) for name in names], dtype=float) / 2**63
    return Groups(pd.Index(names), photos, places)


def assign(found: Groups, shares: Sequence[float], *, tolerance: float, fixed: Whole | None = None) -> Assigned:
    """Parts whose shares of each class lie within `tolerance` of `shares`, where the groups allow it.

    The parts divide [0, 1) by their shares, and a group lies where its place falls: that depends on no other group, so
    it stays there whatever is added. Where a class is off by more than the tolerance, or absent from a part, the groups
    whose places lie nearest to the part that lacks photos move to it, one at a time, as long as that brings all classes
    together nearer to the tolerance.

    Parameters
    ----------
    shares : of the parts, summing to 1.
    tolerance : 0-1, of a class's photos.
    fixed : the part of each group that must not move, `FREE` for the others.
    """
    edges = np.concatenate([[0.0], np.cumsum(shares)])
    home = np.searchsorted(edges[1:-1], found.places, side="right").astype(np.int64)
    free = np.ones(len(home), dtype=bool) if fixed is None else fixed == FREE
    part = home.copy() if fixed is None else np.where(free, home, fixed)
    state = _State(found, part, free, edges, tolerance)
    # Mending one class may unsettle another, through groups that hold both.
    while sum(state.mend(label) for label in range(found.photos.shape[1])):
        pass
    return Assigned(state.part, free & (state.part != home))


class _State:
    """Groups in parts, and the photos of each class in each part that follow from it."""

    def __init__(self, found: Groups, part: Whole, free: npt.NDArray[np.bool_], edges: Reals, tolerance: float) -> None:
        self.found, self.part, self.free, self.edges, self.tolerance = found, part, free, edges, tolerance
        self.shares = np.diff(edges)
        self.by_class = found.photos.tocsc()
        self.held = np.stack([found.photos[part == number].sum(axis=0) for number in range(len(self.shares))], axis=1)
        self.total = self.held.sum(axis=1)

    def excess(self, held: Reals, total: Reals) -> Reals:
        """How far classes lie beyond the tolerance, in shares, plus 1 for each part without the class.

        `held` is (..., classes, parts) photos of classes that have `total` (classes,) of them; returns (..., classes).
        """
        off = np.abs(held / total[:, None] - self.shares) - self.tolerance
        # What only rounding puts beyond the tolerance is within it.
        beyond = np.where(off > 1e-9, off, 0.0)
        result: Reals = (beyond + (held == 0)).sum(axis=-1)
        return result

    def mend(self, label: int) -> bool:
        """Move groups of one class as long as it helps; whether any moved."""
        column = slice(*self.by_class.indptr[label : label + 2])
        members, photos = self.by_class.indices[column], self.by_class.data[column]
        free = self.free[members]
        moved = False
        while self._off(label) and self._move_one(label, members[free], photos[free]):
            moved = True
        return moved

    def _off(self, label: int) -> bool:
        here = slice(label, label + 1)
        return bool(self.total[label]) and bool(self.excess(self.held[here], self.total[here]) > 0)

    def _move_one(self, label: int, members: Whole, photos: Whole) -> bool:
        for source, target in self._directions(label):
            inside = self.part[members] == source
            groups = members[inside]
            too_large = photos[inside] > (self.shares[source] + self.tolerance) * self.total[label]
            # What the source can never hold goes first; then the groups that lie nearest to the target.
            ordered = groups[np.lexsort((groups, self._distance(groups, target), ~too_large))]
            for start in range(0, len(ordered), BLOCK):
                block = ordered[start : start + BLOCK]
                helps = self._gain(block, source, target) > 1e-12
                if helps.any():
                    self._move(int(block[np.argmax(helps)]), source, target)
                    return True
        return False

    def _distance(self, groups: Whole, part: int) -> Reals:
        """How far the groups' places lie outside the part."""
        places = self.found.places[groups]
        away: Reals = np.maximum(self.edges[part] - places, places - self.edges[part + 1]).clip(min=0)
        return away

    def _directions(self, label: int) -> Iterator[tuple[int, int]]:
        """Pairs of parts, from the one with most too much of a class to the one with most too little first."""
        surplus = self.held[label] / self.total[label] - self.shares
        pairs = [(s, t) for s in range(len(surplus)) for t in range(len(surplus)) if surplus[s] > surplus[t]]
        yield from sorted(pairs, key=lambda pair: (surplus[pair[1]] - surplus[pair[0]], pair))

    def _gain(self, block: Whole, source: int, target: int) -> Reals:
        """How much nearer to the tolerance all classes are together after each one of the block's groups has moved."""
        photos = self.found.photos[block]
        touched = np.unique(photos.indices)
        moving = photos[:, touched].toarray()
        before, total = self.held[touched].astype(float), self.total[touched]
        after = np.repeat(before[None], len(block), axis=0)
        after[:, :, source] -= moving
        after[:, :, target] += moving
        gain: Reals = self.excess(before, total).sum() - self.excess(after, total).sum(axis=-1)
        return gain

    def _move(self, group: int, source: int, target: int) -> None:
        moving = self.found.photos[[group]].toarray()[0]
        self.held[:, source] -= moving
        self.held[:, target] += moving
        self.part[group] = target
