"""Write the model card of one classifier."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.errors import argument, command
from lesionflow.params import Joined
from lesionflow.report import inputs, model_card
from lesionflow.report.settings import CardParams

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write model_card_<name>.md."""
    name, told = argument("classifier"), params.load("report.cards", CardParams)
    confidence, joined = params.load("evaluate.confidence", float), params.load("joined", list[Joined])
    run = inputs.of_one(OUTPUTS, REPORTS, name, joined)
    files.write_text(model_card.render(run, told, confidence=confidence), REPORTS / f"model_card_{name}.md")


if __name__ == "__main__":
    main()
