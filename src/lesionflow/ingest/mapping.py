"""What a mapping may say: one small declarative YAML per source of published metadata (the folder mappings).

source: clinic                    # each row's source, licence and attribution
licence: CC-BY-4.0
columns:                          # manifest column: where the metadata says it
  id: photo_id
  url: "{folder}/{photo_id}.jpg"
  label: diagnosis
taxonomy:                         # the classes that the labels name
  melanoma: {aliases: [MM], malignant: true}
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import PlainValidator, ValidationError, model_validator

from lesionflow.errors import LesionflowError
from lesionflow.ingest import cells, taxonomy
from lesionflow.ingest.cells import Cell
from lesionflow.ingest.taxonomy import LabelParams, Taxonomy, TaxonomyParams
from lesionflow.params import Section

FOLDER = Path(__file__).parent / "mappings"
Carried = Literal[
    "id", "url", "label", "licence", "attribution", "group", "age", "sex", "body_site", "skin_type", "skin_tone", "mask"
]
CellParams = Annotated[Cell, PlainValidator(cells.parse)]


class ChecksumParams(Section):
    """Which hash of the photos' bytes the metadata states, and in which column."""

    kind: Literal["sha256", "md5"]
    column: str


class SourceParams(Section):
    """How one source's metadata reads; `columns` and `values` are keyed by the manifest's columns."""

    source: str
    licence: str = ""
    attribution: str = ""
    join: str | None = None  # the column by which several files are one table; the rows are those of the photos' file
    photos: str = ""  # where the photos' relative paths start: a URL, or a folder seen from the metadata's
    columns: Mapping[Carried, CellParams]  # a list as url makes a row of each address; any other, the first with text
    otherwise: Mapping[str, CellParams] = {}  # what stands for a column that some releases of the metadata lack
    optional: tuple[str, ...] = ()  # columns that some releases lack, and nothing stands for
    values: Mapping[Carried, Mapping[str, str]] = {}  # {published: ours}
    rows: Mapping[str, tuple[str, ...]] = {}  # only rows in which each of these columns has one of its values
    leave_out: Mapping[str, tuple[str, ...]] = {}  # no row in which one of these columns has one of its values
    flags: tuple[str, ...] = ()  # columns whose values are counted in the report
    checksum: ChecksumParams | None = None
    taxonomy: Mapping[str, LabelParams] = {}  # the classes that this source's labels name
    unlisted: Literal["refuse", "leave_out", "own_class"] = "refuse"  # labels that no taxonomy lists
    parent: str | None = None  # the column that says the parent of such a class of its own
    malignant: Mapping[str, tuple[str, ...]] = {}  # and by which values of which column it is malignant

    @model_validator(mode="after")
    def _whole(self) -> "SourceParams":
        missing = {"url", "label"} - set(self.columns)
        if missing:
            raise ValueError(f"columns: {', '.join(sorted(missing))} missing")
        if not self.licence and "licence" not in self.columns:
            raise ValueError("licence: neither stated nor among the columns")
        if isinstance(self.columns["url"], tuple) and (self.checksum or "mask" in self.columns):
            raise ValueError("columns.url: several photos a row share no checksum and no mask")
        for name in self.values:
            if name not in self.columns:
                raise ValueError(f"values.{name}: no such column among columns")
        if (self.parent or self.malignant) and self.unlisted != "own_class":
            raise ValueError("parent, malignant: they are for unlisted: own_class")
        return self

    @property
    def cells(self) -> Iterator[Cell]:
        """All that is read from the metadata."""
        yield from self.columns.values()
        yield from (*self.rows, *self.leave_out, *self.flags, *self.malignant)
        yield from ([self.parent] if self.parent else []) + ([self.checksum.column] if self.checksum else [])


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
            remedy="For any other source, describe its columns in a YAML: --mapping my.yaml (README, Your data).",
        )
    return read(FOLDER / f"{name}.yaml")


def read(path: Path) -> SourceParams:
    """A mapping from a file.

    Raises
    ------
    LesionflowError : no such file, not YAML, or not of the form of `SourceParams`; the message names file and key.
    """
    if not path.is_file():
        raise LesionflowError(f"{path}: no such file", expected="a mapping", remedy="Correct the path after --mapping.")
    content = taxonomy.from_yaml(taxonomy.read_text(path), str(path), taxonomy.AsWritten)
    try:
        source = SourceParams.model_validate(content)
    except ValidationError as error:
        raise _invalid(path, error) from None
    Taxonomy(TaxonomyParams(classes=source.taxonomy), f"{path}: taxonomy")
    return source


def vocabulary() -> Taxonomy:
    """The classes of all known sources in one."""
    classes: dict[str, LabelParams] = {}
    for name in known():
        for label, entry in load(name).taxonomy.items():
            aliases = (*classes.get(label, entry).aliases, *entry.aliases)
            classes[label] = entry.model_copy(update={"aliases": tuple(dict.fromkeys(aliases))})
    return Taxonomy(TaxonomyParams(classes=classes), "the known sources")


def _invalid(path: Path, error: ValidationError) -> LesionflowError:
    """A misspelt key before all else: what it stands for is then missing too."""
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"] if part != "[key]")
    expected = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
        expected = f"a key among {', '.join(SourceParams.model_fields)}"
    return LesionflowError(
        f"{path}: {where}".removesuffix(": "),
        got=repr(first["input"])[:200] if where else "",
        expected=expected,
        remedy="Mend the mapping (README, Your data).",
    )
