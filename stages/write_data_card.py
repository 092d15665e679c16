"""Write the data card."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.errors import command
from lesionflow.report import data_card, inputs
from lesionflow.report.settings import CardParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write data_card.md."""
    told = params.load("report.cards", CardParams)
    files.write_text(data_card.render(inputs.data(OUTPUTS, REPORTS), told), REPORTS / "data_card.md")


if __name__ == "__main__":
    main()
