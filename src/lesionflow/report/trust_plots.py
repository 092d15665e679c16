"""Charts of trust: whether probabilities come true, and how often a classifier errs by how often it answers."""

from typing import Any

import pandas as pd

from lesionflow.report import drawing
from lesionflow.report.drawing import ACCENT, INK, LINE, SECOND, Chart


def reliability(frame: pd.DataFrame, *, name: str) -> Chart:
    """What came true by what was said, before and after scaling; on the dashed line the two are equal.

    Bins without photos are left out; a dot is larger the more photos its bin holds.
    """
    looks = {"raw": ("as predicted", SECOND), "calibrated": ("calibrated", ACCENT)}
    with drawing.canvas(4.3, 2.9) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=1, dashes=(4, 3))
        for stage, (label, colour) in looks.items():
            rows = frame[(frame["probabilities"] == stage) & (frame["photos"] > 0)]
            if len(rows):
                sizes = 6 + 60 * rows["photos"] / rows["photos"].sum()
                axes.plot(rows["said"], rows["came"], color=colour, linewidth=1.2, label=label)
                axes.scatter(rows["said"], rows["came"], s=sizes, color=colour)
        axes.set(xlim=(0, 1.02), ylim=(-0.02, 1.02), xlabel="probability of the answer", ylabel="share that is right")
        axes.legend(frameon=False, labelcolor=INK, loc="upper left")
        return drawing.chart(figure, f"{name} reliability", f"Share of right answers by probability; {_told(frame)}.")


def _told(frame: pd.DataFrame) -> str:
    rows = frame[frame["photos"] > 0].groupby("probabilities", sort=False).tail(1).to_dict("records")
    return ", ".join(f"{row['probabilities']}: of those said {row['said']:.0%}, {row['came']:.0%} came" for row in rows)


def risk(frame: pd.DataFrame, abstention: dict[str, Any], *, name: str) -> Chart:
    """The share of wrong answers by the share of photos answered, surest first; the threshold's own place is marked."""
    coverage, wrong = abstention["coverage"]["value"], abstention["risk"]["value"]
    with drawing.canvas(4.3, 2.9) as (figure, axes):
        axes.axhline(abstention["target_risk"], color=LINE, linewidth=1, dashes=(4, 3))
        axes.plot(frame["coverage"], frame["risk"], color=ACCENT, linewidth=1.6)
        if coverage is not None and wrong is not None:
            axes.plot([coverage], [wrong], "o", color=SECOND, markersize=6, label="at the threshold from validation")
            axes.legend(frameon=False, labelcolor=INK, loc="upper left")
        axes.set(xlim=(0, 1.02), ylim=(0, 1.05 * max(0.1, frame["risk"].max())), xlabel="share of photos answered")
        axes.set_ylabel("share of wrong answers")
        alt = f"Share of wrong answers by share of photos answered; of all, {frame['risk'].iloc[-1]:.1%} are wrong."
        return drawing.chart(figure, f"{name} risk", alt)
