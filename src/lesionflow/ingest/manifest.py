"""Manifests, one CSV a source, to the manifest table. A table of hostile cells either passes or says where it fails."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

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
Row = dict[str, object]


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
    rows = [row for path in paths for row in read(path, taxonomy)]
    return pd.DataFrame(rows, columns=list(tables.MANIFEST.columns))


def read(path: Path, taxonomy: Taxonomy) -> list[Row]:
    """The rows of one manifest.

    Raises
    ------
    LesionflowError : see `collect`.
    """
    header, rows = csvrows.read(path)
    _check_header(path, header)
    return check(rows, taxonomy, name=path.stem, where=path)


def check(rows: Iterable[CsvRow], taxonomy: Taxonomy, *, name: str, where: Path) -> list[Row]:
    """Rows in the manifest's columns, held to its rules, as rows of table manifest.

    Parameters
    ----------
    name : of the manifest; it starts each record_id.
    where : the file that messages name.

    Raises
    ------
    LesionflowError : no rows, or a cell that breaks a rule: the first one whole, and the rows of the others.
    """
    good: list[Row] = []
    bad: dict[int, LesionflowError] = {}
    seen: dict[object, int] = {}
    for line, cells in rows:
        try:
            row = _row(where, line, cells, taxonomy, name)
            first = seen.setdefault(row["record_id"], line)
            if first != line:
                column = "id" if cells.get("id") else "url"
                raise _bad(where, line, column, f"{cells[column]!r}, as in row {first}", "each photo once")
            good.append(row)
        except LesionflowError as error:
            bad[line] = error
    if bad:
        raise _all_of(bad)
    if not good:
        raise LesionflowError(f"{where}: no rows", expected="a row a photo below the header", remedy="Remove the file.")
    return good


def _all_of(bad: Mapping[int, LesionflowError]) -> LesionflowError:
    """The first error, and where the others are."""
    first, *others = bad.values()
    if not others:
        return first
    lines = list(bad)[1:]
    named = ", ".join(map(str, lines[:NAMED])) + (", ..." if len(lines) > NAMED else "")
    return LesionflowError(f"{first}\n  and {len(others)} more: row {named}")


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


def _bad(where: Path, line: int, column: str, got: str, expected: str, remedy: str = "") -> LesionflowError:
    return LesionflowError(
        f"{where}: row {line}, column {column}", got=got[:300], expected=expected, remedy=remedy or "Correct the cell."
    )


def _row(where: Path, line: int, cells: Mapping[str, str], taxonomy: Taxonomy, name: str) -> Row:
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


def _label(where: Path, line: int, raw: str, taxonomy: Taxonomy) -> str:
    label = taxonomy.canonical(raw)
    if label is None:
        near = ", ".join(taxonomy.near(raw))
        raise _bad(
            where, line, "label", repr(raw), f"a label or alias of {taxonomy.where}" + (f"; near: {near}" * bool(near)),
            f"Add it to {taxonomy.where}, or correct the cell.",
        )  # fmt: skip
    return label


def _checksum(where: Path, line: int, text: str) -> str | None:
    if text and not CHECKSUM.fullmatch(text.lower()):
        raise _bad(where, line, "checksum", repr(text), "sha256:<64 hex digits> or md5:<32 hex digits>")
    return text.lower() or None


def _sex(where: Path, line: int, text: str) -> str | None:
    if text and text.lower() not in SEXES:
        raise _bad(where, line, "sex", repr(text), f"{', '.join(SEXES)} or empty")
    return text.lower() or None


def _skin_type(where: Path, line: int, cells: Mapping[str, str]) -> int | None:
    value = _number(where, line, "skin_type", cells, UNKNOWN_SKIN_TYPE, 6)
    if value is None or value == UNKNOWN_SKIN_TYPE:
        return None
    if value not in range(1, 7):
        raise _bad(where, line, "skin_type", repr(cells["skin_type"]), "a Fitzpatrick type 1-6; -1 or empty if unknown")
    return int(value)


def _number(where: Path, line: int, name: str, cells: Mapping[str, str], low: float, high: float) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    # float() alone would also take nan, 1_0 and digits of other scripts.
    if not NUMBER.fullmatch(text) or not low <= float(text) <= high:
        raise _bad(where, line, name, repr(text), f"a number from {low:g} to {high:g}, or empty")
    return float(text)
