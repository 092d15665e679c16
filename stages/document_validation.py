"""Great Expectations' Data Docs of every gate, as pages that open without a network."""

from pathlib import Path

from lesionflow import files
from lesionflow.adapters import documents
from lesionflow.errors import command

REPORTS = Path("reports/validation")
TABLES = ("manifest", "ingested", "curated", "drift", "split", "predictions")


@command
def main() -> None:
    """Write validation/docs/: index.html and a page a table."""
    documents.write([files.read_json(REPORTS / f"{name}.json") for name in TABLES], REPORTS / "docs")


if __name__ == "__main__":
    main()
