"""The photos from elsewhere held against those of the run: what the run has seen says nothing of new photos."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from lesionflow import files, tables
from lesionflow.curate import duplicates, fingerprint, local_features, outsiders
from lesionflow.curate.cells import inert
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.images import stored_photos

ROWS = "rows.csv"
"""Of every row of the external manifest whether it counts; see `outsiders.judged`."""


def match(
    folder: Path, outputs: Path, known: Collection[str], looked_at: CandidatesParams, confirming: DuplicatesParams
) -> None:
    """Write fingerprints, local_features and pair_evidence.parquet and rows.csv into `folder`.

    Parameters
    ----------
    outputs : the run's tables.
    known : the classes of the taxonomy.
    """
    manifest = tables.read(folder / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(folder / "ingested.parquet", tables.INGESTED)
    external = _described(folder, ingested)
    split = tables.read(outputs / "split.parquet", tables.SPLIT)
    own_tables = ((tables.FINGERPRINTS, "fingerprints"), (tables.LOCAL_FEATURES, "local_features"))
    seen, described = (tables.read(outputs / f"{name}.parquet", table) for table, name in own_tables)
    own = tuple(table[table["sha256"].isin(split["sha256"])] for table in (seen, described))
    path = folder / "pair_evidence.parquet"
    cached = tables.read_cached(path, tables.PAIR_EVIDENCE)
    evidence = outsiders.pair_evidence((own[0], own[1]), external, looked_at, cached)
    tables.write(evidence, path, tables.PAIR_EVIDENCE)
    classes = tables.read(outputs / "classes.parquet", tables.CLASSES)
    told = judged((manifest, ingested), duplicates.confirmed(evidence, confirming), split, classes, known)
    files.write_text(told.to_csv(index=False), folder / ROWS)


def judged(
    external: tuple[pd.DataFrame, pd.DataFrame],
    pairs: pd.DataFrame,
    split: pd.DataFrame,
    classes: pd.DataFrame,
    known: Collection[str],
) -> pd.DataFrame:
    """Of every row of a manifest whether it counts (`outsiders.judged`), and which photo of the run it copies.

    Parameters
    ----------
    external : tables manifest and ingested of the photos from elsewhere.
    pairs : confirmed, in the columns of table duplicate_pairs.
    split, classes : the run's tables.
    known : the classes of the taxonomy.
    """
    copied = outsiders.copies(pairs, split, external[1]["sha256"].dropna())
    learned = outsiders.learned_as(classes)
    return outsiders.judged(*external, copied, pairs, learned=learned, known=known).merge(
        copied, on="sha256", how="left"
    )


def _described(folder: Path, ingested: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables fingerprints and local_features of the photos from elsewhere, what is new computed."""
    photos = list(stored_photos(ingested, folder / "shards").values())
    stored = ingested.dropna(subset=["sha256"])
    sizes = dict(zip(stored["sha256"], zip(stored["width"], stored["height"], strict=True), strict=True))
    paths = folder / "fingerprints.parquet", folder / "local_features.parquet"
    seen = fingerprint.with_cached(photos, sizes, tables.read_cached(paths[0], tables.FINGERPRINTS))
    tables.write(seen, paths[0], tables.FINGERPRINTS)
    described = local_features.with_cached(photos, tables.read_cached(paths[1], tables.LOCAL_FEATURES))
    tables.write(described, paths[1], tables.LOCAL_FEATURES)
    return seen, described


def read_rows(folder: Path) -> pd.DataFrame:
    """What `match` found of each row of the manifest: texts, "" where missing."""
    return pd.read_csv(folder / ROWS, dtype=str, keep_default_na=False)


def excluded(rows: pd.DataFrame) -> str:
    """The rows that do not count, as CSV for people: record_id, label_raw, reason, own (what it copies), relation."""
    table = rows.loc[rows["reason"] != "", ["record_id", "label_raw", "reason", "own", "relation", "part"]]
    named = table.assign(record_id=table["record_id"].map(inert), label_raw=table["label_raw"].map(inert))
    return named.to_csv(index=False, lineterminator="\n")
