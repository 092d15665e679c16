"""Hold the curated photos to the data that was accepted last; what has moved too far stops the pipeline here."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.adapters import drift, gate
from lesionflow.adapters.settings import DriftParams
from lesionflow.errors import command

OUTPUTS, SUITES, REPORTS = Path("outputs"), Path("expectations"), Path("reports/validation")
REMEDY = "If the change is meant, run `lesionflow accept-data`, then `dvc repro`; else mend the new manifest."


@command
def main() -> None:
    """Write validation/drift.json; when the data moved too far, leave none."""
    (report := REPORTS / "drift.json").unlink(missing_ok=True)
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    now = drift.profile(curated, tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS))
    moved = drift.distances(files.read_json(SUITES / "accepted.json"), now)
    settings = params.load("drift", DriftParams)
    results = gate.hold_frame(moved, gate.read_suite(SUITES / "drift.json"), settings.model_dump(), key=["measure"])
    gate.refuse_failures("drift", results, made_by="curate", remedy=REMEDY)
    files.write_json(gate.summary("drift", len(moved), results), report)


if __name__ == "__main__":
    main()
