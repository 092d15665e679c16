"""A model as its section of the page shows it: texts and charts, ready for the template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from lesionflow.report import figures, mistakes, plots, trust
from lesionflow.report.inputs import Model
from lesionflow.report.mistakes import Mistake
from lesionflow.report.plots import Chart
from lesionflow.report.trust import Grid

LARGEST = 8
"""Mistakes that are named."""
EXPLAINED = ("view", "held_constant", "layer_scores", "method_scores", "maps", "blank_maps")
"""Of reports/explain; the rest has a page of its own."""


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
        explained=facts({key: model.explained[key] for key in EXPLAINED if key in model.explained}),
    )


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
