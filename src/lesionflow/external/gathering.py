"""The photos of an external manifest, fetched, verified and stored as those of the run are."""

from pathlib import Path

import pandas as pd

from lesionflow import tables
from lesionflow.errors import LesionflowError
from lesionflow.external.settings import Source
from lesionflow.ingest import foreign, records, summary
from lesionflow.ingest.settings import IngestParams
from lesionflow.ingest.staging import Staging
from lesionflow.ingest.taxonomy import Taxonomy


def gather(source: Source, known: Taxonomy, folder: Path, settings: IngestParams) -> None:
    """Write manifest.parquet, ingested.parquet and shards/ into `folder`; what is there already is not fetched again.

    Raises
    ------
    LesionflowError : a manifest that breaks a rule, or too few photos that could be had.
    """
    manifest = foreign.read(source.manifest, known)
    tables.write(manifest, folder / "manifest.parquet", tables.MANIFEST)
    ingested = records.ingest(manifest, source.base, Staging(folder), settings)
    _refuse_too_many_failures(ingested, manifest, source, settings)


def _refuse_too_many_failures(
    ingested: pd.DataFrame, manifest: pd.DataFrame, source: Source, settings: IngestParams
) -> None:
    counts = summary.summarise(ingested, manifest)
    if counts["stored"] and counts["failed_share"] <= settings.max_failed_share:
        return
    raise LesionflowError(
        f"{source.manifest}: {counts['failed']} of {counts['rows']} photos cannot be had",
        got=summary.failures(ingested, counts),
        expected=f"a share of at most {settings.max_failed_share:g} (ingest.max_failed_share), and a photo at least",
        remedy="Name the folder of the photos: --photos, or `photos` of params.external; for the pipeline it must lie "
        "under ingest.file_roots of params.yaml.",
    )
