"""Figures as people read them: percents, plain numbers, intervals. What is undefined says so and is never 0."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

UNDEFINED = "n/a"


@dataclass(frozen=True)
class Measure:
    """A metric: its key in the metrics files, its name for people, and whether it is a share (0-1) or a number."""

    key: str
    name: str
    share: bool = True


MEASURES = (
    Measure("balanced_accuracy", "Balanced accuracy"),
    Measure("accuracy", "Accuracy"),
    Measure("macro_f1", "Macro F1"),
    Measure("mcc", "MCC", share=False),
    Measure("macro_auroc", "Macro AUROC", share=False),
    Measure("kappa", "Cohen's kappa", share=False),
    Measure("macro_precision", "Macro precision"),
    Measure("macro_recall", "Macro recall"),
    Measure("weighted_precision", "Weighted precision"),
    Measure("weighted_recall", "Weighted recall"),
    Measure("weighted_f1", "Weighted F1"),
    Measure("macro_auprc", "Macro AUPRC", share=False),
    Measure("log_loss", "Log loss (nats)", share=False),
    Measure("brier", "Brier score (0-2)", share=False),
    Measure("malignant_auroc", "Malignant against the rest: AUROC", share=False),
    Measure("malignant_sensitivity", "Malignant: sensitivity"),
    Measure("malignant_specificity", "Malignant: specificity"),
)
"""In the order in which tables show them; top_<k> follows, whose k is a setting."""
HEADLINE = MEASURES[:4]


def measures_of(figures: Mapping[str, Any]) -> list[Measure]:
    """The known measures among the keys of a metrics file's part, then top_<k>."""
    top = [Measure(key, key.replace("_", "-").capitalize()) for key in figures if re.fullmatch(r"top_\d+", key)]
    return [measure for measure in (*MEASURES, *top) if measure.key in figures]


def defined(value: float | None) -> bool:
    """Whether there is a value: neither None nor NaN."""
    return value is not None and not math.isnan(value)


def plain(value: float | None, *, share: bool = True, unit: bool = True) -> str:
    """One figure.

    >>> plain(0.7123), plain(0.7123, share=False), plain(0.7123, unit=False), plain(None)
    ('71.2 %', '0.712', '71.2', 'n/a')
    """
    if value is None or not defined(value):
        return UNDEFINED
    if not share:
        return f"{value:.3f}"
    return f"{100 * value:.1f} %" if unit else f"{100 * value:.1f}"


def interval(estimate: Mapping[str, float | None], *, share: bool = True) -> str:
    """A figure with its interval; one whose interval is undefined says so.

    >>> interval({"value": 0.712, "low": 0.66, "high": 0.761})
    '71.2 % [66.0, 76.1]'
    >>> interval({"value": None, "low": None, "high": None})
    'n/a'
    """
    value = plain(estimate["value"], share=share)
    if value == UNDEFINED:
        return value
    if not defined(estimate["low"]) or not defined(estimate["high"]):
        return f"{value} [{UNDEFINED}]"
    low, high = (plain(estimate[end], share=share, unit=False) for end in ("low", "high"))
    return f"{value} [{low}, {high}]"


def signed_interval(estimate: Mapping[str, float | None], *, share: bool = True) -> str:
    """A difference with its sign, in points of a hundred where it is of shares, and its interval.

    >>> signed_interval({"value": -0.012, "low": -0.05, "high": 0.02})
    '-1.2 [-5.0, +2.0]'
    >>> signed_interval({"value": 0.05, "low": None, "high": None}, share=False)
    '+0.050 [n/a]'
    """
    if not defined(estimate["value"]):
        return UNDEFINED
    value, low, high = (_signed(estimate[name], share=share) for name in ("value", "low", "high"))
    return f"{value} [{UNDEFINED}]" if UNDEFINED in (low, high) else f"{value} [{low}, {high}]"


def _signed(value: float | None, *, share: bool) -> str:
    if value is None or not defined(value):
        return UNDEFINED
    return f"{100 * value:+.1f}" if share else f"{value:+.3f}"


def confidence_name(confidence: float) -> str:
    """The level of an interval, without noise of binary fractions.

    >>> confidence_name(0.95), confidence_name(0.995)
    ('95 %', '99.5 %')
    """
    return f"{100 * confidence:.10g} %"


def words(name: str) -> str:
    """An identifier as words, on one line: labels and reasons are written with underscores.

    Signs that XML does not allow show as the replacement character.

    >>> words("basal_cell_carcinoma")
    'basal cell carcinoma'
    """
    shown = one_line(name)
    return " ".join(shown.replace("_", " ").split()) or shown


def one_line(text: str) -> str:
    r"""Text without line breaks and without signs that XML or a terminal would not show.

    >>> one_line("a\x1b[31m\n b").isprintable(), one_line("a\n b")
    (True, 'a b')
    """
    return "".join(sign if _printable(sign) else "\ufffd" for sign in " ".join(text.split()))


def _printable(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs") and sign not in "\ufffe\uffff"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> count(1, "photo"), count(1234, "photo"), count(2, "class", "classes")
    ('1 photo', '1,234 photos', '2 classes')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"
