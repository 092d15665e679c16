"""The published files of a source as one table: read, their columns checked, and joined where there are several."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lesionflow.errors import LesionflowError
from lesionflow.ingest import cells, csvrows
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.manifest import Place
from lesionflow.ingest.mapping import SourceParams

HINT = " Or let the mapping say `unlisted: own_class`, or `leave_out`."
Lookup = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Published:
    """Rows of all files' columns, in the order of the file that names the photos, and how messages name a cell."""

    rows: Iterator[CsvRow]
    place: Place


def read(source: SourceParams, files: Sequence[Path]) -> Published:
    """The table that the files are together; their order does not matter.

    Raises
    ------
    LesionflowError : files that can't be joined, a column that is absent, or twice, and later what `csvrows.read` says.
    """
    if len(files) > 1 and not source.join:
        raise LesionflowError(
            f"import: {len(files)} files, {' and '.join(map(str, files))}",
            expected="one, for the mapping joins none",
            remedy="Give one file, or say in the mapping by which column they are one table: `join: <column>`.",
        )
    tables = [csvrows.read(path) for path in files]
    headers = [header for header, _ in tables]
    used = _used(source, files, headers)
    base = _base(source, headers)
    key = source.join or ""
    others = [i for i in range(len(files)) if i != base]
    lookups = {i: _lookup(files[i], tables[i][1], key, used & set(headers[i])) for i in others}
    rows = _joined(tables[base][1], key, list(lookups.values()), used)
    home = {name: files[i] for i in others for name in headers[i] if name != key}
    return Published(rows, Place(files[base], _names(source, home), HINT))


def _used(source: SourceParams, files: Sequence[Path], headers: list[list[str]]) -> set[str]:
    """The columns that the mapping reads; each must stand once, save the one that joins, which stands in every file."""
    counts = Counter(name for header in headers for name in header)
    joins = {source.join} if source.join and len(files) > 1 else set()
    read = set().union(*(cells.columns(cell, source.otherwise) for cell in source.cells))
    used = (read & set(counts)) | joins
    odd = {cells.missing(cell, set(counts), source.otherwise, source.optional) for cell in source.cells} - {""}
    odd |= {name for name in used - joins if counts[name] > 1}
    odd |= {name for name in joins if any(header.count(name) != 1 for header in headers)}
    if odd:
        raise _misfit(source, files, headers, sorted(odd), used)
    return used


def _misfit(
    source: SourceParams, files: Sequence[Path], headers: list[list[str]], odd: list[str], used: set[str]
) -> LesionflowError:
    every = f" ({source.join} in every file)" if source.join and len(files) > 1 else ""
    together = f" All its files: they are joined by {source.join}." if source.join and len(files) == 1 else ""
    return LesionflowError(
        f"{' + '.join(map(str, files))}: row 1 (header)",
        got=f"columns {', '.join(name for header in headers for name in header)[:300]}",
        expected=f"{', '.join(sorted(used.union(odd)))}, once each{every}; not so: {', '.join(odd)}",
        remedy=f"Give the metadata as {source.source} publishes it.{together}",
    )


def _base(source: SourceParams, headers: list[list[str]]) -> int:
    """Which file names the photos; the first where the column that joins does."""
    names = cells.columns(source.columns["url"], source.otherwise) - {source.join}
    return next((i for i, header in enumerate(headers) if names & set(header)), 0)


def _lookup(path: Path, rows: Iterator[CsvRow], key: str, used: set[str]) -> Lookup:
    """Cells of the used columns by key."""
    found: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    for line, row in rows:
        if not row[key]:
            continue  # else it would stand for every row without a key
        wanted = {name: row[name] for name in used if name != key}
        first = lines.setdefault(row[key], line)
        if found.setdefault(row[key], wanted) != wanted:
            raise LesionflowError(
                f"{path}: row {line}, column {key}",
                got=f"{row[key][:100]!r}, as in row {first}, with other cells",
                expected="each once",
                remedy="Correct the row, or join by another column.",
            )
    return found


def _joined(rows: Iterator[CsvRow], key: str, lookups: list[Lookup], used: set[str]) -> Iterator[CsvRow]:
    """Yield the used cells; a row whose key another file lacks has empty cells for that file's columns."""
    empty = [dict.fromkeys({name for row in lookup.values() for name in row}, "") for lookup in lookups]
    for line, row in rows:
        together = {name: row[name] for name in used if name in row}
        for lookup, blank in zip(lookups, empty, strict=True):
            together |= lookup.get(row[key], blank)
        yield CsvRow(line, together)


def _names(source: SourceParams, home: Mapping[str, Path]) -> Mapping[str, str]:
    """What messages call our columns: the published ones, with the file where it is not the photos' own."""

    def named(cell: cells.Cell) -> str:
        columns = sorted(cells.columns(cell, {}))
        return " / ".join(f"{name} of {home[name]}" if name in home else name for name in columns)

    names = {ours: named(cell) for ours, cell in source.columns.items()}
    return names | ({"checksum": named(source.checksum.column)} if source.checksum else {})
