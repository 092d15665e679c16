"""Published metadata to manifest rows, by one small declarative YAML per source (the folder mappings)."""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from lesionflow.errors import LesionflowError
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.taxonomy import LabelParams
from lesionflow.params import Section

FOLDER = Path(__file__).parent / "mappings"
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
Carried = Literal["id", "url", "label", "group", "age", "sex", "body_site", "skin_type", "skin_tone", "mask"]


class ChecksumParams(Section):
    """Which hash of the photos' bytes the metadata states, and in which column."""

    kind: Literal["sha256", "md5"]
    column: str


class SourceParams(Section):
    """How one source's metadata reads; `columns` and `values` are keyed by the manifest's columns."""

    source: str
    licence: str
    attribution: str
    columns: Mapping[Carried, str]
    rows: Mapping[str, tuple[str, ...]] = {}  # only rows in which each of these columns has one of its values
    values: Mapping[Carried, Mapping[str, str]] = {}
    checksum: ChecksumParams | None = None
    taxonomy: Mapping[str, LabelParams]  # the classes that this source's labels name

    @property
    def needed(self) -> set[str]:
        """The columns that the metadata must have."""
        return {*self.columns.values(), *self.rows, *([self.checksum.column] if self.checksum else [])}


def known() -> list[str]:
    """The sources that can be imported."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> SourceParams:
    """The mapping of a known source.

    Raises
    ------
    LesionflowError : no such source.
    """
    if name not in known():
        near = difflib.get_close_matches(name, known(), n=1, cutoff=0.3)
        raise LesionflowError(
            f"import: no source {name!r}" + (f"; did you mean {near[0]}?" if near else ""),
            expected=f"one of {', '.join(known())}",
            remedy="For any other source, write the manifest yourself (README, Your data).",
        )
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> SourceParams:
    """A mapping from a file.

    Raises
    ------
    LesionflowError : not of the form of `SourceParams`.
    """
    try:
        return SourceParams.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise LesionflowError(f"{path}: {where}", got=repr(first["input"])[:200], expected=first["msg"]) from None


def check_header(source: SourceParams, header: list[str], where: Path) -> None:
    """Raise when the metadata lacks a column, or has one twice, that the mapping reads."""
    odd = sorted(name for name in source.needed if header.count(name) != 1)
    if odd:
        raise LesionflowError(
            f"{where}: row 1 (header)",
            got=f"columns {', '.join(header)[:300]}",
            expected=f"{', '.join(sorted(source.needed))}, once each; not so: {', '.join(odd)}",
            remedy=f"Give the metadata file as {source.source} publishes it.",
        )


def apply(source: SourceParams, rows: Iterable[CsvRow], *, photos: Path, manifests: Path) -> Iterator[CsvRow]:
    """Yield the rows that the mapping selects, in the manifest's columns.

    Parameters
    ----------
    photos : the folder from which the metadata's relative paths start.
    manifests : the folder of the manifest, from which its own relative paths start.
    """
    for line, cells in rows:
        if all(cells[column] in accepted for column, accepted in source.rows.items()):
            yield CsvRow(line, _manifest_cells(source, cells, photos, manifests))


def _manifest_cells(source: SourceParams, cells: Mapping[str, str], photos: Path, manifests: Path) -> dict[str, str]:
    carried: dict[str, str] = {"source": source.source, "licence": source.licence, "attribution": source.attribution}
    for ours, theirs in source.columns.items():
        carried[ours] = source.values.get(ours, {}).get(cells[theirs], cells[theirs])
    for name in ("url", "mask"):
        if carried.get(name):
            carried[name] = address(carried[name], photos=photos, manifests=manifests)
    if source.checksum and cells[source.checksum.column]:
        carried["checksum"] = f"{source.checksum.kind}:{cells[source.checksum.column]}"
    return carried


def address(published: str, *, photos: Path, manifests: Path) -> str:
    """A photo's address for the manifest.

    A URL stays, a file in the data folder (the one that holds the manifests' folder) gets a path relative to the
    manifest, any other file a `file:` URI.
    """
    if SCHEME.match(published):
        return published
    # Not resolved: a link in the data folder (as DVC may make) is an address there, wherever it leads.
    path, here = Path(os.path.abspath(photos / published)), Path(os.path.abspath(manifests))  # noqa: PTH100
    if path.is_relative_to(here.parent):
        return Path(os.path.relpath(path, here)).as_posix()
    return path.as_uri()
