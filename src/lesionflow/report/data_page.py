"""What the pages say of the photos: the funnel, classes, whom they show, sources, suites."""

from typing import Any

import pandas as pd

from lesionflow.report import distributions, funnel, notices, plots, shortlist
from lesionflow.report.inputs import Data, Run


def counted(data: Data) -> dict[str, Any]:
    """The funnel and the parts of the split."""
    counts = funnel.split_counts(data)
    groups = data.split.groupby("split")["group"].nunique().reindex(counts.columns, fill_value=0)
    return {
        "steps": funnel.steps(data),
        "splits": list(zip(counts.columns, counts.sum().tolist(), groups.tolist(), strict=True)),
    }


def of(run: Run) -> dict[str, Any]:
    """The values of the data page's template, besides those of `counted`."""
    data = run.data
    return {
        "classes": _class_rows(data),
        "bars": plots.class_bars(data.classes),
        "distributions": distributions.of(data),
        "sources": _records(funnel.sources(data)),
        "highlights": run.highlights,
        "review": shortlist.of(data.review, data.review_counts),
    }


def suites(data: Data) -> list[dict[str, Any]]:
    """The expectation suites, each result told in words."""
    return [_suite(suite) for suite in data.suites]


def _suite(suite: dict[str, Any]) -> dict[str, Any]:
    results = [{**result, "told": notices.told(result)} for result in suite["results"]]
    failed = [result for result in results if not result["success"]]
    return {"table": suite["table"], "rows": suite["rows"], "results": results, "failed": failed}


def _class_rows(data: Data) -> list[dict[str, Any]]:
    """Table classes with its photos of each split, largest class first."""
    ordered = data.classes.sort_values(["curated", "label"], ascending=[False, True])
    splits = funnel.split_counts(data).reindex(ordered["label"], fill_value=0).to_numpy().tolist()
    return [{**row, "splits": of} for row, of in zip(_records(ordered), splits, strict=True)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
