"""Write the leaderboard and the page that people open."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.errors import command
from lesionflow.params import Joined
from lesionflow.report import gallery, inputs, leaderboard, notices, pages

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write leaderboard.csv, leaderboard.md, assets/ and index.html."""
    confidence = params.load("evaluate.confidence", float)
    names = params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]))
    run = inputs.read(OUTPUTS, REPORTS, names, params.load("joined", list[Joined]))
    board = leaderboard.build(run.models, run.comparison)
    warnings = notices.of(run)
    page = pages.render(run, board, warnings, confidence=confidence)
    gallery.copy(run.models, OUTPUTS / "explain", REPORTS / "assets")
    files.write_text(leaderboard.to_csv(board), REPORTS / "leaderboard.csv")
    files.write_text(leaderboard.to_markdown(board, warnings, confidence=confidence), REPORTS / "leaderboard.md")
    files.write_text(page, REPORTS / "index.html")


if __name__ == "__main__":
    main()
