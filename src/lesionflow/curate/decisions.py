"""What people decided over photos: data/decisions.csv, keyed by content, so that a decision outlives a new scrape.

A row says `decision`, `sha256` and, where it needs them, `other` (a second photo), `label` and `note`:

not_duplicate   sha256 and other show different things: they are neither joined nor kept in one leakage group.
keep_both       they do show the same, and both count; they stay in one leakage group.
keep_one        sha256 stands for other, which is dropped, whatever its size and label.
relabel         sha256 has this label, and so have its copies.
drop            sha256 is not used.
confirm         sha256 is right as it is: its label holds for its copies too. It is not listed for review again.

A decision over a pair waits, as if unsaid, until both photos are there and usable; the pair need not be one that the
search proposes. It speaks of these two photos alone. What is not_duplicate or keep_both never lies in one cluster,
whatever other photos join the two: a copy of both goes with the one that it resembles more. But it still joins them in
one leakage group, as does their patient; only not_duplicate with that copy undoes it. A photo stands for whatever its
`other` stood for. A dropped photo joins no cluster, but still joins leakage groups. Copies to which people gave
different labels are in conflict, as those to which sources did.
"""

from collections.abc import Callable, Iterable, Mapping
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
Rows = Iterable[tuple[int, Mapping[str, str]]]
"""Line and cells by column, of each row of a file."""


@dataclass(frozen=True)
class Decisions:
    """The decisions by kind. Pairs hold the smaller sha256 first, but for `keep_one`: kept, then dropped."""

    not_duplicate: frozenset[Pair] = frozenset()
    keep_both: frozenset[Pair] = frozenset()
    keep_one: frozenset[Pair] = frozenset()
    labels: dict[str, str] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    confirmed: frozenset[str] = frozenset()

    def photos(self) -> set[str]:
        """Every photo that some decision names."""
        paired = {sha256 for pair in self.not_duplicate | self.keep_both | self.keep_one for sha256 in pair}
        return paired | {*self.labels} | self.dropped | self.confirmed

    def reviewed(self) -> set[str]:
        """Photos whose label a person has looked at."""
        return {*self.labels} | self.confirmed | self.dropped

    def apart(self) -> frozenset[Pair]:
        """Pairs of photos that do not stand for each other."""
        return self.not_duplicate | self.keep_both

    def replaced(self, present: set[str]) -> dict[str, str]:
        """The photos for which others stand, and one that does; decisions over photos not `present` wait."""
        return {other: sha256 for sha256, other in sorted(self.keep_one) if present.issuperset((sha256, other))}


def load(path: Path, read: Callable[[Path], tuple[list[str], Rows]], labels: set[str]) -> Decisions:
    """The decisions in a file; none without the file.

    Parameters
    ----------
    read : `ingest.csvrows.read`, which a stage brings, since rooms do not import each other.
    labels : the classes that a photo may be given.

    Raises
    ------
    LesionflowError : see `collect` and `ingest.csvrows.read`.
    """
    return collect(path, *read(path), labels) if path.exists() else Decisions()


def collect(path: Path, header: Iterable[str], rows: Rows, labels: set[str]) -> Decisions:
    """The decisions in the rows of a file.

    Parameters
    ----------
    path : the file, for messages.
    labels : the classes that a photo may be given.

    Raises
    ------
    LesionflowError : a column missing, twice or unknown; an unknown decision, label or hash, a missing partner, or two
        rows that contradict each other; the message names the row.
    """
    names = list(header)
    if not {"decision", "sha256"} <= set(names) or not set(names) <= set(COLUMNS) or len(names) != len(set(names)):
        expected = f"decision and sha256, and of {', '.join(COLUMNS[2:])} those that are needed, each once"
        raise LesionflowError(f"{path}: header", got=", ".join(names), expected=expected, remedy="Mend the header.")
    return _collected([_Row(f"{path}: row {line}", cells, labels) for line, cells in rows])


