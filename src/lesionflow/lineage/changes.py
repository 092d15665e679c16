"""What a change of data did to the tables: rows and photos by class, source and licence, before and after."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

BY = {"label": "Class", "source": "Source", "licence": "Licence"}


@dataclass(frozen=True)
class Counts:
    """Rows of a value (a class, a source, a licence) before and after."""

    value: str
    before: int
    after: int


@dataclass(frozen=True)
class Changes:
    """Rows of the manifest that are new, gone or other than before, and counts of those there were and are.

    `by` holds, for each of BY, the values whose counts changed; `splits` photos in train, val and test.
    """

    added: int
    removed: int
    changed: int
    before: int
    after: int
    by: Mapping[str, tuple[Counts, ...]]
    splits: tuple[Counts, ...]
    left_test: int


def between(before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame]) -> Changes:
    """Tables manifest and split of two runs; a table that was not there is empty."""
    (old, new), (old_split, new_split) = ((before[name], after[name]) for name in ("manifest", "split"))
    kept = old.merge(new, on="record_id", suffixes=("_before", ""))
    told = ("label", "url", "source", "licence", "group")
    other = pd.concat([_differs(kept[f"{name}_before"], kept[name]) for name in told], axis=1).any(axis=1)
    tested, tests = (set(one.loc[one["split"] == "test", "sha256"]) for one in (old_split, new_split))
    return Changes(
        added=len(new) - len(kept),
        removed=len(old) - len(kept),
        changed=int(other.sum()),
        before=len(old),
        after=len(new),
        by={name: tuple(one for one in _counts(old[name], new[name]) if one.before != one.after) for name in BY},
        splits=tuple(_counts(old_split["split"], new_split["split"])),
        left_test=len(tested - tests),
    )


def _differs(first: "pd.Series[str]", second: "pd.Series[str]") -> "pd.Series[bool]":
    return (first != second) & ~(first.isna() & second.isna())


def _counts(before: "pd.Series[str]", after: "pd.Series[str]") -> list[Counts]:
    old, new = before.value_counts(), after.value_counts()
    return [
        Counts(str(value), int(old.get(value, 0)), int(new.get(value, 0))) for value in sorted({*old.index, *new.index})
    ]
