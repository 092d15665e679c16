"""Charts as SVG to stand inside a page: drawn by matplotlib, coloured by the page, the same bytes for the same data.

Colours are the page's CSS variables, so that a chart follows the reader's light or dark theme; matplotlib draws with
placeholders that `_inline` replaces. Texts stay texts: small, selectable, and in whatever script the labels are.
"""

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lesionflow.report import figures

INK, ACCENT, SECOND, LINE = "#010101", "#010102", "#010103", "#010104"
THEME = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    LINE: "var(--line)",
}
STYLE: Any = {
    "axes.edgecolor": LINE, "axes.labelcolor": INK, "axes.spines.right": False, "axes.spines.top": False,
    "font.family": "sans-serif", "font.size": 8.0, "text.color": INK, "text.parse_math": False,
    "svg.fonttype": "none", "xtick.color": LINE, "xtick.labelcolor": INK, "ytick.color": LINE, "ytick.labelcolor": INK,
}  # fmt: skip
COUNTS_UP_TO = 20
"""Classes up to which the cells of a confusion matrix carry their counts; in a larger one they could not be read."""
LONGEST = 30
"""Signs of a name on an axis; tables show the whole."""


@dataclass(frozen=True)
class Chart:
    """An `<svg>` element, its natural width (CSS pixels), and what it shows in words."""

    svg: str
    width: int
    alt: str


def class_bars(classes: pd.DataFrame) -> Chart:
    """Photos of each class in the manifest (outline) and after curation (filled; not learned: in another colour)."""
    shown = classes.assign(after=classes["used"].where(classes["verdict"] == "keep", classes["curated"]))
    rows = shown.sort_values(["after", "label"], ascending=[True, False]).to_dict("list")
    places, kept = range(len(classes)), [verdict == "keep" for verdict in rows["verdict"]]
    told = {"keep": "", "drop": " (dropped)", "merge": " (merged)"}
    with _figure(6.2, 0.7 + 0.27 * len(classes)) as (figure, axes):
        axes.barh(places, rows["in_manifest"], height=0.72, color="none", edgecolor=LINE, linewidth=1)
        axes.barh(places, rows["after"], height=0.72, color=[ACCENT if keep else SECOND for keep in kept])
        for place, before, after in zip(places, rows["in_manifest"], rows["after"], strict=True):
            text = f"{before:,} → {after:,}{told[rows['verdict'][place]]}"
            axes.annotate(text, (max(before, after), place), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(places, [_short(label) for label in rows["label"]])
        axes.set(ylim=(-0.6, len(places) - 0.4), xlim=(0, 1.25 * max(*rows["in_manifest"], *rows["after"], 1)))
        axes.set_xlabel("photos")
        axes.tick_params(axis="y", length=0)
        alt = (
            f"Bars of photos a class, in the manifest and after curation; {sum(kept)} of {len(kept)} classes are kept."
        )
        return _chart(figure, "class bars", alt)


def curves(history: pd.DataFrame, quantity: str, *, name: str, kept: float | None = None) -> Chart:
    """`quantity` (loss or accuracy) of train and val over the epochs; the epoch that was kept is marked.

    Without `kept`, that is the one of the best validation loss.
    """
    place = int(history["val_loss"].to_numpy().argmin() if kept is None else (history["epoch"] == kept).argmax())
    best = float(history["epoch"].iloc[place])
    values = {part: history[f"{part}_{quantity}"] for part in ("train", "val")}
    looks: dict[str, dict[str, Any]] = {"train": {"color": SECOND, "dashes": (4, 2)}, "val": {"color": ACCENT}}
    with _figure(4.3, 2.5) as (figure, axes):
        axes.axvline(best, color=LINE, linewidth=1)
        for part, look in looks.items():
            axes.plot(history["epoch"], values[part], linewidth=1.6, marker="o", markersize=2, label=part, **look)
        axes.set(xlabel=f"epoch (line: epoch {best:g}, kept)", ylabel=quantity)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color=LINE, linewidth=0.5, alpha=0.6)
        axes.legend(frameon=False, labelcolor=INK, handlelength=3)
        last = ", ".join(f"{part} {column.iloc[place]:.3f}" for part, column in values.items())
        return _chart(
            figure, f"{name} {quantity}", f"Learning curve of {quantity}; at the kept epoch {best:g}: {last}."
        )


