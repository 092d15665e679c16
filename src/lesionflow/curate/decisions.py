"""What people decided over photos: data/decisions.csv, keyed by content, so that a decision outlives a new scrape.

A row says `decision`, `sha256` and, where it needs them, `other` (a second photo), `label` and `note`:

not_duplicate   sha256 and other show different things: they are neither joined nor kept in one leakage group.
keep_both       they do show the same, and both count; they stay in one leakage group.
keep_one        sha256 stands for other, which is dropped, whatever its label.
relabel         sha256 has this label.
drop            sha256 is not used.
confirm         sha256 is right as it is: it is not listed for review again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NoReturn

from lesionflow.errors import LesionflowError

FILE = "decisions.csv"
COLUMNS = ("decision", "sha256", "other", "label", "note")


class Decision(StrEnum):
    """The words of the column `decision`."""

    NOT_DUPLICATE = "not_duplicate"
    KEEP_BOTH = "keep_both"
    KEEP_ONE = "keep_one"
    RELABEL = "relabel"
    DROP = "drop"
    CONFIRM = "confirm"


PAIRED = (Decision.NOT_DUPLICATE, Decision.KEEP_BOTH, Decision.KEEP_ONE)
Pair = tuple[str, str]


@dataclass(frozen=True)
class Decisions:
    """The decisions by kind; pairs hold the smaller sha256 first, but for `instead`: dropped to kept."""

    not_duplicate: frozenset[Pair] = frozenset()
    keep_both: frozenset[Pair] = frozenset()
    instead: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()

    def photos(self) -> set[str]:
        """Every photo that some decision names."""
        paired = {sha256 for pair in self.not_duplicate | self.keep_both for sha256 in pair}
        return paired | {*self.instead, *self.instead.values(), *self.labels} | self.dropped | self.confirmed

    def reviewed(self) -> set[str]:
        """Photos whose label a person has looked at."""
        return {*self.labels} | self.confirmed | self.dropped


def collect(
    path: Path, header: Iterable[str], rows: Iterable[tuple[int, Mapping[str, str]]], labels: set[str]
) -> Decisions:
    """The decisions in the rows of a file.

    Parameters
    ----------
    path : the file, for messages.
    rows : line and cells by column (see `ingest.csvrows.read`).
    labels : the classes that a photo may be given.

    Raises
    ------
    LesionflowError : a column too few or too many, an unknown decision, label or hash, a missing partner, or two rows
        that contradict each other; the message names the row.
    """
    names = list(header)
    if not {"decision", "sha256"} <= set(names) or not set(names) <= set(COLUMNS):
        expected = f"decision and sha256, and of {', '.join(COLUMNS[2:])} those that are needed"
        raise LesionflowError(f"{path}: header", got=", ".join(names), expected=expected, remedy="Mend the header.")
    return _collected([_Row(f"{path}: row {line}", cells, labels) for line, cells in rows])


class _Row:
    """One checked row."""

    def __init__(self, where: str, cells: Mapping[str, str], labels: set[str]) -> None:
        self.where = where
        values = {name: cells.get(name, "") for name in COLUMNS}
        self.decision = self._word(values["decision"])
        self.sha256 = self._hash("sha256", values["sha256"])
        self.other = self._hash("other", values["other"]) if self.decision in PAIRED else ""
        self.label = values["label"]
        if self.other == self.sha256:
            self.refuse("sha256 and other", self.sha256, "two photos")
        if self.decision == Decision.RELABEL and self.label not in labels:
            self.refuse("label", repr(self.label), f"a class of data/taxonomy.yaml: {', '.join(sorted(labels))}")

    @property
    def pair(self) -> Pair:
        return min(self.sha256, self.other), max(self.sha256, self.other)

    def refuse(self, what: str, got: str, expected: str) -> NoReturn:
        raise LesionflowError(f"{self.where}: {what}", got=got, expected=expected, remedy="Mend the row.")

    def _word(self, text: str) -> Decision:
        if text not in set(Decision):
            self.refuse("decision", repr(text), f"one of {', '.join(Decision)}")
        return Decision(text)

    def _hash(self, name: str, text: str) -> str:
        if len(text) != 64 or set(text) - set("0123456789abcdef"):
            self.refuse(name, repr(text), "the sha256 of a photo, 64 hexadecimal digits, as in reports/conflicts.csv")
        return text


def _collected(rows: list[_Row]) -> Decisions:
    _refuse_contradictions(rows)
    chosen = {word: [row for row in rows if row.decision == word] for word in Decision}
    return Decisions(
        not_duplicate=frozenset(row.pair for row in chosen[Decision.NOT_DUPLICATE]),
        keep_both=frozenset(row.pair for row in chosen[Decision.KEEP_BOTH]),
        instead={row.other: row.sha256 for row in chosen[Decision.KEEP_ONE]},
        labels={row.sha256: row.label for row in chosen[Decision.RELABEL]},
        dropped=frozenset(row.sha256 for row in chosen[Decision.DROP]),
        confirmed=frozenset(row.sha256 for row in chosen[Decision.CONFIRM]),
    )


def _refuse_contradictions(rows: list[_Row]) -> None:
    """Of one pair there is one decision, of one photo one label, and a photo that stands for others is not dropped."""
    told: dict[tuple[str, object], tuple[str, _Row]] = {}
    for row in rows:
        for subject, says in _claims(row):
            before = told.setdefault(subject, (says, row))
            if before[0] != says:
                row.refuse(
                    "contradicts an earlier row", says, f"as {before[1].where.split(': ')[-1]} says: {before[0]}"
                )


def _claims(row: _Row) -> list[tuple[tuple[str, object], str]]:
    """What a row says of which subject, in words that two rows must not differ in."""
    if row.decision in PAIRED:
        pair = f"{row.decision} {row.sha256}" if row.decision == Decision.KEEP_ONE else str(row.decision)
        claims: list[tuple[tuple[str, object], str]] = [(("pair", row.pair), pair)]
        if row.decision == Decision.KEEP_ONE:
            claims += [(("fate", row.sha256), "kept"), (("fate", row.other), "dropped")]
        return claims
    if row.decision == Decision.RELABEL:
        return [(("label", row.sha256), row.label), (("fate", row.sha256), "kept")]
    return [(("fate", row.sha256), "dropped" if row.decision == Decision.DROP else "kept")]
