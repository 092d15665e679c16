"""`lesionflow import`: published metadata becomes a manifest, and the taxonomy learns its labels."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lesionflow import files
from lesionflow.errors import LesionflowError
from lesionflow.ingest import converting, manifest, mapping, merging, published, taxonomy
from lesionflow.ingest.converting import Converted
from lesionflow.ingest.csvrows import CsvRow
from lesionflow.ingest.imported import Imported
from lesionflow.ingest.manifest import Place
from lesionflow.ingest.mapping import SourceParams
from lesionflow.ingest.taxonomy import LabelParams, Taxonomy

COLUMNS = (
    "id", "url", "label", "source", "licence", "attribution", "checksum", "group",
    "age", "sex", "body_site", "skin_type", "skin_tone", "mask",
)  # fmt: skip
LONGEST_LABEL = 200  # characters
NAME = re.compile(r"\w[\w.-]*")


def import_metadata(
    name: str,
    metadata: Sequence[Path],
    out: Path,
    taxonomy_path: Path,
    *,
    mapping_path: Path | None = None,
    photos: str = "",
    replace: bool = False,
) -> Imported:
    """Write the manifest `out` from the metadata of source `name`, and what is missing into the taxonomy.

    The same input gives the same files; a second run changes nothing. An error leaves both files as they were.

    Parameters
    ----------
    metadata : the files that the source publishes, in any order.
    mapping_path : how to read them; without it, `name` is one of the known sources.
    photos : the URL or folder from which relative paths of photos start; without it, the one that the mapping names,
        or else the folder of the file that names the photos.

    Raises
    ------
    LesionflowError : unknown source, metadata that breaks a rule (file and row named), or another manifest at `out`.
    """
    if out.suffix != ".csv":
        raise LesionflowError(f"{out}: not a manifest's name", expected="a name that ends in .csv")
    source = mapping.read(mapping_path) if mapping_path else mapping.load(name)
    table = published.read(source, metadata)
    done = converting.convert(source, table, photos=photos or _base(source, table.place.path), manifests=out.parent)
    text, own_classes = _taxonomy(source, done, taxonomy_path)
    labels = _labels(done, taxonomy.parse(text, str(taxonomy_path)), table.place, out.stem)
    written = as_csv(done.rows)
    _refuse_other(out, written, replace=replace)
    changed = tuple(path for path, content in ((taxonomy_path, text), (out, written)) if _update(path, content))
    outside, absent = _local([row.cells["url"] for row in done.rows], out.parent)
    return Imported(done, labels, own_classes, outside, absent, changed)


def default_out(name: str) -> Path:
    """Where the manifest of source `name` lies.

    Raises
    ------
    LesionflowError : a name that would lead out of the folder.
    """
    if not NAME.fullmatch(name):
        raise LesionflowError(
            f"import: {name!r}", expected="a name of letters, digits, . _ and -", remedy="Or pass -o."
        )
    return Path("data/manifests") / f"{name}.csv"


def _base(source: SourceParams, metadata: Path) -> str:
    return source.photos if "://" in source.photos else str(metadata.parent / source.photos)


def _taxonomy(source: SourceParams, done: Converted, path: Path) -> tuple[str, tuple[str, ...]]:
    """The taxonomy's text after the import, and the classes that no mapping lists; rows of others may be left out."""
    before = taxonomy.read_text(path) if path.exists() else ""
    text = merging.merge(before, source.taxonomy, str(path))
    if source.unlisted == "leave_out":
        _leave_out_unlisted(done, taxonomy.parse(text, str(path)))
    if source.unlisted != "own_class":
        return text, ()
    # A label that another source lists is no new class: it has a parent, and a malignancy that was looked up.
    text = merging.merge(text, listed_elsewhere(done, taxonomy.parse(text, str(path)), mapping.vocabulary()), str(path))
    own = own_classes(done, taxonomy.parse(text, str(path)))
    return merging.merge(text, own, str(path)), tuple(own)


def _leave_out_unlisted(done: Converted, known: Taxonomy) -> None:
    rows, done.rows = done.rows, []
    for row in rows:
        if known.canonical(row.cells["label"]) is None:
            done.left_out[f"unlisted label: {row.cells['label']}"] += 1
        else:
            done.rows.append(row)


