"""A model as its page shows it: texts and charts, ready for the template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lesionflow.report import figures, funnel, grids, mistakes, plots, trust
from lesionflow.report.drawing import Chart
from lesionflow.report.grids import Grid
from lesionflow.report.inputs import Model, Run
from lesionflow.report.mistakes import Mistake

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
        training=grids.facts({key: value for key, value in model.training.items() if key != "model"}),
        loss=_curves(model, "loss"),
        accuracy=_curves(model, "accuracy"),
        matrix=plots.confusion_matrix(table, labels, name=model.slug),
        mistakes=mistakes.largest(table, labels, most=LARGEST),
        counts=Grid(list(labels), [[label, *map(str, row)] for label, row in zip(labels, table, strict=True)]),
        per_class=grids.grid(model.per_class),
        trust=trust.of(model),
        gallery=model.gallery["items"],
        method=" at ".join(str(model.gallery[key]) for key in ("method", "target_layer") if model.gallery.get(key)),
        explained=grids.facts(_in_short(model.explained)),
        verdict=_verdict(model.explained),
    )


def _in_short(explained: dict[str, Any]) -> dict[str, Any]:
    """What can be told on a line: one figure, or a few by name."""
    return {name: value for name, value in explained.items() if name != "model" and _fits(value)}


def _fits(value: Any) -> bool:
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
    return grids.facts(backbone)
