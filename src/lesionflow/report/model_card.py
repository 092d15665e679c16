"""The model card (Mitchell et al. 2019, Model Cards for Model Reporting) of one classifier, filled from the run."""

from collections.abc import Iterator
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from lesionflow.report import (
    figures,
    funnel,
    grids,
    leaderboard,
    licences,
    markdown,
    mistakes,
    notices,
    templating,
    trust_told,
)  # fmt: skip
from lesionflow.report.figures import Measure
from lesionflow.report.grids import Grid
from lesionflow.report.inputs import Model, Run
from lesionflow.report.settings import CardParams

LARGEST = 8
"""Mistakes that are named."""
METRICS = {"accuracy": "accuracy", "macro_f1": "f1", "mcc": "matthews_correlation", "macro_auroc": "roc_auc"}
"""Metric types of the Hugging Face Hub by keys of the metrics files; others go by their own key."""
IN_HEADER = 6
"""Measures in the header, of `figures.MEASURES`."""


def render(run: Run, told: CardParams, *, confidence: float) -> str:
    """The card as Markdown, with the Hugging Face metadata as its YAML header. The same run gives the same text.

    Parameters
    ----------
    run : with the one classifier whose card it is.
    told : what only people know; where they say nothing, the card says so.
    confidence : level of the intervals, 0-1.
    """
    (model,) = run.models
    used = funnel.sources(run.data).query("used > 0")
    applying = sorted({str(model.backbone["licence"]), *map(str, used["licence"])})
    labels = funnel.kept_labels(run.data.classes)
    values = {
        "header": _header(model, run, applying),
        "model": model,
        "told": told,
        "facts": grids.facts({key: value for key, value in model.backbone.items() if key != "preprocessing"}),
        "training": grids.facts({key: value for key, value in model.training.items() if key != "model"}),
        "labels": labels,
        "parts": list(run.data.split["split"].value_counts().reindex(["train", "val", "test"], fill_value=0).items()),
        "sources": list(zip(used["source"], used["licence"], used["attribution"], used["used"], strict=True)),
        "confidence": figures.confidence_name(confidence),
        "comparison": _comparison(run),
        "measures": _table(_measures(model.metrics)),
        "per_class": _table(grids.grid(model.per_class)),
        "mistakes": mistakes.largest(mistakes.counts(model.confusion, labels, name=model.slug), labels, most=LARGEST),
        "warnings": notices.of(run),
        **_trust(model),
        "verdict": model.explained.get("verdict"),
    }
    return templating.markdown().get_template("model_card.md").render(**values)


def _trust(model: Model) -> dict[str, Any]:
    worst = trust_told.worst(model.worst["worst"], model.metrics["test"])
    found = model.calibration
    return {
        "errors": _table(trust_told.errors(found)),
        "sets": trust_told.sets(found["sets"]),
        "answering": trust_told.answering(found["abstention"]),
        "outliers": trust_told.outliers(model.outliers),
        "worst": _table(worst) if worst.rows else "",
        "subgroups": _table(trust_told.subgroups(model.subgroups)) if len(model.subgroups) else "",
    }


def _header(model: Model, run: Run, applying: list[str]) -> str:
    timm = [] if model.untrained else [f"timm/{name}" for name in str(model.backbone["timm"]).split(" and ")]
    found = ModelCardData(
        model_name=model.slug,
        pipeline_tag="image-classification",
        tags=["medical", "dermatology", "lesionflow"],
        base_model=timm or None,
        metrics=[METRICS.get(measure.key, measure.key) for measure, _ in _evaluated(model)],
        eval_results=list(_results(model, run)),
        **licences.header(applying),  # type: ignore[arg-type]
    )
    return str(found.to_yaml())


def _results(model: Model, run: Run) -> Iterator[EvalResult]:
    sources = ", ".join(sorted({figures.one_line(str(one)) for one in run.data.manifest["source"]}))
    for measure, value in _evaluated(model):
        yield EvalResult(
            task_type="image-classification",
            dataset_type="lesionflow",
            dataset_name=f"test part of {sources}",
            dataset_split="test",
            metric_type=METRICS.get(measure.key, measure.key),
            metric_name=f"{measure.name} (test)",
            metric_value=round(value, 6),
        )


def _evaluated(model: Model) -> list[tuple[Measure, float]]:
    """The measures of the header that are defined, with their values on test."""
    test = model.metrics["test"]
    shown = [measure for measure in figures.measures_of(test) if measure in figures.MEASURES[:IN_HEADER]]
    return [(one, float(test[one.key]["value"])) for one in shown if figures.defined(test[one.key]["value"])]


def _comparison(run: Run) -> str:
    board = leaderboard.build(run.models, run.comparison)
    row, measure = board.iloc[0], leaderboard.criterion(board)
    if row["verdict"] == "best":
        return f"Of the classifiers of its run it has the best {measure.name} on validation, by which the run selects."
    best = run.comparison["best"] or "none"
    return (
        f"The run selects {best}, by {measure.name} on validation. Against that one, on the same test photos: "
        f"{leaderboard.difference(row, measure)} (after Holm's correction for the number of classifiers)."
    )


def _measures(metrics: dict[str, Any]) -> Grid:
    rows = [
        [measure.name, figures.interval(metrics["test"][measure.key], share=measure.share)]
        for measure in figures.measures_of(metrics["test"])
    ]
    return Grid(["Measure", "Test"], rows)


def _table(grid: Grid) -> str:
    rows = [[figures.words(row[0]), *row[1:]] for row in grid.rows]
    return markdown.table(grid.heads, rows)
