"""Hold the photos from elsewhere against those of the run: which of them it has seen, and which of them count."""

from pathlib import Path

from lesionflow import params
from lesionflow.curate.settings import CandidatesParams, DuplicatesParams
from lesionflow.errors import argument, command
from lesionflow.external import matching
from lesionflow.external.settings import FOLDER
from lesionflow.ingest import taxonomy

DATA, OUTPUTS = Path("data"), Path("outputs")


@command
def main() -> None:
    """Write external/<name>/fingerprints, local_features and pair_evidence.parquet, and rows.csv."""
    looked_at = params.load("curate.candidates", CandidatesParams)
    confirming = params.load("curate.duplicates", DuplicatesParams)
    known = taxonomy.load(DATA / "taxonomy.yaml").classes
    matching.match(FOLDER / argument("source"), OUTPUTS, known, looked_at, confirming)


if __name__ == "__main__":
    main()
