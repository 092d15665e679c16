"""Write the leaderboard and the pages that people open."""

from pathlib import Path

from lesionflow import files, params
from lesionflow.errors import command
from lesionflow.params import Joined
from lesionflow.report import gallery, inputs, leaderboard, lineage, notices, pages

OUTPUTS, REPORTS = Path("outputs"), Path("reports")


@command
def main() -> None:
    """Write leaderboard.csv, leaderboard.md, assets/, pages/ and index.html."""
    confidence = params.load("evaluate.confidence", float)
    slugs = params.classifiers(params.load("active", list[str]), params.load("active_recipes", list[str]))
    joined = params.load("joined", list[Joined])
    run = inputs.read(OUTPUTS, REPORTS, slugs, joined)
    names = [model.slug for model in run.models]
    board, warnings = leaderboard.build(run.models, run.comparison), notices.of(run)
    origin, others = lineage.of(Path(), names), pages.beside(REPORTS, names)
    made = pages.render(run, board, warnings, origin, others, confidence=confidence)
    gallery.copy(run.models, OUTPUTS / "explain", REPORTS / "assets")
    files.write_text(leaderboard.to_csv(board), REPORTS / "leaderboard.csv")
    files.write_text(leaderboard.to_markdown(board, warnings, confidence=confidence), REPORTS / "leaderboard.md")
    pages.write(made, REPORTS)


if __name__ == "__main__":
    main()
