"""The chart of a classifier's accuracy on corrupted photos."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import MaxNLocator

from lesionflow.report import drawing
from lesionflow.report.drawing import ACCENT, LINE, SECOND, Chart


def severities(rows: Sequence[Mapping[str, Any]], *, name: str) -> Chart:
    """Accuracy and balanced accuracy, in percent, by the severity of a corruption; 0 is the photos as they are."""
    looks: dict[str, Any] = {
        "accuracy": {"color": SECOND, "dashes": (4, 2)},
        "balanced_accuracy": {"color": ACCENT},
    }
    places = [row["severity"] for row in rows]
    with drawing.canvas(2.3, 1.6) as (figure, axes):
        for key, look in looks.items():
            axes.plot(
                places, [100 * row[key]["value"] for row in rows], linewidth=1.6, marker="o", markersize=2, **look
            )
        low, high = ([100 * (row["balanced_accuracy"][end] or 0) for row in rows] for end in ("low", "high"))
        axes.fill_between(places, low, high, color=ACCENT, alpha=0.15, linewidth=0)
        axes.set(ylim=(0, 102), xlabel="severity", ylabel="%")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y", color=LINE, linewidth=0.5, alpha=0.6)
        return drawing.chart(
            figure, f"severities {name}", f"Accuracies under {name} by severity; the table has the figures."
        )
