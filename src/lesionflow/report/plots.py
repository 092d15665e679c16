"""Charts of a run's photos and classifiers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lesionflow.report import drawing
from lesionflow.report.drawing import ACCENT, INK, LINE, SECOND, Chart

COUNTS_UP_TO = 20
"""Classes up to which the cells of a confusion matrix carry their counts; in a larger one they could not be read."""


def class_bars(classes: pd.DataFrame) -> Chart:
    """Photos of each class in the manifest (outline) and after curation (filled; not learned: in another colour)."""
    shown = classes.assign(after=classes["used"].where(classes["verdict"] == "keep", classes["curated"]))
    rows = shown.sort_values(["after", "label"], ascending=[True, False]).to_dict("list")
    places, kept = range(len(classes)), [verdict == "keep" for verdict in rows["verdict"]]
    told = {"keep": "", "drop": " (dropped)", "merge": " (merged)"}
    with drawing.canvas(6.2, 0.7 + 0.27 * len(classes)) as (figure, axes):
        axes.barh(places, rows["in_manifest"], height=0.72, color="none", edgecolor=LINE, linewidth=1)
        axes.barh(places, rows["after"], height=0.72, color=[ACCENT if keep else SECOND for keep in kept])
        for place, before, after in zip(places, rows["in_manifest"], rows["after"], strict=True):
            text = f"{before:,} → {after:,}{told[rows['verdict'][place]]}"
            axes.annotate(text, (max(before, after), place), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(places, [drawing.short(label) for label in rows["label"]])
        axes.set(ylim=(-0.6, len(places) - 0.4), xlim=(0, 1.25 * max(*rows["in_manifest"], *rows["after"], 1)))
        axes.set_xlabel("photos")
        axes.tick_params(axis="y", length=0)
        alt = (
            f"Bars of photos a class, in the manifest and after curation; {sum(kept)} of {len(kept)} classes are kept."
        )
        return drawing.chart(figure, "class bars", alt)


def curves(history: pd.DataFrame, quantity: str, *, name: str, kept: float | None = None) -> Chart:
    """`quantity` (loss or accuracy) of train and val over the epochs; the epoch that was kept is marked.

    Without `kept`, that is the one of the best validation loss.
    """
    place = int(history["val_loss"].to_numpy().argmin() if kept is None else (history["epoch"] == kept).argmax())
    best = float(history["epoch"].iloc[place])
    values = {part: history[f"{part}_{quantity}"] for part in ("train", "val")}
    looks: dict[str, dict[str, Any]] = {"train": {"color": SECOND, "dashes": (4, 2)}, "val": {"color": ACCENT}}
    with drawing.canvas(4.3, 2.5) as (figure, axes):
        axes.axvline(best, color=LINE, linewidth=1)
        for part, look in looks.items():
            axes.plot(history["epoch"], values[part], linewidth=1.6, marker="o", markersize=2, label=part, **look)
        axes.set(xlabel=f"epoch (line: epoch {best:g}, kept)", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color=LINE, linewidth=0.5, alpha=0.6)
        axes.legend(frameon=False, labelcolor=INK, handlelength=3)
        last = ", ".join(f"{part} {column.iloc[place]:.3f}" for part, column in values.items())
        return drawing.chart(
            figure, f"{name} {quantity}", f"Learning curve of {quantity}; at the kept epoch {best:g}: {last}."
        )


def intervals(board: pd.DataFrame, key: str, *, name: str, share: bool = True) -> Chart:
    """A test figure of each model (dot) with its interval (line), and the same on validation (diamond)."""
    rows, scale = board.iloc[::-1].reset_index(drop=True), 100 if share else 1
    with drawing.canvas(6.2, 0.75 + 0.34 * len(rows)) as (figure, axes):
        axes.hlines(rows.index, scale * rows[f"{key}_low"], scale * rows[f"{key}_high"], color=ACCENT, linewidth=2)
        axes.plot(scale * rows[key], rows.index, "o", color=ACCENT, markersize=6, label="test, with interval")
        axes.plot(scale * rows[f"val_{key}"], rows.index, "D", mec=SECOND, mfc="none", markersize=5, label="validation")
        axes.set_yticks(rows.index, [drawing.cut(slug) for slug in rows["model"]])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=LINE, linewidth=0.5, alpha=0.6)
        axes.set_xlabel(f"{name}, %" if share else name)
        axes.legend(frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        return drawing.chart(
            figure, f"intervals {key}", f"{name} of {len(rows)} models with intervals; the table has the figures."
        )


def confusion_matrix(counts: NDArray[np.int64], labels: Sequence[str], *, name: str) -> Chart:
    """Counts by truth (rows) and prediction (columns), shaded by the share of the truth's photos.

    Only cells that hold a photo are drawn: among many classes most are empty.
    """
    size, names = len(labels), [drawing.short(label) for label in labels]
    numbered = size <= COUNTS_UP_TO
    cell = 0.3 if numbered else 0.19
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    with drawing.canvas(2.4 + cell * size, 2.1 + cell * size) as (figure, axes):
        for row, column in zip(*counts.nonzero(), strict=True):
            _cell(axes, row, column, float(shares[row, column]), int(counts[row, column]), label=numbered)
        axes.set_xticks(range(size), names, rotation=55, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), names)
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="predicted", ylabel="truth", aspect="equal")
        axes.tick_params(length=0)
        axes.spines[["top", "right"]].set_visible(True)
        alt = f"Confusion matrix of {size} classes: {counts.trace()} of {counts.sum()} test photos on the diagonal."
        return drawing.chart(figure, f"{name} confusion", alt)


def _cell(axes: Axes, row: int, column: int, share: float, count: int, *, label: bool) -> None:
    colour = ACCENT if row == column else SECOND
    # At half strength at most, so that the number keeps its contrast in both themes.
    shade = round(0.08 + 0.42 * share, 3)
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=shade, linewidth=0))
    if label:
        axes.text(column, row, str(count), ha="center", va="center", fontsize=7)


def distribution(counts: pd.DataFrame, *, name: str) -> Chart:
    """Of a trait's values, the share of the manifests' rows (outline) and of the photos that are used (filled).

    Parameters
    ----------
    counts : columns value, manifest, train, val, test.
    """
    used = counts[["train", "val", "test"]].sum(axis="columns")
    before, after = (part / max(1, part.sum()) for part in (counts["manifest"], used))
    places = range(len(counts))
    with drawing.canvas(6.2, 0.7 + 0.25 * len(counts)) as (figure, axes):
        axes.barh(places, 100 * before, height=0.72, color="none", edgecolor=LINE, linewidth=1)
        axes.barh(places, 100 * after, height=0.72, color=ACCENT)
        for place, now, then in zip(places, 100 * after, 100 * before, strict=True):
            axes.annotate(f"{now:.1f} %", (max(now, then), place), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(places, [drawing.short(value) for value in counts["value"]])
        axes.set(ylim=(len(places) - 0.4, -0.6), xlim=(0, 115 * max(before.max(), after.max(), 0.01)))
        axes.set_xlabel("% of photos; outline: of the manifests' rows")
        axes.tick_params(axis="y", length=0)
        largest = counts["value"].iloc[int(after.to_numpy().argmax())]
        alt = f"Bars of {name} by share of the photos used; most are {largest} ({100 * after.max():.1f} %)."
        return drawing.chart(figure, f"distribution {name}", alt)
