"""Nested results as flat names that MLflow takes."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any


def plain(label: str) -> str:
    """A label as part of a name in MLflow, which takes letters, digits and few signs.

    >>> plain("nevus, atypical (A/B)")
    'nevus_ atypical _A_B_'
    """
    return re.sub(r"[^\w. -]", "_", label)


def flat(content: Mapping[str, Any], mark: str, *, numbers: bool = True) -> dict[str, Any]:
    """Leaves of nested mappings by joined names; of {value, low, high}, the value goes without its own name.

    With `numbers`, only numbers stay, so that null (undefined) is left out and never becomes 0.

    >>> flat({"test": {"accuracy": {"value": 0.5, "low": 0.4}, "mcc": None}}, "_")
    {'test_accuracy': 0.5, 'test_accuracy_low': 0.4}
    """
    return {mark.join(name): leaf for name, leaf in _leaves(content) if not numbers or _is_number(leaf)}


def _leaves(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from (((name, *rest) if rest != ("value",) else (name,), leaf) for rest, leaf in _leaves(value))
        else:
            yield (name,), value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