def listed_elsewhere(done: Converted, known: Taxonomy, vocabulary: Taxonomy) -> dict[str, LabelParams]:
    """Classes of the vocabulary for labels that the taxonomy does not know, with those labels alone as aliases."""
    found: dict[str, LabelParams] = {}
    for label in sorted(done.classes):
        name = vocabulary.canonical(label)
        if name is not None and known.canonical(label) is None:
            entry = found.get(name, vocabulary.classes[name].model_copy(update={"aliases": ()}))
            found[name] = entry.model_copy(update={"aliases": (*entry.aliases, *_alias(label, name))})
    return found


def own_classes(done: Converted, known: Taxonomy) -> dict[str, LabelParams]:
    """Classes for the labels that the taxonomy does not know, sorted, named by the label's letters and digits.

    A label that would get another class's name, or none, is not among them, nor is one too long to be a label.
    """
    found: dict[str, LabelParams] = {}
    for label, entry in sorted(done.classes.items()):
        name = re.sub(r"[\W_]+", "_", taxonomy.normalised(label)).strip("_")
        if name and known.canonical(label) is None and known.canonical(name) is None and _is_label(label):
            other = found.get(name, LabelParams())
            found[name] = LabelParams(
                aliases=(*other.aliases, *_alias(label, name)),
                parent=other.parent or entry.parent,
                malignant=other.malignant or entry.malignant,
            )
    return found


def _is_label(label: str) -> bool:
    return len(label) <= LONGEST_LABEL and label.isprintable()


def _alias(label: str, name: str) -> tuple[str, ...]:
    return () if taxonomy.normalised(name) == taxonomy.normalised(label) else (label,)


def _labels(done: Converted, known: Taxonomy, place: Place, name: str) -> Counter[tuple[str, str]]:
    """How often each (published, canonical) label comes, after all rows were held to the manifest's rules."""
    if not done.rows:
        reasons = ", ".join(f"{reason} ({count} rows)" for reason, count in done.left_out.most_common(5))
        raise LesionflowError(
            f"{place.path}: no rows to import", got=reasons or "a header alone", expected="a row a photo"
        )
    checked = manifest.check(done.rows, known, name=name, where=place)
    return Counter((str(row["label_raw"]), str(row["label"])) for row in checked)


def as_csv(rows: Sequence[CsvRow]) -> str:
    """Rows in the manifest's columns as CSV; a column in which no row says anything is left out."""
    columns = [name for name in COLUMNS if any(row.cells.get(name) for row in rows)]
    lines = [columns, *([row.cells.get(name, "") for name in columns] for row in rows)]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def _quoted(cell: str) -> str:
    # Python's writer would leave a carriage return bare, and its reader then ends the row there.
    return '"' + cell.replace('"', '""') + '"' if any(c in cell for c in ',"\r\n') else cell


def _refuse_other(out: Path, text: str, *, replace: bool) -> None:
    if out.exists() and not replace and not _same(out, text):
        raise LesionflowError(
            f"{out}: holds another manifest",
            expected="no file, or the one that this import writes",
            remedy="Choose another name with -o, or pass --replace.",
        )


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _update(path: Path, text: str) -> bool:
    if _same(path, text):
        return False
    try:
        files.write_text(text, path)
    except OSError as error:
        raise LesionflowError(f"{path}: can't be written", got=str(error), remedy="Choose another place.") from None
    return True


def _local(addresses: Iterable[str], manifests: Path) -> tuple[Path | None, int]:
    """The folder that holds the photos outside the data folder, and how many local photos are not there."""
    outside = [_file(a) for a in addresses if a.startswith("file:")]
    inside = [manifests / a for a in addresses if not converting.SCHEME.match(a)]
    absent = sum(not _is_there(path) for path in outside + inside)
    return (Path(os.path.commonpath([path.parent for path in outside])) if outside else None), absent


def _file(address: str) -> Path:
    try:
        return Path(unquote(urlsplit(address).path))
    except ValueError:  # brackets that are no IPv6 address
        return Path(address.removeprefix("file:"))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for the file system
        return False
