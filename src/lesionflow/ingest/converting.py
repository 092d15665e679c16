"""Published rows into the manifest's columns: which rows count, a row a photo, and each photo once."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from lesionflow.errors import LesionflowError
from lesionflow.ingest import cells
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.manifest import Place
from lesionflow.ingest.mapping import SourceParams
from lesionflow.ingest.published import Published
from lesionflow.ingest.taxonomy import LabelParams

SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
NO_PHOTO = "no address of a photo"
NO_LABEL = "no label"


@dataclass
class Converted:
    """The manifest's rows, and what became of the published ones."""

    rows: list[CsvRow] = field(default_factory=list)
    published: int = 0
    left_out: Counter[str] = field(default_factory=Counter)  # rows by reason
    flags: Counter[str] = field(default_factory=Counter)  # rows that are in, by what the metadata says of them
    classes: dict[str, LabelParams] = field(default_factory=dict)  # parent and malignancy by label, as published


def convert(source: SourceParams, published: Published, *, photos: str, manifests: Path) -> Converted:
    """The manifest's rows of all published ones.

    Parameters
    ----------
    photos : the URL or folder from which the metadata's relative paths start.
    manifests : the folder of the manifest, from which its own relative paths start.

    Raises
    ------
    LesionflowError : a cell that can't be read, or one id for two photos; the message names file, row and column.
    """
    done, place = Converted(), published.place
    seen: dict[str, CsvRow] = {}
    for line, row in published.rows:
        done.published += 1
        reason = _unwanted(source, row)
        made = [] if reason else [CsvRow(line, made) for made in _manifest_rows(source, line, row, place)]
        reason = reason or ("" if made else NO_PHOTO) or ("" if made[0].cells["label"] else NO_LABEL)
        if reason:
            done.left_out[reason] += 1
            continue
        for one in made:
            carried = CsvRow(line, _addressed(one.cells, photos, manifests))
            repeated = _repeated(seen, carried, place)
            done.left_out.update([repeated] if repeated else [])
            done.rows += [] if repeated else [carried]
        done.flags.update(f"{name}: {row[name]}" for name in source.flags if row.get(name))
        _learn(done.classes, source, row, made[0].cells["label"])
    return done


def _unwanted(source: SourceParams, row: Mapping[str, str]) -> str:
    """Why the mapping leaves the row out, or ""."""
    for column, accepted in source.rows.items():
        if row.get(column, "") not in accepted:
            return f"{column}: {row.get(column) or 'empty'}"
    for column, refused in source.leave_out.items():
        if row.get(column, "") in refused:
            return f"{column}: {row.get(column) or 'empty'}"
    return ""


def _manifest_rows(source: SourceParams, line: int, row: Mapping[str, str], place: Place) -> Iterator[dict[str, str]]:
    """Yield a row for each photo's address that is not empty."""
    carried = {"source": source.source, "licence": source.licence, "attribution": source.attribution}
    for ours, cell in source.columns.items():
        found = _read(source, cell, row, place.cell(line, ours))
        found = source.values.get(ours, {}).get(found, found)
        # A column of licences may leave some to the statement for all.
        carried[ours] = found or carried.get(ours, "")
    if source.checksum and row.get(source.checksum.column):
        carried["checksum"] = f"{source.checksum.kind}:{row[source.checksum.column]}"
    where = source.columns["url"]
    if not isinstance(where, tuple):
        yield from [carried] if carried["url"] else []
        return
    for number, one in enumerate(where, start=1):
        if url := _read(source, one, row, place.cell(line, "url")):
            own_id = {"id": f"{carried['id']}_{number}"} if carried.get("id") else {}
            yield carried | {"url": url} | own_id


def _read(source: SourceParams, cell: cells.Cell, row: Mapping[str, str], where: str) -> str:
    try:
        return cells.value(cell, row, source.otherwise)
    except ValueError as error:
        raise LesionflowError(
            where,
            got=repr(str(error))[:300],
            expected="weights, as {'name': 0.7, 'other': 0.3}, or a number in each column",
            remedy="Correct the cell, or read another column in the mapping.",
        ) from None


def _addressed(carried: Mapping[str, str], photos: str, manifests: Path) -> dict[str, str]:
    found = {
        name: address(carried[name], photos=photos, manifests=manifests)
        for name in ("url", "mask")
        if carried.get(name)
    }
    return {**carried, **found}


def address(published: str, *, photos: str, manifests: Path) -> str:
    """A photo's address for the manifest.

    A URL stays, and a path below a URL becomes one; a file in the data folder (the one that holds the manifests'
    folder) gets a path relative to the manifest, any other file a `file:` URI.
    """
    if SCHEME.match(published):
        return published
    if "://" in photos:
        # Object stores take names as they are.
        below = quote(published) if photos.startswith(("http:", "https:", "file:")) else published
        return f"{photos.rstrip('/')}/{below.lstrip('/')}"
    # Not resolved: a link in the data folder (as DVC may make) is an address there, wherever it leads.
    path, here = Path(os.path.abspath(Path(photos) / published)), Path(os.path.abspath(manifests))  # noqa: PTH100
    if path.is_relative_to(here.parent):
        return Path(os.path.relpath(path, here)).as_posix()
    return path.as_uri()


def _repeated(seen: dict[str, CsvRow], row: CsvRow, place: Place) -> str:
    """Why a row adds no photo to those seen, or "", after which it is seen."""
    key = row.cells.get("id") or row.cells["url"]
    first = seen.setdefault(key, row)
    if first is row:
        return ""
    if first.cells["url"] != row.cells["url"]:
        raise LesionflowError(
            place.cell(row.line, "id"),
            got=f"{key[:100]!r}, as in row {first.line}, for another photo",
            expected="an id a photo",
            remedy="Map another column to id, or none: then the address names the photo.",
        )
    differ = [name for name, cell in row.cells.items() if first.cells.get(name) != cell]
    return f"the same photo again, with another {' and '.join(differ)}" if differ else "the same row again"


def _learn(classes: dict[str, LabelParams], source: SourceParams, row: Mapping[str, str], label: str) -> None:
    """What the row says about the class of its label: the first parent stands, and one malignant row is enough."""
    parent = row.get(source.parent or "") or None
    malignant = any(row.get(column, "") in accepted for column, accepted in source.malignant.items())
    known = classes.get(label)
    if known is None or (malignant and not known.malignant) or (parent and not known.parent):
        parent = (known.parent if known else None) or parent
        classes[label] = LabelParams(parent=parent, malignant=malignant or (known is not None and known.malignant))


def shared(rows: Iterable[CsvRow]) -> int:
    """How many rows name a photo that an earlier row names too."""
    counts = Counter(row.cells["url"] for row in rows)
    return sum(counts.values()) - len(counts)
