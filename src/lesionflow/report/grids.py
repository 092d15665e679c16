"""Tables and named values as texts, ready for a template."""

from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_integer_dtype, is_numeric_dtype

from lesionflow.report import figures


@dataclass(frozen=True)
class Grid:
    """A table as texts: column heads, and rows whose first cell is the row's head."""

    heads: list[str]
    rows: list[list[str]]


def facts(content: dict[str, Any]) -> list[tuple[str, str]]:
    """Named values as pairs of texts; nested ones are told on one line."""
    return [(figures.words(name).capitalize(), _told(value)) for name, value in content.items()]


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{figures.words(name)} {_told(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "none"
    if value is None:
        return figures.UNDEFINED
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else str(value)


def grid(frame: pd.DataFrame) -> Grid:
    """Any table by class: column label first, <name>_low and <name>_high drawn into <name>, shares as percents."""
    ends = {f"{name}_{end}" for name in frame for end in ("low", "high")} & set(frame)
    shown = [name for name in map(str, frame) if name != "label" and name not in ends]
    rows = [[str(row["label"]), *(_cell(row, name, frame) for name in shown)] for _, row in frame.iterrows()]
    return Grid(["Class", *(figures.words(name).capitalize() for name in shown)], rows)


def _cell(row: Any, name: str, frame: pd.DataFrame) -> str:
    if not is_numeric_dtype(frame[name]):
        return str(row[name])
    value = float(row[name])
    if {f"{name}_low", f"{name}_high"} <= set(frame):
        return figures.interval({"value": value, "low": row[f"{name}_low"], "high": row[f"{name}_high"]})
    if is_integer_dtype(frame[name]):
        return f"{value:,.0f}"
    # Shares lie between 0 and 1; a coefficient such as MCC does not always.
    return figures.plain(value, share=bool(frame[name].dropna().between(0, 1).all()))
