"""The manifest of photos from elsewhere: as any manifest, but a label that no class has passes, to be counted later."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.ingest import manifest
from lesionflow.ingest.taxonomy import Taxonomy, TaxonomyParams


class Open(Taxonomy):
    """A taxonomy under which a label that it does not know stands for itself; it never equals a class."""

    def __init__(self, known: Taxonomy) -> None:
        super().__init__(TaxonomyParams(classes=known.classes), known.where)

    def canonical(self, label: str) -> str:
        """The class that `label` names, or `label` as the source spells it."""
        return super().canonical(label) or label


def read(path: Path, taxonomy: Taxonomy) -> pd.DataFrame:
    """Table manifest of one file.

    Raises
    ------
    LesionflowError : no such file, or a cell (other than a label) that breaks a rule; see `manifest.collect`.
    """
    if not path.is_file():
        raise LesionflowError(
            f"{path}: no such manifest",
            expected="a CSV as in data/manifests",
            remedy="Write one (README, Your data), or `lesionflow import NAME FILE --out` one.",
        )
    rows = list(manifest.read(path, Open(taxonomy)))
    return tables.MANIFEST.frame(pa.Table.from_pylist(rows, schema=tables.MANIFEST.schema))
