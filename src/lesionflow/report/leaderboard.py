"""The leaderboard: ordered by what selection may look at, the validation split; the test figures stand beside it."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lesionflow.errors import LesionflowError
from lesionflow.report import figures, markdown
from lesionflow.report.figures import Measure
from lesionflow.report.inputs import Model
from lesionflow.report.notices import Notice

SHOWN = figures.MEASURES[:5]
IDENTITY = ("model", "weights", "trained_on", "test_photos", "test_groups", "verdict")


def build(models: Sequence[Model], comparison: Mapping[str, Any]) -> pd.DataFrame:
    """One row a model, the best on validation first; models that tie, or have no figure, in the order given.

    Columns: model, selected, weights, trained_on, val_<criterion>, test_photos, test_groups, then the test difference
    from the best model with its verdict, then each test measure with its `_low` and `_high`. Shares and MCC are plain
    numbers, undefined ones missing.

    Parameters
    ----------
    comparison : of reports/comparison.json.

    Raises
    ------
    LesionflowError : a model that was not compared.
    """
    validation = f"val_{comparison['criterion']}"
    board = pd.DataFrame([_row(model, comparison) for model in models])
    # As floats, because a column of None alone would have no order.
    board = board.astype(dict.fromkeys(set(board) - set(IDENTITY), float))
    board = board.sort_values(validation, ascending=False, na_position="last", kind="stable", ignore_index=True)
    board.insert(1, "selected", [place == 0 and figures.defined(board[validation][0]) for place in board.index])
    return board


def criterion(board: pd.DataFrame) -> Measure:
    """What the board is ordered by: the measure of its one column `val_<key>`."""
    key = next(name for name in map(str, board) if name.startswith("val_")).removeprefix("val_")
    return next(measure for measure in figures.MEASURES if measure.key == key)


def _row(model: Model, comparison: Mapping[str, Any]) -> dict[str, Any]:
    test, criterion = model.metrics["test"], comparison["criterion"]
    row = {
        "model": model.slug,
        "weights": model.backbone["weights"],
        "trained_on": "" if model.untrained else model.backbone.get("trained_on", ""),
        f"val_{criterion}": model.metrics["val"][criterion],
        "test_photos": test["photos"],
        "test_groups": test["groups"],
        **_difference(model.slug, comparison),
    }
    for measure in figures.measures_of(test):
        estimate = test[measure.key]
        row |= {measure.key: estimate["value"]}
        row |= {f"{measure.key}_low": estimate["low"], f"{measure.key}_high": estimate["high"]}
    return row


def _difference(slug: str, comparison: Mapping[str, Any]) -> dict[str, Any]:
    """By the criterion, on test, from the best model; of that model itself nothing but its verdict."""
    if slug not in comparison["models"]:
        raise LesionflowError(
            f"reports/comparison.json: model {slug}",
            got=f"none of it, but of {', '.join(comparison['models'])}",
            expected="every active model",
            remedy="Run `dvc repro compare`.",
        )
    compared = comparison["models"][slug]
    found = compared.get(comparison["criterion"], {})
    ends = {"": "value", "_low": "low", "_high": "high", "_p_holm": "p_holm"}
    return {"verdict": compared["verdict"], **{f"difference{end}": found.get(key) for end, key in ends.items()}}


VERDICTS = {
    "best": "the best on validation",
    "noise": "noise",
    "worse": "worse",
    "better": "better",
    "not available": figures.UNDEFINED,
}


def difference(row: Any, measure: Measure) -> str:
    """How a model differs from the best one, in points, and whether that is more than noise."""
    verdict = VERDICTS[row["verdict"]]
    if row["verdict"] == "best" or not figures.defined(row["difference"]):
        return verdict
    estimate = {"value": row["difference"], "low": row["difference_low"], "high": row["difference_high"]}
    return f"{figures.signed_interval(estimate, share=measure.share)}, {verdict}"


def estimate(row: Any, measure: Measure) -> str:
    """A test figure of one row (a Series) with its interval, for people."""
    ends = {end: row[f"{measure.key}_{end}"] for end in ("low", "high")}
    return figures.interval({"value": row[measure.key], **ends}, share=measure.share)


def weights_name(row: Any) -> str:
    """What the backbone of one row knows: its training data, or that it knows nothing."""
    return "RANDOM, untrained" if row["weights"] == "random" else str(row["trained_on"] or row["weights"])


def caption(board: pd.DataFrame, *, confidence: float) -> str:
    """What a reader must know to read the board."""
    photos, groups = int(board["test_photos"].iloc[0]), int(board["test_groups"].iloc[0])
    measure, level = criterion(board), figures.confidence_name(1 - confidence)
    name, points = (measure.name.lower(), ", in points") if measure.share else (measure.name, "")
    return (
        f"Ordered by {name} on the validation split, which alone selects the model. The other figures are of the test "
        f"split, read once: {figures.count(photos, 'photo')} of {figures.count(groups, 'leakage group')} "
        f"(patient, lesion or duplicates), with {figures.confidence_name(confidence)} intervals in brackets. "
        f"Differences are of {name}{points}, from the model that is best on validation, on the same resampled groups; "
        f"noise: not significant at {level} after Holm's correction for the number of models."
    )


def to_csv(board: pd.DataFrame) -> str:
    """The board as CSV with plain numbers; undefined figures are empty."""
    return board.to_csv(index=False, lineterminator="\n")


def to_markdown(board: pd.DataFrame, notices: Sequence[Notice], *, confidence: float) -> str:
    """The board as Markdown whose columns also stand aligned in a terminal, then its caption and the warnings."""
    chosen_by = criterion(board)
    heads = ["Model", "Backbone trained on", f"Validation {chosen_by.name.lower()}", "Difference from the best"]
    heads += [measure.name for measure in SHOWN]
    rows = [_cells(row, chosen_by) for _, row in board.iterrows()]
    selected = board.loc[board["selected"], "model"]
    verdict = f"Selected: {selected.iloc[0]}." if len(selected) else "Selected: none; validation figures are undefined."
    told = [f"- **{markdown.text(notice.title)}**: {markdown.text(notice.text)}" for notice in notices]
    parts = [
        "# Leaderboard",
        markdown.table(heads, rows, left=2),
        verdict,
        _wrapped(caption(board, confidence=confidence)),
    ]
    return "\n\n".join([*parts, *(["\n".join(map(_wrapped, told))] if told else [])]) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False)


def _cells(row: Any, chosen_by: Measure) -> list[str]:
    validation = figures.plain(row[f"val_{chosen_by.key}"], share=chosen_by.share)
    mark = " (selected)" if row["selected"] else ""
    identity = [f"{row['model']}{mark}", weights_name(row), validation, difference(row, chosen_by)]
    return [*identity, *(estimate(row, measure) for measure in SHOWN)]
