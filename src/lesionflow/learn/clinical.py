"""Clinical metadata as numbers beside a photo's features; what is missing is said by a column of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from lesionflow.errors import LesionflowError

Column = Literal["age", "sex", "body_site", "skin_type"]
Numbers = npt.NDArray[np.float32]
NUMERIC = ("age", "skin_type")


def spec(train: pd.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """How each of `columns` is encoded, learnt from the training photos alone: what a head's card keeps.

    A number has its mean and standard deviation, a text its sorted values. A column that no training photo has is
    nothing but its indicator.
    """
    return {name: _number(train[name]) if name in NUMERIC else _values(train[name]) for name in columns}


def _number(values: "pd.Series[Any]") -> dict[str, float]:
    known = pd.to_numeric(values).dropna().astype(float)
    if known.empty:
        return {"mean": 0.0, "std": 1.0}
    spread = float(known.std(ddof=0))
    return {"mean": float(known.mean()), "std": spread if spread > 0 else 1.0}


def _values(values: "pd.Series[Any]") -> list[str]:
    return sorted(values.dropna().astype(str).unique())


def width(told: Mapping[str, Any]) -> int:
    """Columns that `encode` gives for this spec."""
    return sum(2 if isinstance(how, Mapping) else len(how) + 1 for how in told.values())


def encode(rows: pd.DataFrame, told: Mapping[str, Any]) -> Numbers:
    """Numbers (rows, width(told)); a value that training did not know counts as missing, and so does no column.

    Raises
    ------
    LesionflowError : a number that is none.
    """
    parts = [_encoded(rows[name] if name in rows else _absent(rows), name, how) for name, how in told.items()]
    return np.concatenate([np.zeros((len(rows), 0), dtype=np.float32), *parts], axis=1)


def _absent(rows: pd.DataFrame) -> "pd.Series[Any]":
    return pd.Series([None] * len(rows), rows.index, dtype=object)


def _encoded(values: "pd.Series[Any]", name: str, how: Any) -> Numbers:
    if isinstance(how, Mapping):
        numbers = _as_numbers(values, name)
        missing = ~np.isfinite(numbers)
        scaled = np.where(missing, 0.0, (numbers - how["mean"]) / how["std"])
        return np.stack([scaled, missing], axis=1).astype(np.float32)
    texts = values.astype(object).where(values.notna(), None)
    known = np.stack(
        [np.zeros(len(texts), dtype=bool), *((texts == value).to_numpy(dtype=bool) for value in how)], axis=1
    )
    known = known[:, 1:]
    return np.concatenate([known, ~known.any(axis=1, keepdims=True)], axis=1).astype(np.float32)


def _as_numbers(values: "pd.Series[Any]", name: str) -> npt.NDArray[np.float64]:
    try:
        return pd.to_numeric(values).to_numpy(dtype=float, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise LesionflowError(f"clinical metadata: {name}", got=str(error), expected="numbers, or nothing") from None
