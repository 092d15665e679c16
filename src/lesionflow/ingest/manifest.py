"""Manifests, one CSV a source, to the manifest table. A table of hostile cells either passes or says where it fails."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest.taxonomy import Taxonomy

REQUIRED = ("url", "label", "source", "licence")
OPTIONAL = (
    "id", "attribution", "checksum", "group", "age", "sex", "body_site", "skin_type", "skin_tone", "mask",
)  # fmt: skip
CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}")
SEXES = ("female", "male", "other")
MAX_AGE = 120
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
    """The rows of one manifest."""
    rows: list[Row] = []
    seen: dict[object, int] = {}
    for number, cells in _cells(path):
        row = _row(path, number, cells, taxonomy)
        first = seen.setdefault(row["record_id"], number)
        if first != number:
            raise _bad(path, number, "id" if cells.get("id") else "url", f"the same as in row {first}", "a unique id")
        rows.append(row)
    if not rows:
        raise LesionflowError(f"{path}: no rows", expected="a row a photo below the header", remedy="Remove the file.")
    return rows


def _cells(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row's line number (of its last line) and its cells, stripped."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise LesionflowError(
            f"{path}: not UTF-8", got=f"byte {error.start}: {error.reason}", remedy="Save the file as UTF-8."
        ) from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for row in reader:
            if header is None:
                header = _header(path, row)
            elif len(row) != len(header):
                raise _bad(path, reader.line_num, "all", f"{len(row)} cells", f"{len(header)}, as in the header")
            else:
                yield reader.line_num, {name: cell.strip() for name, cell in zip(header, row, strict=True)}
    except csv.Error as error:
        raise _bad(path, reader.line_num, "all", str(error), "CSV with matching quotes") from None


def _header(path: Path, names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
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
    return names


def _bad(path: Path, row: int, column: str, got: str, expected: str, remedy: str = "") -> LesionflowError:
    return LesionflowError(
        f"{path}: row {row}, column {column}", got=got[:300], expected=expected, remedy=remedy or "Correct the cell."
    )


def _row(path: Path, number: int, cells: Mapping[str, str], taxonomy: Taxonomy) -> Row:
    for name in REQUIRED:
        if not cells[name]:
            raise _bad(path, number, name, "an empty cell", "a value")
    label = taxonomy.canonical(cells["label"])
    if label is None:
        near = f"; near: {', '.join(taxonomy.near(cells['label']))}" if taxonomy.near(cells["label"]) else ""
        raise _bad(
            path, number, "label", repr(cells["label"]), f"a label or alias of {taxonomy.where}{near}",
            f"Add it to {taxonomy.where}, or correct the cell.",
        )  # fmt: skip
    name = cells.get("id") or hashlib.sha256(cells["url"].encode()).hexdigest()[:16]
    return {
        "record_id": f"{path.stem}:{name}",
        "manifest": path.stem,
        "url": cells["url"],
        "label": label,
        "label_raw": cells["label"],
        "source": cells["source"],
        "licence": cells["licence"],
        "attribution": cells.get("attribution", ""),
        "checksum": _checksum(path, number, cells.get("checksum", "")),
        "group": f"{cells['source']}:{cells['group']}" if cells.get("group") else None,
        "age": _number(path, number, "age", cells, 0, MAX_AGE),
        "sex": _sex(path, number, cells.get("sex", "")),
        "body_site": cells.get("body_site") or None,
        "skin_type": _skin_type(path, number, cells),
        "skin_tone": _number(path, number, "skin_tone", cells, -1e9, 1e9),
        "mask": cells.get("mask") or None,
    }


def _checksum(path: Path, number: int, text: str) -> str | None:
    if text and not CHECKSUM.fullmatch(text.lower()):
        raise _bad(path, number, "checksum", repr(text), "sha256:<64 hex digits> or md5:<32 hex digits>")
    return text.lower() or None


def _sex(path: Path, number: int, text: str) -> str | None:
    if text and text.lower() not in SEXES:
        raise _bad(path, number, "sex", repr(text), f"{', '.join(SEXES)} or empty")
    return text.lower() or None


def _skin_type(path: Path, number: int, cells: Mapping[str, str]) -> int | None:
    value = _number(path, number, "skin_type", cells, 1, 6)
    if value is not None and value != int(value):
        raise _bad(path, number, "skin_type", repr(value), "a Fitzpatrick type 1-6 or empty")
    return None if value is None else int(value)


def _number(path: Path, number: int, name: str, cells: Mapping[str, str], low: float, high: float) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise _bad(path, number, name, repr(text), f"a number from {low:g} to {high:g}, or empty")
    return value
