"""Rows of a CSV file, strictly read: hostile or careless files end in a message that names file and row.

Cells are text and nothing else: one that a spreadsheet would run (`=cmd()`) passes as it is and gains no meaning here,
and nothing that lesionflow writes is meant to be opened by one. Files are read line by line, so that their size does
not matter.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lesionflow.errors import LesionflowError

if TYPE_CHECKING:
    import _csv

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SAVE = "Save the file as UTF-8 (in a spreadsheet: CSV UTF-8)."


class CsvRow(NamedTuple):
    """A row's line in the file (its first, where cells hold line breaks) and its cells by column, stripped."""

    line: int
    cells: Mapping[str, str]


def read(path: Path) -> tuple[list[str], Iterator[CsvRow]]:
    """The header's names, and the rows below it, blank lines left out.

    Raises
    ------
    LesionflowError : no such file, or no header; here or while iterating: not UTF-8, a row of another width, stray
        quotes, or a cell beyond `csv.field_size_limit()` characters.
    """
    reader = csv.reader(_lines(path), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise _broken(path, 1, error) from None
    if not any(header):
        raise LesionflowError(f"{path}: row 1 (header)", got="nothing", expected="the columns' names, comma-separated")
    if any("\0" in name for name in header):
        raise LesionflowError(f"{path}: row 1 (header)", got="NUL characters", expected="UTF-8 text", remedy=SAVE)
    return header, _rows(path, reader, header)


def _lines(path: Path) -> Iterator[str]:
    """Lines with their ends, whichever those are; a byte order mark is left out."""
    number, offset = 1, 0
    try:
        with path.open("rb") as file:
            for raw in file:  # ends at line feeds alone
                text = _decoded(path, raw, number, offset)
                pieces = [text] if "\r" not in text else list(io.StringIO(text, newline=""))
                yield from pieces
                number, offset = number + len(pieces), offset + len(raw)
    except FileNotFoundError:
        raise LesionflowError(f"{path}: no such file", remedy="Correct the path.") from None
    except (OSError, ValueError) as error:  # a folder, no right to read, or a NUL in the path
        raise LesionflowError(f"{path}: not readable", got=str(error), expected="a CSV file") from None


def _decoded(path: Path, raw: bytes, number: int, offset: int) -> str:
    if offset == 0 and raw.startswith(UTF_16):
        raise LesionflowError(f"{path}: not UTF-8", got="byte 0: UTF-16, by its byte order mark (row 1)", remedy=SAVE)
    try:
        return raw.removeprefix(codecs.BOM_UTF8).decode() if offset == 0 else raw.decode()
    except UnicodeDecodeError as error:
        # The bytes that failed may lack the mark at their front.
        start = error.start + len(raw) - len(error.object)
        row = number + len((raw[:start] + b".").splitlines()) - 1
        got = f"byte {offset + start}: {error.reason} (row {row})"
        raise LesionflowError(f"{path}: not UTF-8", got=got, remedy=SAVE) from None


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
        raise _broken(path, line, error) from None


def _broken(path: Path, line: int, error: csv.Error) -> LesionflowError:
    if "field limit" in str(error):
        limit = f"cells of at most {csv.field_size_limit():,} characters (is a quote not closed?)"
        return bad_row(path, line, str(error), limit)
    return bad_row(path, line, str(error))


def bad_row(path: Path, line: int, got: str, expected: str = "CSV with matching quotes") -> LesionflowError:
    """The error for a row that is not CSV, or not as wide as the header."""
    return LesionflowError(f"{path}: row {line}", got=got, expected=expected, remedy="Correct the row.")
