"""The ablation's one table and one figure."""

import io
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lesionflow.report import figures, markdown

COLUMNS = (
    figures.Measure("balanced_accuracy", "Balanced accuracy"),
    figures.Measure("mcc", "MCC", share=False),
    figures.Measure("accuracy", "Accuracy"),
)
NAMES = {"frozen": "frozen", "full": "full", "last": "last stages", "lp_ft": "head, then full", "lora": "LoRA"}
COLOURS = {"frozen": "#000000", "full": "#0072b2", "last": "#d55e00", "lp_ft": "#009e73", "lora": "#cc79a7"}
"""Okabe and Ito's, told apart by colour-blind readers."""
STYLE: Any = {"font.size": 8.0, "axes.spines.right": False, "axes.spines.top": False, "svg.fonttype": "none"}


def rows(result: Mapping[str, Any]) -> list[list[str]]:
    """A row a share and strategy: means over seeds, and for all but frozen the difference with its interval.

    Parameters
    ----------
    result : `cells` and `compared`, as evaluate.ablation makes them.
    """
    cells = pd.DataFrame(result["cells"])
    differences = {(row["share"], row["strategy"]): row for row in result["compared"]}
    found: dict[Any, pd.DataFrame] = dict(iter(cells.groupby(["share", "strategy"])))
    ranked = sorted(found, key=lambda key: (key[0], list(NAMES).index(key[1])))
    return [
        [
            f"{100 * share:.0f} % ({found[share, strategy]['photos'].mean():,.0f} photos)",
            NAMES[strategy],
            *(_told(found[share, strategy], differences.get((share, strategy)), measure) for measure in COLUMNS),
        ]
        for share, strategy in ranked
    ]


def _told(found: pd.DataFrame, apart: Mapping[str, Any] | None, measure: figures.Measure) -> str:
    """The mean over seeds (not available where one is undefined), then the difference from frozen."""
    value = figures.plain(float(found[measure.key].astype(float).mean(skipna=False)), share=measure.share)
    return value if apart is None else f"{value}; {figures.signed_interval(apart[measure.key], share=measure.share)}"


def header() -> list[str]:
    """Names of the columns of `rows`."""
    return ["Of the training photos", "Trained", *(measure.name for measure in COLUMNS)]


def to_markdown(result: Mapping[str, Any], *, confidence: float) -> str:
    """The table, and how it is to be read."""
    note = (
        "Test figures, means over seeds; after the semicolon the difference from frozen at the same share, paired, "
        f"with its {figures.confidence_name(confidence)} interval over leakage groups and seeds."
    )
    return "\n\n".join(["# Frozen against fine-tuned", markdown.table(header(), rows(result), left=2), note]) + "\n"


def figure(result: Mapping[str, Any], *, confidence: float) -> str:
    """An SVG: balanced accuracy by training photos (dots: seeds), and each strategy minus frozen with its interval."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**STYLE, "svg.hashsalt": "ablation"})
        drawn = Figure(figsize=(7.4, 3.0), layout="constrained")
        left, right = drawn.subplots(1, 2)
        _values(left, pd.DataFrame(result["cells"]))
        _differences(right, result["compared"], confidence=confidence)
        content = io.StringIO()
        drawn.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _values(axes: Axes, cells: pd.DataFrame) -> None:
    for strategy, found in cells.groupby("strategy", sort=False):
        means = found.groupby("share")[["photos", "balanced_accuracy"]].mean().sort_index()
        colour = COLOURS[str(strategy)]
        axes.plot(
            means["photos"], 100 * means["balanced_accuracy"], color=colour, linewidth=1.4, label=NAMES[str(strategy)]
        )
        axes.plot(found["photos"], 100 * found["balanced_accuracy"].astype(float), "o", color=colour, markersize=2.5)
    axes.set(xscale="log", xlabel="training photos", ylabel="balanced accuracy, %")
    axes.legend(frameon=False)


def _differences(axes: Axes, compared: list[dict[str, Any]], *, confidence: float) -> None:
    shares = sorted({row["share"] for row in compared})
    strategies = list(dict.fromkeys(row["strategy"] for row in compared))
    axes.axhline(0, color="#999999", linewidth=0.8)
    for row in compared:
        estimate = row["balanced_accuracy"]
        if not all(figures.defined(estimate[end]) for end in ("value", "low", "high")):
            continue
        place = shares.index(row["share"]) + 0.15 * (strategies.index(row["strategy"]) - (len(strategies) - 1) / 2)
        colour = COLOURS[row["strategy"]]
        axes.vlines(place, 100 * estimate["low"], 100 * estimate["high"], color=colour, linewidth=1.2)
        axes.plot([place], [100 * estimate["value"]], "o", color=colour, markersize=4)
    axes.set_xticks(range(len(shares)), [f"{100 * share:.0f} %" for share in shares])
    axes.set(xlabel="share of the training photos")
    axes.set_ylabel(f"minus frozen, points ({figures.confidence_name(confidence)} interval)")
