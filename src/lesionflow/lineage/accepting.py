"""`lesionflow accept-data`: this run's curated photos become what later data is held to."""

from pathlib import Path

from lesionflow import tables
from lesionflow.adapters import drift
from lesionflow.files import write_json

OUTPUTS, ACCEPTED = Path("outputs"), Path("expectations/accepted.json")


def accept() -> str:
    """Write the profile of the curated photos; says what it holds.

    Raises
    ------
    LesionflowError : no finished run here.
    """
    curated = tables.read(OUTPUTS / "curated.parquet", tables.CURATED)
    found = drift.profile(curated, tables.read(OUTPUTS / "fingerprints.parquet", tables.FINGERPRINTS))
    write_json(found, ACCEPTED)
    return f"{ACCEPTED}: {found['photos']:,} photos of {len(found['labels'])} labels are what later data is held to"
