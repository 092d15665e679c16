"""Hold each strategy of the ablation against the frozen backbone, at each share of the training photos."""

from pathlib import Path

from lesionflow import files, params, tables
from lesionflow.errors import command
from lesionflow.evaluate import ablation
from lesionflow.report import ablation_page

OUTPUTS, REPORTS = Path("outputs/ablation"), Path("reports/ablation")


@command
def main() -> None:
    """Write ablation.json (cells and comparisons), ablation.md and ablation.svg."""
    names = ablation.cells(
        params.load("ablation.strategies", list[str]),
        params.load("ablation.shares", list[int]),
        params.load("ablation.seeds", list[int]),
    )
    labels = tables.labels_in_order(tables.read(OUTPUTS.parent / "classes.parquet", tables.CLASSES))
    found, told = {}, {}
    for cell in names:
        folder = OUTPUTS / "cells" / cell.name
        found[cell] = tables.read(folder / "predictions.parquet", tables.PREDICTIONS)
        told[cell] = files.read_json(folder / "training.json")
    count, confidence = params.load("evaluate.bootstrap", int), params.load("evaluate.confidence", float)
    compared = ablation.compared(found, labels, count=count, confidence=confidence, seed=params.load("seed", int))
    result = {"cells": ablation.figures(found, told, labels), "compared": compared}
    files.write_json(result, REPORTS / "ablation.json")
    files.write_text(ablation_page.to_markdown(result, confidence=confidence), REPORTS / "ablation.md")
    files.write_text(ablation_page.figure(result, confidence=confidence), REPORTS / "ablation.svg")


if __name__ == "__main__":
    main()
