"""The site that people open: static HTML files, with their pictures beside them and nothing from the web."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup, escape

from lesionflow import files
from lesionflow.report import data_page, figures, grids, overview, templating, views
from lesionflow.report.drawing import Chart
from lesionflow.report.inputs import Run
from lesionflow.report.lineage import Lineage
from lesionflow.report.notices import Notice

SMALLEST = 0.8
"""Of a chart's natural width; below it the letters could not be read."""
FOLDER = "pages"
INDEX = "index.html"
DATA_DOCS = "validation/docs/index.html"


@dataclass(frozen=True)
class Beside:
    """Pages of other stages that a run has, below reports/: explanations by classifier, Data Docs."""

    explanations: Mapping[str, str]
    data_docs: str | None


def beside(reports: Path, slugs: Sequence[str]) -> Beside:
    """What stands in `reports` already."""
    explanations = {slug: f"explanation/{slug}/{INDEX}" for slug in slugs}
    return Beside(
        {slug: quote(path) for slug, path in explanations.items() if (reports / path).is_file()},
        DATA_DOCS if (reports / DATA_DOCS).is_file() else None,
    )


def render(
    run: Run, board: pd.DataFrame, warnings: Sequence[Notice], lineage: Lineage, others: Beside, *, confidence: float
) -> dict[str, str]:
    """Every page as HTML, by its address below reports/. The same run gives the same text.

    Parameters
    ----------
    board : from `leaderboard.build`, of the same models.
    warnings : from `notices.of`, of the same run.
    confidence : level of the intervals, 0-1.
    """
    made = templating.environment({"chart": _chart})
    models = views.in_order(run, board)
    shared = {
        "slugs": [model.slug for model in models],
        "address": {model.slug: quote(f"{FOLDER}/{_file_of(model.slug)}") for model in models},
        "confidence": figures.confidence_name(confidence),
    }
    counted = data_page.counted(run.data)
    suites = data_page.suites(run.data)
    front = overview.of(run, board, models, suites, confidence=confidence)
    inner = shared | {"home": "../"}
    pages = {
        INDEX: _page(made, INDEX, shared, {"home": "", "notices": warnings, **counted, **front}),
        f"{FOLDER}/data.html": _page(made, "data.html", inner, {**counted, **data_page.of(run)}),
        f"{FOLDER}/validation.html": _page(
            made, "validation.html", inner,
            {"suites": suites, "leakage": grids.facts(run.data.leakage), "data_docs": others.data_docs},
        ),
        f"{FOLDER}/lineage.html": _page(made, "lineage.html", inner, {"lineage": lineage}),
    }  # fmt: skip
    for model in models:
        content = {"model": model, "explanation": others.explanations.get(model.slug)}
        pages[f"{FOLDER}/{_file_of(model.slug)}"] = _page(made, "model.html", inner, content)
    return pages


def write(made: Mapping[str, str], reports: Path) -> None:
    """Write the pages below `reports`: the folder of the inner ones as a whole, then the first one."""
    with files.atomic(reports / FOLDER) as partial:
        partial.mkdir()
        for path, html in made.items():
            if path != INDEX:
                (partial / path.removeprefix(f"{FOLDER}/")).write_text(html, encoding="utf-8", newline="\n")
    files.write_text(made[INDEX], reports / INDEX)


def _file_of(slug: str) -> str:
    return f"model-{slug}.html"


def _page(made: Environment, template: str, shared: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    return made.get_template(template).render(**shared, **content)


def _chart(chart: Chart) -> Markup:
    """A chart with its text alternative, wide enough to be read; on a phone it scrolls."""
    # drawing.py makes the element and escapes every text in it.
    svg = Markup(chart.svg)  # noqa: S704
    return Markup(
        '<div class="scroll" tabindex="0" role="group" aria-label="Chart">'
        '<div class="chart" role="img" aria-label="{}" style="max-width:{}px;min-width:{}px">{}</div></div>'
    ).format(escape(chart.alt), chart.width, round(chart.width * SMALLEST), svg)