class _Row:
    """One checked row."""

    def __init__(self, where: str, cells: Mapping[str, str], labels: set[str]) -> None:
        self.where = where
        values = {name: cells.get(name, "") for name in COLUMNS}
        self.decision = self._word(values["decision"])
        self.sha256 = self._hash("sha256", values["sha256"])
        self.other, self.label = values["other"], values["label"]
        if self.decision in PAIRED:
            self.other = self._hash("other", self.other)
        elif self.other:
            self.refuse("other", repr(self.other), f"nothing: {self.decision} is said of one photo")
        if self.other == self.sha256:
            self.refuse("sha256 and other", self.sha256, "two photos")
        if self.decision == Decision.RELABEL and self.label not in labels:
            self.refuse("label", repr(self.label), f"a class of data/taxonomy.yaml: {', '.join(sorted(labels))}")
        if self.decision != Decision.RELABEL and self.label:
            self.refuse("label", repr(self.label), f"nothing: only relabel gives a label, not {self.decision}")

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
    _refuse_circles(chosen[Decision.KEEP_ONE])
    return Decisions(
        not_duplicate=frozenset(row.pair for row in chosen[Decision.NOT_DUPLICATE]),
        keep_both=frozenset(row.pair for row in chosen[Decision.KEEP_BOTH]),
        keep_one=frozenset((row.sha256, row.other) for row in chosen[Decision.KEEP_ONE]),
        labels={row.sha256: row.label for row in chosen[Decision.RELABEL]},
        dropped=frozenset(row.sha256 for row in chosen[Decision.DROP]),
        confirmed=frozenset(row.sha256 for row in chosen[Decision.CONFIRM]),
    )


def _refuse_contradictions(rows: list[_Row]) -> None:
    """Two rows say nothing different of one subject."""
    told: dict[tuple[str, object], tuple[str, _Row]] = {}
    for row in rows:
        for subject, says in _claims(row):
            before = told.setdefault(subject, (says, row))
            if before[0] != says:
                earlier = before[1].where.split(": ")[-1]
                row.refuse("contradicts an earlier row", says, f"as {earlier} says: {before[0]}")


def _claims(row: _Row) -> list[tuple[tuple[str, object], str]]:
    """What a row says of which subject, in words that two rows must not differ in."""
    one, two = row.sha256, row.other
    used, counts = f"{one} is used", f"{one} counts beside its copies"
    match row.decision:
        case Decision.NOT_DUPLICATE:
            return [(("pair", row.pair), f"{row.pair[0]} and {row.pair[1]} are different")]
        case Decision.KEEP_BOTH:
            both = f"{row.pair[0]} and {row.pair[1]} both count"
            also = [(("use", two), f"{two} is used"), (("copy", two), f"{two} counts beside its copies")]
            return [(("pair", row.pair), both), (("use", one), used), (("copy", one), counts), *also]
        case Decision.KEEP_ONE:
            stands = f"{one} stands for {two}"
            return [(("pair", row.pair), stands), (("use", one), used), (("copy", two), f"another stands for {two}")]
        case Decision.RELABEL:
            return [(("label", one), f"{one} is {row.label}"), (("use", one), used)]
        case Decision.CONFIRM:
            return [(("label", one), f"{one} is right as it is"), (("use", one), used)]
        case Decision.DROP:
            return [(("use", one), f"{one} is not used")]


def _refuse_circles(rows: list[_Row]) -> None:
    """Of photos that stand for each other in a circle, none would be left."""
    stands_for: dict[str, set[str]] = {}
    for row in rows:
        reached, waiting = {row.other}, [row.other]
        while waiting:
            further = stands_for.get(waiting.pop(), set()) - reached
            reached |= further
            waiting.extend(further)
        if row.sha256 in reached:
            stands = f"{row.sha256} stands for {row.other}"
            row.refuse("closes a circle", stands, f"no earlier rows by which {row.other} stands for {row.sha256}")
        stands_for.setdefault(row.sha256, set()).add(row.other)
