"""Find candidate pairs of photos, and what their pixels say of the pairs that are new."""

from pathlib import Path

from lesionflow import params, tables
from lesionflow.curate import candidates, evidence
from lesionflow.curate.settings import CandidatesParams
from lesionflow.errors import command

OUTPUTS = Path("outputs")


@command
def main() -> None:
    """Write pair_evidence.parquet."""
    manifest = tables.read(OUTPUTS / "manifest.parquet", tables.MANIFEST)
    ingested = tables.read(OUTPUTS / "ingested.parquet", tables.INGESTED)
    fingerprints = tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS)
    features = tables.read(OUTPUTS / "local_features.parquet", tables.LOCAL_FEATURES)
    groups = candidates.groups(manifest, ingested)
    pairs = candidates.propose(fingerprints, features, groups, params.load("curate.candidates", CandidatesParams))
    path = OUTPUTS / "pair_evidence.parquet"
    cached = tables.read_cached(path, tables.PAIR_EVIDENCE)
    tables.write(evidence.with_cached(pairs, features, cached), path, tables.PAIR_EVIDENCE)


if __name__ == "__main__":
    main()
