"""Prove that nothing crosses train, validation and test, by a wider search for copies than curation's."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.curate import leakage
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.errors import command

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write leakage_evidence.parquet and leakage.json; where something crosses, leave no leakage.json."""
    split = tables.read(OUTPUTS / "split.parquet", tables.SPLIT)
    fingerprints = tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS)
    features = tables.read(OUTPUTS / "local_features.parquet", tables.LOCAL_FEATURES)
    pairs = tables.read(OUTPUTS / "duplicate_pairs.parquet", tables.DUPLICATE_PAIRS)
    path = OUTPUTS / "leakage_evidence.parquet"
    cached = tables.read_cached(path, tables.PAIR_EVIDENCE)
    settings = params.load("curate.candidates", CandidatesParams)
    wider = leakage.wider_evidence(split, fingerprints, features, settings, cached)
    tables.write(wider, path, tables.PAIR_EVIDENCE)
    found = leakage.crossing(pairs, wider, params.load("curate.duplicates", DuplicatesParams))
    counts = leakage.leakage(split, pairs, wider, found)
    leakage.refuse(counts, found)
    files.write_json(counts, REPORTS / "leakage.json")


if __name__ == "__main__":
    main()
