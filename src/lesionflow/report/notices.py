"""What a reader must know before any figure: warnings that follow from the run itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lesionflow.report import figures, funnel, mistakes
from lesionflow.report.inputs import Ledger, Model, Run

FAILED_SHARE = 0.01
"""Of the manifest's rows; losing more may change what the photos stand for."""
SMALL_TEST = 300
"""Leakage groups; with fewer, the 95 % interval of a share near 80 % is wider than about 9 points (1.96 * 2 *
sqrt(0.8 * 0.2 / 300))."""


@dataclass(frozen=True)
class Notice:
    """One warning: its heading, and the sentence that says what follows."""

    title: str
    text: str


def of(run: Run) -> list[Notice]:
    """The warnings of a run, weightiest first."""
    return [
        *_synthetic(run),
        *_untrained(run),
        *_failed(run),
        *_small_test(run),
        *_memorising(run),
        *_too_few(run),
        *_collapsed(run),
        *_shortcuts(run),
        *_suites(run),
    ]


def is_synthetic(data: Ledger) -> Any:
    """For each row of the manifest (a boolean Series): whether its source, licence or attribution says synthetic."""
    text = data.manifest[["source", "licence", "attribution"]].agg(" ".join, axis="columns")
    return text.str.contains("synthetic", case=False, regex=False)


def _synthetic(run: Run) -> Iterator[Notice]:
    drawn = int(is_synthetic(run.data).sum())
    if drawn:
        rows = len(run.data.manifest)
        share = "All photos are" if drawn == rows else f"{drawn:,} of {rows:,} photos are"
        yield Notice(
            "Synthetic photos",
            f"{share} drawn by a program. The figures show that the pipeline works, and nothing about skin disease.",
        )


def _untrained(run: Run) -> Iterator[Notice]:
    slugs = [model.slug for model in run.models if model.untrained]
    if slugs:
        yield Notice(
            "Untrained backbones",
            f"{', '.join(slugs)}: the backbone's weights are random. Such figures only show that the code runs.",
        )


def _failed(run: Run) -> Iterator[Notice]:
    step = funnel.steps(run.data)[1]
    failed = step.before - step.rows
    if failed > FAILED_SHARE * step.before:
        worst = ", ".join(f"{loss.reason} {loss.rows:,}" for loss in step.losses[:3])
        yield Notice(
            "Photos that did not arrive",
            f"{failed:,} of {step.before:,} rows ({figures.plain(failed / step.before)}) failed: {worst}.",
        )


def _small_test(run: Run) -> Iterator[Notice]:
    test = run.data.split[run.data.split["split"] == "test"]
    groups = test["group"].nunique()
    if groups < SMALL_TEST:
        yield Notice(
            "Small test split",
            f"{figures.count(len(test), 'photo')} of {figures.count(groups, 'leakage group')}: "
            "differences between models within their intervals are no findings.",
        )


def _memorising(run: Run) -> Iterator[Notice]:
    for model in run.models:
        if model.training.get("memorising"):
            train, val = (figures.plain(model.training[f"{part}_accuracy"]) for part in ("train", "val"))
            yield Notice(
                "Training photos learnt by heart",
                f"{model.slug} reached 95 % training accuracy within 10 epochs while validation stood still "
                f"(kept head: {train} on training, {val} on validation).",
            )


def _too_few(run: Run) -> Iterator[Notice]:
    for model in run.models:
        if model.training["collapsed"]:
            names = ", ".join(figures.words(label) for label in model.training["collapsed"])
            yield Notice(
                "Classes collapsed for want of photos",
                f"{model.slug} recognises no validation photo of: {names}. Each has fewer than 150 training photos.",
            )


def _collapsed(run: Run) -> Iterator[Notice]:
    labels = funnel.kept_labels(run.data.classes)
    for model in run.models:
        missed = mistakes.never_recognised(_table(model, labels), labels)
        if missed:
            names = ", ".join(figures.words(label) for label in missed)
            yield Notice("Classes never recognised", f"{model.slug} recognises no test photo of: {names}.")


def _shortcuts(run: Run) -> Iterator[Notice]:
    for model in run.models:
        if model.explained.get("shortcut_audit_fails"):
            found = " ".join(one["says"] for one in model.explained["verdict"]["fails"])
            yield Notice("Shortcuts", f"{model.slug} fails the audit of what it looks at. {found}")


def _table(model: Model, labels: list[str]) -> mistakes.Counts:
    return mistakes.counts(model.confusion, labels, name=model.slug)


def _suites(run: Run) -> Iterator[Notice]:
    for suite in run.data.suites:
        for result in suite["results"]:
            if not result["success"]:
                yield Notice(f"Data check: {suite['table']}", told(result))


def told(result: dict[str, Any]) -> str:
    """One expectation and its outcome in words: column, rule, rows that break it, and why the rule stands."""
    where = f"{result['column']}: " if result["column"] else ""
    rule = figures.words(result["expectation"].removeprefix("expect_").removeprefix("column_"))
    bounds = ", ".join(f"{figures.words(name)} {value}" for name, value in result["rule"].items())
    outcome = "holds" if result["success"] else _broken(result)
    notes = f" ({result['notes']})" if result["notes"] else ""
    return f"{where}{rule}{f' [{bounds}]' if bounds else ''}: {outcome}{notes}"


def _broken(result: dict[str, Any]) -> str:
    if result["unexpected"] is None:
        return f"observed {result['observed']}"
    return f"{figures.count(result['unexpected'], 'row')} {'breaks' if result['unexpected'] == 1 else 'break'} it"
