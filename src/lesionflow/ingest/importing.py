"""`lesionflow import`: published metadata becomes a manifest, and the taxonomy learns its labels."""

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lesionflow import files
from lesionflow.errors import LesionflowError
from lesionflow.ingest import csvrows, manifest, mapping, merging, taxonomy
from lesionflow.ingest.csvrows import CsvRow

COLUMNS = (
    "id", "url", "label", "source", "licence", "attribution", "checksum", "group",
    "age", "sex", "body_site", "skin_type", "skin_tone", "mask",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """What an import did, for the user."""

    rows: int
    left_out: int  # rows that the mapping does not select
    labels: Counter[tuple[str, str]]  # (published, canonical)
    outside: Path | None  # the folder of photos that lie outside the data folder
    absent: int  # local photos that are not there
    changed: tuple[Path, ...]  # files written


def import_metadata(name: str, metadata: Path, out: Path, taxonomy_path: Path, *, replace: bool = False) -> Imported:
    """Write the manifest `out` from the metadata of source `name`, and what is missing into the taxonomy.

    The same input gives the same files; a second run changes nothing.

    Raises
    ------
    LesionflowError : unknown source, metadata that breaks a rule (file and row named), or another manifest at `out`.
    """
    if out.suffix != ".csv":
        raise LesionflowError(f"{out}: not a manifest's name", expected="a name that ends in .csv")
    source = mapping.load(name)
    header, published = csvrows.read(metadata)
    mapping.check_header(source, header, metadata)
    everything = list(published)
    rows = list(mapping.apply(source, everything, photos=metadata.parent, manifests=out.parent))
    known = merging.merge(_text(taxonomy_path), source.taxonomy, str(taxonomy_path))
    checked = manifest.check(rows, taxonomy.parse(known, str(taxonomy_path)), name=out.stem, where=metadata)
    written = as_csv(rows)
    _refuse_other(out, written, replace=replace)
    changed = tuple(path for path, text in ((taxonomy_path, known), (out, written)) if _update(path, text))
    outside, absent = _photos([row.cells["url"] for row in rows], out.parent)
    labels = Counter((str(row["label_raw"]), str(row["label"])) for row in checked)
    return Imported(len(rows), len(everything) - len(rows), labels, outside, absent, changed)


def as_csv(rows: Iterable[CsvRow]) -> str:
    """Rows in the manifest's columns as CSV; a column that no row has is left out."""
    rows = list(rows)
    columns = [name for name in COLUMNS if any(name in row.cells for row in rows)]
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(dict(row.cells) for row in rows)
    return written.getvalue()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _refuse_other(out: Path, text: str, *, replace: bool) -> None:
    if out.exists() and not replace and out.read_bytes() != text.encode():
        raise LesionflowError(
            f"{out}: holds another manifest",
            expected="no file, or the one that this import writes",
            remedy="Choose another name with -o, or pass --replace.",
        )


def _update(path: Path, text: str) -> bool:
    if path.exists() and path.read_bytes() == text.encode():
        return False
    files.write_text(text, path)
    return True


def _photos(addresses: list[str], manifests: Path) -> tuple[Path | None, int]:
    """The folder that holds the photos outside the data folder, and how many local photos are not there."""
    outside = [Path(unquote(urlsplit(a).path)) for a in addresses if a.startswith("file:")]
    inside = [manifests / a for a in addresses if not mapping.SCHEME.match(a)]
    absent = sum(not path.is_file() for path in outside + inside)
    return (Path(os.path.commonpath([path.parent for path in outside])) if outside else None), absent
