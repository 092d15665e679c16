"""Manifests, one CSV a source, to the manifest table. A table of hostile cells either passes or says where it fails."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import csvrows
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.taxonomy import Taxonomy

REQUIRED = ("url", "label", "source", "licence")
OPTIONAL = (
    "id", "attribution", "checksum", "group", "age", "sex", "body_site", "skin_type", "skin_tone", "mask",
)  # fmt: skip
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]*)?")
SEXES = ("female", "male", "other")
MAX_AGE = 120
UNKNOWN_SKIN_TYPE = -1  # as Fitzpatrick17k writes it
NAMED = 10  # rows that a message lists
REMOVE = "Remove the file."
CHUNK = 50_000  # rows that wait as dicts, about 100 MB
DTYPES = {tables.TEXT.type: "str", tables.REAL.type: "float64", tables.WHOLE.type: "Int64"}
Row = dict[str, object]


class Place(NamedTuple):
    """The file that messages name, and the names that it gives to our columns where they are not ours."""

    path: Path
    names: Mapping[str, str] = MappingProxyType({})
    hint: str = ""  # what else can be done about a label that no class has

    def cell(self, line: int, column: str) -> str:
        """How a message names a cell; `column` is ours."""
        return f"{self.path}: row {line}, column {self.names.get(column, column)}"


def collect(folder: Path, taxonomy: Taxonomy) -> pd.DataFrame:
    """All rows of folder/*.csv as table manifest.

    Raises
    ------
    LesionflowError : no manifest, or a cell that breaks a rule; the message names file, row and column.
    """
    paths = sorted(folder.glob("*.csv"))
    if not paths:
        raise LesionflowError(
            f"{folder}: no manifest",
            expected="a CSV per source",
            remedy="Run `dvc pull data.dvc` for the sample, or write one (README, Your data).",
        )
    frames = [_frame(rows) for path in paths for rows in _chunks(read(path, taxonomy))]
    return pd.concat(frames, ignore_index=True)


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows a chunk at a time: as a list of dicts, a million rows would take several GB."""
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def _frame(rows: list[Row]) -> pd.DataFrame:
    dtypes = {name: DTYPES[column.type] for name, column in tables.MANIFEST.columns.items()}
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=dtype) for name, dtype in dtypes.items()})


def read(path: Path, taxonomy: Taxonomy) -> Iterator[Row]:
    """Yield the rows of one manifest, as `check` does.

    Raises
    ------
    LesionflowError : see `collect`.
    """
    header, rows = csvrows.read(path)
    _check_header(path, header)
    return check(rows, taxonomy, name=path.stem, where=Place(path))


def check(rows: Iterable[CsvRow], taxonomy: Taxonomy, *, name: str, where: Place) -> Iterator[Row]:
    """Yield rows in the manifest's columns, held to its rules, as rows of table manifest.

    An error comes when all rows were looked at, so what was yielded counts only when the iteration ends well.

    Parameters
    ----------
    name : of the manifest; it starts each record_id.
    where : the file and columns that messages name.

    Raises
    ------
    LesionflowError : no rows, or a cell that breaks a rule: the first one whole, and the rows of the others.
    """
    seen: dict[object, int] = {}
    first, others = None, 0
    named: list[int] = []
    for line, cells in rows:
        try:
            row = _row(where, line, cells, taxonomy, name)
            _once(seen, row["record_id"], where, line, cells)
        except LesionflowError as error:
            # Neither all errors nor the good rows beside them are kept: a file may hold millions.
            first, others = (error, 0) if first is None else (first, others + 1)
            named += [line] * (0 < others <= NAMED)
        else:
            if first is None:
                yield row
    if first is not None:
        raise _all_of(first, others, named)
    if not seen:
        raise LesionflowError(f"{where.path}: no rows", expected="a row a photo below the header", remedy=REMOVE)


def _once(seen: dict[object, int], key: object, where: Place, line: int, cells: Mapping[str, str]) -> None:
    if key in seen:
        column = "id" if cells.get("id") else "url"
        raise _bad(where, line, column, f"{cells[column]!r}, as in row {seen[key]}", "each photo once")
    seen[key] = line


def _all_of(first: LesionflowError, others: int, named: list[int]) -> LesionflowError:
    """The first error, and where the others are."""
    if not others:
        return first
    rows = ", ".join(map(str, named)) + (", ..." if others > len(named) else "")
    return LesionflowError(f"{first}\n  and {others} more: row {rows}")


def _check_header(path: Path, names: list[str]) -> None:
    absent = [name for name in REQUIRED if name not in names]
    odd = sorted({name for name in names if name not in REQUIRED + OPTIONAL or names.count(name) > 1})
    if absent or odd:
        raise LesionflowError(
            f"{path}: row 1 (header)",
            got=f"columns {', '.join(names)[:300]}",
            expected=f"{', '.join(REQUIRED)} once each, and any of {', '.join(OPTIONAL)}",
            remedy=" ".join(
                [f"Add {', '.join(absent)}."] * bool(absent) + [f"Remove or rename {', '.join(odd)[:300]}."] * bool(odd)
            ),
        )


def _bad(where: Place, line: int, column: str, got: str, expected: str, remedy: str = "") -> LesionflowError:
    return LesionflowError(
        where.cell(line, column), got=got[:300], expected=expected, remedy=remedy or "Correct the cell."
    )


def _row(where: Place, line: int, cells: Mapping[str, str], taxonomy: Taxonomy, name: str) -> Row:
    for column in REQUIRED:
        if not cells[column]:
            raise _bad(where, line, column, "an empty cell", "a value")
    own_id = cells.get("id") or hashlib.sha256(cells["url"].encode()).hexdigest()[:16]
    return {
        "record_id": f"{name}:{own_id}",
        "manifest": name,
        "url": cells["url"],
        "label": _label(where, line, cells["label"], taxonomy),
        "label_raw": cells["label"],
        "source": cells["source"],
        "licence": cells["licence"],
        "attribution": cells.get("attribution", ""),
        "checksum": _checksum(where, line, cells.get("checksum", "")),
        "group": f"{cells['source']}:{cells['group']}" if cells.get("group") else None,
        "age": _number(where, line, "age", cells, 0, MAX_AGE),
        "sex": _sex(where, line, cells.get("sex", "")),
        "body_site": cells.get("body_site") or None,
        "skin_type": _skin_type(where, line, cells),
        "skin_tone": _number(where, line, "skin_tone", cells, -1e9, 1e9),
        "mask": cells.get("mask") or None,
    }


def _label(where: Place, line: int, raw: str, taxonomy: Taxonomy) -> str:
    label = taxonomy.canonical(raw)
    if label is None:
        near = ", ".join(taxonomy.near(raw))
        raise _bad(
            where, line, "label", repr(raw), f"a label or alias of {taxonomy.where}" + (f"; near: {near}" * bool(near)),
            f"Add it to {taxonomy.where}, or correct the cell.{where.hint}",
        )  # fmt: skip
    return label


def _checksum(where: Place, line: int, text: str) -> str | None:
    if text and not CHECKSUM.fullmatch(text.lower()):
        raise _bad(where, line, "checksum", repr(text), "sha256:<64 hex digits> or md5:<32 hex digits>")
    return text.lower() or None


def _sex(where: Place, line: int, text: str) -> str | None:
    if text and text.lower() not in SEXES:
        raise _bad(where, line, "sex", repr(text), f"{', '.join(SEXES)} or empty")
    return text.lower() or None


def _skin_type(where: Place, line: int, cells: Mapping[str, str]) -> int | None:
    value = _number(where, line, "skin_type", cells, UNKNOWN_SKIN_TYPE, 6)
    if value is None or value == UNKNOWN_SKIN_TYPE:
        return None
    if value not in range(1, 7):
        raise _bad(where, line, "skin_type", repr(cells["skin_type"]), "a Fitzpatrick type 1-6; -1 or empty if unknown")
    return int(value)


def _number(where: Place, line: int, name: str, cells: Mapping[str, str], low: float, high: float) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    # float() alone would also take nan, 1_0 and digits of other scripts.
    if not NUMBER.fullmatch(text) or not low <= float(text) <= high:
        raise _bad(where, line, name, repr(text), f"a number from {low:g} to {high:g}, or empty")
    return float(text)
