"""The page that people open: one static HTML file, with its pictures beside it and nothing from the web."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from lesionflow.report import figures, funnel, leaderboard, notices, plots, shortlist, templating, views
from lesionflow.report.inputs import Run
from lesionflow.report.notices import Notice

SMALLEST = 0.8
"""Of a chart's natural width; below it the letters could not be read."""


def render(run: Run, board: pd.DataFrame, warnings: Sequence[Notice], *, confidence: float) -> str:
    """The report as HTML. The same run gives the same text.

    Parameters
    ----------
    board : from `leaderboard.build`, of the same models.
    warnings : from `notices.of`, of the same run.
    confidence : level of the intervals, 0-1.
    """
    return (
        templating.environment({"chart": _chart})
        .get_template("index.html")
        .render(
            notices=warnings,
            **_overview(board, confidence=confidence),
            **_data(run),
            models=_models(run, board),
            review=shortlist.of(run.review, run.review_counts),
            suites=[_suite(suite) for suite in run.suites],
            leakage=views.facts(run.leakage),
        )
    )


def _chart(chart: plots.Chart) -> Markup:
    """A chart with its text alternative, wide enough to be read; on a phone it scrolls."""
    # plots.py makes the element and escapes every text in it.
    svg = Markup(chart.svg)  # noqa: S704
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="Chart">'
        '<div class="chart" role="img" aria-label="{}" style="max-width:{}px;min-width:{}px">{}</div></div>'
    ).format(escape(chart.alt), chart.width, round(chart.width * SMALLEST), svg)


def _overview(board: pd.DataFrame, *, confidence: float) -> dict[str, Any]:
    chosen_by = leaderboard.criterion(board)
    rows = [
        {
            "model": row["model"],
            "selected": bool(row["selected"]),
            "untrained": row["weights"] == "random",
            "weights": leaderboard.weights_name(row),
            "validation": figures.plain(row[f"val_{chosen_by.key}"], share=chosen_by.share),
            "difference": leaderboard.difference(row, chosen_by),
            "headline": leaderboard.estimate(row, chosen_by),
            "test": [leaderboard.estimate(row, measure) for measure in leaderboard.SHOWN],
        }
        for _, row in board.iterrows()
    ]
    return {
        "board": rows,
        "best": next((row for row in rows if row["selected"]), None),
        "measures": [measure.name for measure in leaderboard.SHOWN],
        "caption": leaderboard.caption(board, confidence=confidence),
        "confidence": figures.confidence_name(confidence),
        "criterion": chosen_by.name,
        "comparison": plots.intervals(board, chosen_by.key, name=chosen_by.name, share=chosen_by.share),
    }


def _data(run: Run) -> dict[str, Any]:
    counts = funnel.split_counts(run)
    groups = run.split.groupby("split")["group"].nunique().reindex(counts.columns, fill_value=0)
    return {
        "steps": funnel.steps(run),
        "splits": list(zip(counts.columns, counts.sum().tolist(), groups.tolist(), strict=True)),
        "classes": _class_rows(run, counts),
        "bars": plots.class_bars(run.classes),
        "sources": _records(funnel.sources(run)),
    }


def _class_rows(run: Run, counts: pd.DataFrame) -> list[dict[str, Any]]:
    """Table classes with its photos of each split, largest class first."""
    ordered = run.classes.sort_values(["curated", "label"], ascending=[False, True])
    splits = counts.reindex(ordered["label"], fill_value=0).to_numpy().tolist()
    return [{**row, "splits": of} for row, of in zip(_records(ordered), splits, strict=True)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _models(run: Run, board: pd.DataFrame) -> list[views.View]:
    """In the order of the board."""
    labels, by_slug = funnel.kept_labels(run.classes), {model.slug: model for model in run.models}
    return [views.of(by_slug[row["model"]], labels, selected=bool(row["selected"])) for _, row in board.iterrows()]


def _suite(suite: dict[str, Any]) -> dict[str, Any]:
    results = [{**result, "told": notices.told(result)} for result in suite["results"]]
    failed = [result for result in results if not result["success"]]
    return {"table": suite["table"], "rows": suite["rows"], "results": results, "failed": failed}