def intervals(board: pd.DataFrame, key: str, *, name: str, share: bool = True) -> Chart:
    """A test figure of each model (dot) with its interval (line), and the same on validation (diamond)."""
    rows, scale = board.iloc[::-1].reset_index(drop=True), 100 if share else 1
    with _figure(6.2, 0.75 + 0.34 * len(rows)) as (figure, axes):
        axes.hlines(rows.index, scale * rows[f"{key}_low"], scale * rows[f"{key}_high"], color=ACCENT, linewidth=2)
        axes.plot(scale * rows[key], rows.index, "o", color=ACCENT, markersize=6, label="test, with interval")
        axes.plot(scale * rows[f"val_{key}"], rows.index, "D", mec=SECOND, mfc="none", markersize=5, label="validation")
        axes.set_yticks(rows.index, [_cut(slug) for slug in rows["model"]])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=LINE, linewidth=0.5, alpha=0.6)
        axes.set_xlabel(f"{name}, %" if share else name)
        axes.legend(frameon=False, labelcolor=INK, loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0)
        return _chart(
            figure, f"intervals {key}", f"{name} of {len(rows)} models with intervals; the table has the figures."
        )


def reliability(frame: pd.DataFrame, *, name: str) -> Chart:
    """What came true by what was said, before and after scaling; on the dashed line the two are equal.

    Bins without photos are left out; a dot is larger the more photos its bin holds.
    """
    looks = {"raw": ("as predicted", SECOND), "calibrated": ("calibrated", ACCENT)}
    with _figure(4.3, 2.9) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, dashes=(4, 3))
        for stage, (label, colour) in looks.items():
            rows = frame[(frame["probabilities"] == stage) & (frame["photos"] > 0)]
            if len(rows):
                sizes = 6 + 60 * rows["photos"] / rows["photos"].sum()
                axes.plot(rows["said"], rows["came"], color=colour, linewidth=1.2, label=label)
                axes.scatter(rows["said"], rows["came"], s=sizes, color=colour)
        axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="probability of the answer", ylabel="share that is right")
        axes.legend(frameon=False, labelcolor=INK, loc="upper left")
        return _chart(figure, f"{name} reliability", "Share of right answers by the probability said; the table above.")


def risk(frame: pd.DataFrame, abstention: dict[str, Any], *, name: str) -> Chart:
    """The share of wrong answers by the share of photos answered, surest first; the threshold's own place is marked."""
    coverage, wrong = abstention["coverage"]["value"], abstention["risk"]["value"]
    with _figure(4.3, 2.9) as (figure, axes):
        axes.axhline(abstention["target_risk"], color=LINE, linewidth=1, dashes=(4, 3))
        axes.plot(frame["coverage"], frame["risk"], color=ACCENT, linewidth=1.6)
        if coverage is not None and wrong is not None:
            axes.plot([coverage], [wrong], "o", color=SECOND, markersize=6, label="at the threshold from validation")
            axes.legend(frameon=False, labelcolor=INK, loc="upper left")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05 * max(0.1, frame["risk"].max())), xlabel="share of photos answered")
        axes.set_ylabel("share of wrong answers")
        return _chart(figure, f"{name} risk", "Share of wrong answers by share of test photos answered, surest first.")


