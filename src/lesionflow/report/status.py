"""The run in a terminal: the funnel, the parts of the split, warnings and the leaderboard."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lesionflow.report import figures, funnel, leaderboard
from lesionflow.report.figures import Measure
from lesionflow.report.inputs import Ledger
from lesionflow.report.notices import Notice

BAR = 24
"""Signs of the longest bar."""
WIDE = 150
"""Columns that all measures of the leaderboard need side by side; a narrower terminal shows the first two."""


def of_photos(ledger: Ledger) -> RenderableType:
    """The funnel from manifest to split: rows after each step, what was lost and why."""
    table = Table(title="Photos, from manifest to split", title_justify="left", box=None, pad_edge=False)
    table.add_column("Step")
    table.add_column("Rows", justify="right")
    table.add_column("", no_wrap=True)
    table.add_column("Lost")
    steps = funnel.steps(ledger)
    for step in steps:
        bar = "█" * round(BAR * step.rows / max(1, steps[0].rows))
        lost = ", ".join(f"{figures.one_line(loss.reason)} {loss.rows:,}" for loss in step.losses)
        table.add_row(step.name, f"{step.rows:,}", Text(bar, "cyan"), Text(lost))
    return Group(table, Padding(_parts(ledger), (1, 0)))


def of_models(board: pd.DataFrame, warnings: Sequence[Notice], *, confidence: float, width: int) -> RenderableType:
    """The warnings, then the leaderboard with intervals, and how it is to be read.

    Parameters
    ----------
    board, warnings, confidence : as `pages.render` takes them.
    width : of the terminal, columns.
    """
    measures = leaderboard.SHOWN if width >= WIDE else leaderboard.SHOWN[:2]
    return Group(
        *_warned(warnings), _board(board, measures), Padding(leaderboard.caption(board, confidence=confidence), (1, 0))
    )


def of_promotion(found: Mapping[str, Any]) -> RenderableType:
    """The last decision on promotion, in a line.

    Parameters
    ----------
    found : as reports/promotion.json holds it: candidate {model}, decision, applied.
    """
    dry = "" if found["applied"] else " (a dry run)"
    return Text(figures.one_line(f"Last promotion: {found['candidate']['model']}, {found['decision']}{dry}."))


def _parts(ledger: Ledger) -> Text:
    counts = funnel.split_counts(ledger).sum()
    told = ", ".join(f"{name} {int(photos):,}" for name, photos in counts.items())
    kept = figures.count(len(funnel.kept_labels(ledger.classes)), "class", "classes")
    return Text(f"Split: {told}; {kept} of {len(ledger.classes):,} kept.")


def _warned(warnings: Sequence[Notice]) -> Iterator[RenderableType]:
    for notice in warnings:
        yield Text.assemble((f"{figures.one_line(notice.title)}: ", "bold yellow"), figures.one_line(notice.text))
    if warnings:
        yield Text()


def _board(board: pd.DataFrame, measures: Sequence[Measure]) -> Table:
    chosen_by = leaderboard.criterion(board)
    table = Table(title="Leaderboard", title_justify="left", box=None, pad_edge=False)
    table.add_column("Model")
    for name in (f"Validation {chosen_by.name.lower()}", "Difference from the best"):
        table.add_column(name, justify="right")
    for measure in measures:
        table.add_column(measure.name, justify="right")
    for _, row in board.iterrows():
        model = Text(str(row["model"]), "bold green" if row["selected"] else "")
        validation = figures.plain(row[f"val_{chosen_by.key}"], share=chosen_by.share)
        cells = [validation, leaderboard.difference(row, chosen_by)]
        cells += [leaderboard.estimate(row, measure) for measure in measures]
        table.add_row(model, *map(Text, cells))
    return table
