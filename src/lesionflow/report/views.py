"""A model as its page shows it: texts and charts, ready for the template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from lesionflow.report import figures, funnel, mistakes, plots, trust
from lesionflow.report.drawing import Chart
from lesionflow.report.inputs import Model, Run
from lesionflow.report.mistakes import Mistake
from lesionflow.report.trust import Grid

LARGEST = 8
"""Mistakes that are named."""
FEW = 8
"""Figures of one kind that are told in a line."""


@dataclass(frozen=True)
class View:
    """What the template shows of one model."""

    slug: str
    selected: bool
    untrained: bool
    facts: list[tuple[str, str]]
    measures: Grid
    training: list[tuple[str, str]]
    loss: Chart | None
    accuracy: Chart | None
    matrix: Chart
    mistakes: list[Mistake]
    counts: Grid
    per_class: Grid
    trust: trust.Trust
    gallery: list[dict[str, Any]]
    method: str
    explained: list[tuple[str, str]]
    verdict: dict[str, Any] | None
    """Of the audit for shortcuts: sentences on the checks that fail, and how many checks there are."""

    @property
    def wrong(self) -> list[dict[str, Any]]:
        """The pictured mistakes."""
        return [item for item in self.gallery if item["kind"] == "wrong"]


def in_order(run: Run, board: pd.DataFrame) -> list[View]:
    """The views of all models, in the order of the board."""
    labels, by_slug = funnel.kept_labels(run.data.classes), {model.slug: model for model in run.models}
    return [of(by_slug[row["model"]], labels, selected=bool(row["selected"])) for _, row in board.iterrows()]


def of(model: Model, labels: Sequence[str], *, selected: bool) -> View:
    """The view of one model; `labels` are the kept classes in the order of class_id."""
    table = mistakes.counts(model.confusion, labels, name=model.slug)
    return View(
        slug=model.slug,
        selected=selected,
        untrained=model.untrained,
        facts=_facts(model),
        measures=_measures(model.metrics),
        training=facts({key: value for key, value in model.training.items() if key != "model"}),
        loss=_curves(model, "loss"),
        accuracy=_curves(model, "accuracy"),
        matrix=plots.confusion_matrix(table, labels, name=model.slug),
        mistakes=mistakes.largest(table, labels, most=LARGEST),
        counts=Grid(list(labels), [[label, *map(str, row)] for label, row in zip(labels, table, strict=True)]),
        per_class=grid(model.per_class),
        trust=trust.of(model),
        gallery=model.gallery["items"],
        method=" at ".join(str(model.gallery[key]) for key in ("method", "target_layer") if model.gallery.get(key)),
        explained=facts({key: value for key, value in model.explained.items() if key != "model" and _short(value)}),
        verdict=_verdict(model.explained),
    )


def _short(value: Any) -> bool:
    """Whether a value can be told on a line: one figure, or a few by name."""
    if isinstance(value, dict):
        return len(value) <= FEW and not any(isinstance(part, dict | list) for part in value.values())
    return not isinstance(value, list)


def _verdict(explained: dict[str, Any]) -> dict[str, Any] | None:
    found = explained.get("verdict")
    if found is None:
        return None
    return {"fails": [one["says"] for one in found["fails"]], "checks": len(found["checks"])}


def _curves(model: Model, quantity: str) -> Chart | None:
    if model.history.empty:
        return None
    return plots.curves(model.history, quantity, name=model.slug, kept=model.training.get("best_epoch"))


def _measures(metrics: dict[str, Any]) -> Grid:
    rows = []
    for measure in figures.measures_of(metrics["test"]):
        test = figures.interval(metrics["test"][measure.key], share=measure.share)
        others = [figures.plain(metrics[part].get(measure.key), share=measure.share) for part in ("val", "train")]
        rows.append([measure.name, test, *others])
    return Grid(["Measure", "Test", "Validation", "Train"], rows)


def _facts(model: Model) -> list[tuple[str, str]]:
    """Name, weights and preprocessing of the backbone; what its description does not hold is left out."""
    backbone = dict(model.backbone)
    preprocessing = backbone.pop("preprocessing", {})
    backbone.pop("model", None)
    if model.untrained:
        backbone |= {"weights": "random (untrained)"}
        backbone.pop("trained_on", None)
    size = preprocessing.get("input_size")
    if isinstance(size, list) and len(size) == 3:
        backbone["input_size"] = f"{size[1]} × {size[2]} pixels"
    return facts(backbone)


def facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Named values as pairs of texts; nested ones are told on one line."""
    return [(figures.words(name).capitalize(), _told(value)) for name, value in content.items()]


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{figures.words(name)} {_told(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "none"
    if value is None:
        return figures.UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def grid(frame: pd.DataFrame) -> Grid:
    """Any table by class: column label first, <name>_low and <name>_high drawn into <name>, shares as percents."""
    ends = {f"{name}_{end}" for name in frame for end in ("low", "high")} & set(frame)
    shown = [name for name in map(str, frame) if name != "label" and name not in ends]
    rows = [[str(row["label"]), *(_cell(row, name, frame) for name in shown)] for _, row in frame.iterrows()]
    return Grid(["Class", *(figures.words(name).capitalize() for name in shown)], rows)


def _cell(row: Any, name: str, frame: pd.DataFrame) -> str:
    if not is_numeric_dtype(frame[name]):
        return str(row[name])
    value = float(row[name])
    if {f"{name}_low", f"{name}_high"} <= set(frame):
        return figures.interval({"value": value, "low": row[f"{name}_low"], "high": row[f"{name}_high"]})
    if is_integer_dtype(frame[name]):
        return f"{value:,.0f}"
    # Shares lie between 0 and 1; a coefficient such as MCC does not always.
    return figures.plain(value, share=bool(frame[name].dropna().between(0, 1).all()))