def severities(rows: Sequence[Mapping[str, Any]], *, name: str) -> Chart:
    """Accuracy and balanced accuracy, in percent, by the severity of a corruption; 0 is the photos as they are."""
    looks: dict[str, Any] = {
        "accuracy": {"color": SECOND, "dashes": (4, 2)},
        "balanced_accuracy": {"color": ACCENT},
    }
    places = [row["severity"] for row in rows]
    with _figure(2.3, 1.6) as (figure, axes):
        for key, look in looks.items():
            axes.plot(
                places, [100 * row[key]["value"] for row in rows], linewidth=1.6, marker="o", markersize=2, **look
            )
        low, high = ([100 * (row["balanced_accuracy"][end] or 0) for row in rows] for end in ("low", "high"))
        axes.fill_between(places, low, high, color=ACCENT, alpha=0.15, linewidth=0)
        axes.set(ylim=(0, 102), xlabel="severity", ylabel="%")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color=LINE, linewidth=0.5, alpha=0.6)
        return _chart(figure, f"severities {name}", f"Accuracies under {name} by severity; the table has the figures.")


def confusion_matrix(counts: NDArray[np.int64], labels: Sequence[str], *, name: str) -> Chart:
    """Counts by truth (rows) and prediction (columns), shaded by the share of the truth's photos.

    Only cells that hold a photo are drawn: among many classes most are empty.
    """
    size, names = len(labels), [_short(label) for label in labels]
    numbered = size <= COUNTS_UP_TO
    cell = 0.3 if numbered else 0.19
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    with _figure(2.4 + cell * size, 2.1 + cell * size) as (figure, axes):
        for row, column in zip(*counts.nonzero(), strict=True):
            _cell(axes, row, column, float(shares[row, column]), int(counts[row, column]), label=numbered)
        axes.set_xticks(range(size), names, rotation=55, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), names)
        axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), xlabel="predicted", ylabel="truth", aspect="equal")
        axes.tick_params(length=0)
        axes.spines[["top", "right"]].set_visible(True)
        alt = f"Confusion matrix of {size} classes: {counts.trace()} of {counts.sum()} test photos on the diagonal."
        return _chart(figure, f"{name} confusion", alt)


def _cell(axes: Axes, row: int, column: int, share: float, count: int, *, label: bool) -> None:
    colour = ACCENT if row == column else SECOND
    # At half strength at most, so that the number keeps its contrast in both themes.
    shade = round(0.08 + 0.42 * share, 3)
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=shade, linewidth=0))
    if label:
        axes.text(column, row, str(count), ha="center", va="center", fontsize=7)


@contextmanager
def _figure(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of so many inches, outside of pyplot's state and of the user's own matplotlibrc."""
    with mpl.rc_context(), warnings.catch_warnings():
        # A script that matplotlib's own font lacks is measured by a stand-in; the browser has the glyphs.
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support")
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def _chart(figure: Figure, name: str, alt: str) -> Chart:
    mpl.rcParams["svg.hashsalt"] = name  # ids must not meet those of another chart on the page
    content = io.StringIO()
    figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    # matplotlib's unit is the point of 1/72 inch; the page shows 8 points as 12 pixels.
    return Chart(_inline(content.getvalue()), round(figure.get_figwidth() * 72 * 1.5), alt)


def _inline(svg: str) -> str:
    """The `<svg>` element alone, without what would reach into the page: style rules, ids that nothing refers to."""
    body = re.sub(r"\s*<(metadata|style)\b.*?</\1>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    box = re.search(r'viewBox="[^"]*"', body)
    content = body[body.index(">") + 1 :].rstrip()
    # Only tags are rewritten: a label may say anything, and matplotlib escapes its < and >.
    content = re.sub(r">\s+<", "><", content)
    content = re.sub(r"<[^<>]*>", lambda tag: _themed(tag.group()), content)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box.group() if box else ""} aria-hidden="true">{content}'


def _themed(tag: str) -> str:
    tag = re.sub(r'^<g id="[^"]*"', "<g", tag).replace("xlink:href", "href").replace("\n", " ")
    # A hundredth of a point is finer than any screen; a page of many classes is a third smaller for it.
    tag = re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number.group()):.2f}", tag)
    tag = re.sub(r"font-family: [^;\"]*;? ?", "", tag)
    for placeholder, colour in THEME.items():
        tag = tag.replace(placeholder, colour)
    return tag


def _short(label: str) -> str:
    return _cut(figures.words(label))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
