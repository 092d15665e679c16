"""Where a mapping finds a value: a column, a template of columns, the first of several, or the name of most weight."""

import ast
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

FIELD = re.compile(r"\{([^{}]+)\}")
FORMS = "a column, a template such as '{folder}/{name}.jpg', a list of these, or {top: a column or a list of them}"


@dataclass(frozen=True)
class Top:
    """The name of most weight, in a column that holds a dict literal {name: weight}, or among columns of weights."""

    of: str | tuple[str, ...]


Cell = str | tuple[str, ...] | Top


def parse(value: object) -> Cell:
    """A cell from YAML.

    Raises
    ------
    ValueError : none of the forms.

    >>> parse(["patient_id", "lesion_id"])
    ('patient_id', 'lesion_id')
    >>> parse({"top": "weights"})
    Top(of='weights')
    """
    if isinstance(value, Mapping) and list(value) == ["top"]:
        return Top(_names(value["top"]))
    return _names(value)


def _names(value: object) -> str | tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    if not several or not all(isinstance(name, str) and name for name in several):
        raise ValueError(FORMS)
    return tuple(map(str, several)) if isinstance(value, list) else str(value)


def alternatives(cell: Cell) -> Iterator[list[str]]:
    """Yield the columns that each alternative of a cell reads.

    >>> list(alternatives(("{a}/{b}.jpg", "c")))
    [['a', 'b'], ['c']]
    """
    names = cell.of if isinstance(cell, Top) else cell
    for text in names if isinstance(names, tuple) else (names,):
        yield FIELD.findall(text) or [text]


def columns(cell: Cell, otherwise: Mapping[str, Cell]) -> set[str]:
    """All columns that a cell may read, also those in place of one that is absent."""
    own = {name for names in alternatives(cell) for name in names}
    return own.union(*(columns(otherwise[name], {}) for name in own & set(otherwise)))


def missing(cell: Cell, header: set[str], otherwise: Mapping[str, Cell], optional: tuple[str, ...]) -> str:
    """The columns for want of which the cell can't be read, for people; "" when it can."""

    def found(name: str) -> bool:
        return (
            name in header or name in optional or (name in otherwise and not missing(otherwise[name], header, {}, ()))
        )

    readings = list(alternatives(cell))
    if any(all(map(found, names)) for names in readings):
        return ""
    return " or ".join(dict.fromkeys(name for names in readings for name in names if not found(name)))


def value(cell: Cell, row: Mapping[str, str], otherwise: Mapping[str, Cell]) -> str:
    """What a row says; "" when it says nothing.

    Parameters
    ----------
    otherwise : what stands for a column that the row lacks.

    Raises
    ------
    ValueError : weights that are none; the message is the offending text.

    >>> value(("{a}.jpg", "b"), {"a": "", "b": "x.png"}, {})
    'x.png'
    >>> value(Top("weights"), {"weights": "{'mole': 0.2, 'melanoma': 0.4, 'eczema': 0.4}"}, {})
    'eczema'
    """
    if isinstance(cell, Top):
        return _top(cell.of, row, otherwise)
    if isinstance(cell, tuple):
        return next((found for part in cell if (found := value(part, row, otherwise))), "")
    names = FIELD.findall(cell)
    if not names:
        return _column(cell, row, otherwise)
    filled = {name: _column(name, row, otherwise) for name in names}
    return FIELD.sub(lambda field: filled[field[1]], cell) if all(filled.values()) else ""


def _column(name: str, row: Mapping[str, str], otherwise: Mapping[str, Cell]) -> str:
    if name in row:
        return row[name]
    return value(otherwise[name], row, {}) if name in otherwise else ""


def _top(of: str | tuple[str, ...], row: Mapping[str, str], otherwise: Mapping[str, Cell]) -> str:
    weights: Mapping[str, float]
    if isinstance(of, tuple):
        weights = {name: _number(text) for name in of if (text := _column(name, row, otherwise))}
    else:
        weights = _literal(_column(of, row, otherwise))
    best = max(weights.values(), default=0)
    return min(name for name, weight in weights.items() if weight == best) if best > 0 else ""


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _literal(text: str) -> Mapping[str, float]:
    """The dict that `text` spells, read without running anything; what is none fails in one of several ways."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes
            weights = ast.literal_eval(text or "{}")
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise ValueError(text) from None
    if not isinstance(weights, dict) or not all(_is_weight(*item) for item in weights.items()):
        raise ValueError(text)
    return weights


def _is_weight(name: object, weight: object) -> bool:
    # Escapes can write what is no text (half of a surrogate pair), which no file can hold.
    named = isinstance(name, str) and bool(name.strip()) and name.isprintable()
    return named and isinstance(weight, int | float) and not isinstance(weight, bool) and 0 <= weight < math.inf
