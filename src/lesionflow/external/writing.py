"""What is written of photos from elsewhere, by the stage and by the command."""

from pathlib import Path

from lesionflow import files
from lesionflow.external import matching
from lesionflow.external.evaluating import Found
from lesionflow.report import external_page


def write(name: str, found: Found, folder: Path, out: Path) -> str:
    """Write <name>.json, <name>.md, <name>-excluded.csv and <name>-subgroups.csv into `out`; return the page."""
    page = external_page.to_markdown(name, found.told)
    files.write_json({"name": name, **found.told}, out / f"{name}.json")
    files.write_text(page, out / f"{name}.md")
    files.write_text(matching.excluded(matching.read_rows(folder)), out / f"{name}-excluded.csv")
    columns = ["model", *[column for column in found.subgroups if column != "model"]]
    files.write_text(found.subgroups[columns].to_csv(index=False, lineterminator="\n"), out / f"{name}-subgroups.csv")
    return page
