"""What the first page says of the classifiers: the board, the best one, where it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lesionflow.report import figures, funnel, leaderboard, plots
from lesionflow.report.inputs import Run
from lesionflow.report.views import View


def of(
    run: Run, board: pd.DataFrame, models: Sequence[View], suites: Sequence[Mapping[str, Any]], *, confidence: float
) -> dict[str, Any]:
    """The values of its template.

    Parameters
    ----------
    models : in the order of the board.
    suites : from `data_page.suites`.
    """
    chosen_by = leaderboard.criterion(board)
    rows = [_row(row, chosen_by) for _, row in board.iterrows()]
    return {
        "board": rows,
        "best": next((row for row in rows if row["selected"]), None),
        "measures": [measure.name for measure in leaderboard.SHOWN],
        "caption": leaderboard.caption(board, confidence=confidence),
        "criterion": chosen_by.name,
        "comparison": plots.intervals(board, chosen_by.key, name=chosen_by.name, share=chosen_by.share),
        "class_count": len(funnel.kept_labels(run.data.classes)),
        "failing": models[0],
        "pictured": next((model for model in models if model.wrong), None),
        "suites": suites,
        "expectations": sum(len(suite["results"]) for suite in suites),
        "held": sum(len(suite["results"]) - len(suite["failed"]) for suite in suites),
    }


def _row(row: Any, chosen_by: figures.Measure) -> dict[str, Any]:
    return {
        "model": row["model"],
        "selected": bool(row["selected"]),
        "untrained": row["weights"] == "random",
        "weights": leaderboard.weights_name(row),
        "validation": figures.plain(row[f"val_{chosen_by.key}"], share=chosen_by.share),
        "difference": leaderboard.difference(row, chosen_by),
        "headline": leaderboard.estimate(row, chosen_by),
        "test": [leaderboard.estimate(row, measure) for measure in leaderboard.SHOWN],
    }
