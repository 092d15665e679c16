"""Rows of a CSV file, strictly read: hostile or careless files end in a message that names file and row."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lesionflow.errors import LesionflowError

if TYPE_CHECKING:
    import _csv


class CsvRow(NamedTuple):
    """A row's line in the file (its first, where cells hold line breaks) and its cells by column, stripped."""

    line: int
    cells: Mapping[str, str]


def read(path: Path) -> tuple[list[str], Iterator[CsvRow]]:
    """The header's names, and the rows below it, blank lines left out.

    Raises
    ------
    LesionflowError : no such file, not UTF-8, no header; while iterating: a row of another width, or stray quotes.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise bad_row(path, 1, str(error)) from None
    if not any(header):
        raise LesionflowError(f"{path}: row 1 (header)", got="nothing", expected="the columns' names, comma-separated")
    return header, _rows(path, reader, header)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy="Correct the path.") from None
    except UnicodeDecodeError as error:
        raise LesionflowError(
            f"{path}: not UTF-8", got=f"byte {error.start}: {error.reason}", remedy="Save the file as UTF-8."
        ) from None


def _rows(path: Path, reader: "_csv.Reader", header: list[str]) -> Iterator[CsvRow]:
    line = reader.line_num + 1
    try:
        for row in reader:
            if row and len(row) != len(header):
                raise bad_row(path, line, f"{len(row)} cells", f"{len(header)}, as in the header")
            if row:
                yield CsvRow(line, {name: cell.strip() for name, cell in zip(header, row, strict=True)})
            line = reader.line_num + 1
    except csv.Error as error:
        raise bad_row(path, line, str(error)) from None


def bad_row(path: Path, line: int, got: str, expected: str = "CSV with matching quotes") -> LesionflowError:
    """The error for a row that is not CSV, or not as wide as the header."""
    return LesionflowError(f"{path}: row {line}", got=got, expected=expected, remedy="Correct the row.")
