"""The leaderboard: ordered by what selection may look at, the validation split; the test figures stand beside it."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lesionflow.report import figures
from lesionflow.report.figures import Measure
from lesionflow.report.inputs import Model
from lesionflow.report.notices import Notice

CRITERION = "balanced_accuracy"
SHOWN = figures.HEADLINE
IDENTITY = ("model", "weights", "trained_on", "test_photos", "test_groups")


def build(models: Sequence[Model]) -> pd.DataFrame:
    """One row a model, best validation balanced accuracy first; models that tie, or have none, in the order given.

    Columns: model, selected, weights, trained_on, val_balanced_accuracy, test_photos, test_groups, then each test
    measure with its `_low` and `_high`. Shares and MCC are plain numbers, undefined ones missing.
    """
    board = pd.DataFrame([_row(model) for model in models])
    # As floats, because a column of None alone would have no order.
    board = board.astype(dict.fromkeys(set(board) - set(IDENTITY), float))
    board = board.sort_values(f"val_{CRITERION}", ascending=False, na_position="last", kind="stable", ignore_index=True)
    board.insert(1, "selected", [place == 0 and figures.defined(board[f"val_{CRITERION}"][0]) for place in board.index])
    return board


def _row(model: Model) -> dict[str, Any]:
    test = model.metrics["test"]
    row = {
        "model": model.slug,
        "weights": model.backbone["weights"],
        "trained_on": "" if model.untrained else model.backbone.get("trained_on", ""),
        f"val_{CRITERION}": model.metrics["val"][CRITERION],
        "test_photos": test["photos"],
        "test_groups": test["groups"],
    }
    for measure in figures.measures_of(test):
        estimate = test[measure.key]
        row |= {measure.key: estimate["value"]}
        row |= {f"{measure.key}_low": estimate["low"], f"{measure.key}_high": estimate["high"]}
    return row


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
    return (
        "Ordered by balanced accuracy on the validation split, which alone selects the model. The other figures are of "
        f"the test split, read once: {figures.count(photos, 'photo')} of {figures.count(groups, 'leakage group')} "
        f"(patient, lesion or duplicates), with {figures.confidence_name(confidence)} intervals in brackets."
    )


def to_csv(board: pd.DataFrame) -> str:
    """The board as CSV with plain numbers; undefined figures are empty."""
    return board.to_csv(index=False, lineterminator="\n")


def to_markdown(board: pd.DataFrame, notices: Sequence[Notice], *, confidence: float) -> str:
    """The board as Markdown whose columns also stand aligned in a terminal, then its caption and the warnings."""
    heads = ["Model", "Backbone trained on", "Validation bal. acc.", *(measure.name for measure in SHOWN)]
    rows = [_cells(row) for _, row in board.iterrows()]
    selected = board.loc[board["selected"], "model"]
    verdict = f"Selected: {selected.iloc[0]}." if len(selected) else "Selected: none; validation figures are undefined."
    told = [f"- **{_safe(notice.title)}**: {_safe(notice.text)}" for notice in notices]
    parts = [
        "# Leaderboard",
        markdown_table(heads, rows, left=2),
        verdict,
        _wrapped(caption(board, confidence=confidence)),
    ]
    return "\n\n".join([*parts, *(["\n".join(map(_wrapped, told))] if told else [])]) + "\n"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 120, subsequent_indent="  " if text.startswith("- ") else "", break_on_hyphens=False)


def _cells(row: Any) -> list[str]:
    validation = figures.plain(row[f"val_{CRITERION}"])
    mark = " (selected)" if row["selected"] else ""
    return [f"{row['model']}{mark}", weights_name(row), validation, *(estimate(row, measure) for measure in SHOWN)]


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> str:
    r"""A Markdown table, padded; the first `left` columns read from the left, the others from the right.

    >>> print(markdown_table(["a", "b"], [["x|y", "1"]], left=1))
    | a    |  b |
    | :--- | -: |
    | x\|y |  1 |
    """
    cells = [[_safe(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(2, *(len(row[column]) for row in cells)) for column in range(len(heads))]
    rule = [f":{'-' * (width - 1)}" if place < left else f"{'-' * (width - 1)}:" for place, width in enumerate(widths)]
    lines = [
        [
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def _safe(cell: str) -> str:
    """Text that stays text, in its cell: no pipe, line break or markup of its own."""
    return " ".join(str(cell).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").split())
