"""The gate of one table: its suite, what the pipeline writes of the outcome, and the message that stops it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow.adapters import expectations
from lesionflow.adapters.checks import Prepared
from lesionflow.adapters.expectations import Result
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json


def read_suite(path: Path) -> dict[str, Any]:
    """A suite in Great Expectations' own JSON.

    Raises
    ------
    LesionflowError : no such file, not JSON, or an expectation without its severity.
    """
    try:
        suite = read_json(path)
    except FileNotFoundError:
        names = ", ".join(sorted(file.stem for file in path.parent.glob("*.json")))
        raise LesionflowError(f"{path}: no such suite", got=path.stem, expected=f"one of {names}") from None
    except json.JSONDecodeError as error:
        raise LesionflowError(f"{path}: not JSON", got=str(error), remedy="Mend the line named above.") from None
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list):
        raise LesionflowError(f"{path}: not a suite", expected="an object with name and expectations")
    for position, entry in enumerate(suite["expectations"], start=1):
        # Left out, it would be critical by Great Expectations' default: the choice must be seen.
        if not isinstance(entry, dict) or entry.get("severity") not in ("critical", "warning", "info"):
            raise LesionflowError(
                f"{path}: expectation {position}",
                got=json.dumps(entry)[:200],
                expected="a severity: critical or warning",
            )
    return suite


def hold(
    prepared: Prepared, suite: Mapping[str, Any], *, parameters: Mapping[str, Any], key: Iterable[str]
) -> list[Result]:
    """Validate a prepared table; the suite's parameters come from params.yaml and from the table's context."""
    return hold_frame(prepared.frame, suite, {**parameters, **prepared.parameters}, key=key)


def hold_frame(
    frame: pd.DataFrame, suite: Mapping[str, Any], parameters: Mapping[str, Any], *, key: Iterable[str]
) -> list[Result]:
    """The same of a frame that needs no preparation."""
    return expectations.validate(frame, suite, parameters=parameters, key=key)


def summary(table: str, rows: int, results: list[Result]) -> dict[str, Any]:
    """What reports/validation/<table>.json says: no times and no ids, so the same data gives the same bytes."""
    failed = [result for result in results if not result.success]
    return {
        "table": table,
        "success": not any(result.severity == "critical" for result in failed),
        "rows": rows,
        "expectations": len(results),
        "failed": {
            severity: sum(result.severity == severity for result in failed) for severity in ("critical", "warning")
        },
        "results": [asdict(result) for result in results],
    }


def refuse_failures(table: str, results: list[Result], *, made_by: str, remedy: str = "") -> None:
    """Stop at an expectation of severity critical that failed; `remedy` says what to do where it is not the usual.

    Raises
    ------
    LesionflowError : names the table, every broken expectation, its column, how many rows, examples and the remedy.
    """
    broken = [result for result in results if result.severity == "critical" and not result.success]
    if not broken:
        return
    raise LesionflowError(
        f"table {table} breaks {len(broken)} of {len(results)} expectations",
        got="\n            ".join(_told(result) for result in broken),
        expected=f"what expectations/{table}.json asks for",
        remedy=remedy
        or f"Mend the rows at their source (data/, or stage {made_by}), then run `dvc repro`; "
        f"or change expectations/{table}.json and validate in params.yaml, where they ask for too much.",
    )


def _told(result: Result) -> str:
    where = f"column {result.column}: " if result.column else ""
    count = f"{result.unexpected} rows" if result.unexpected is not None else f"observed {_short(result.observed)}"
    if result.unexpected is None and result.examples:
        count += f", unexpected {_short(result.examples)}"
    examples = f", e.g. {'; '.join(map(_example, result.examples[:3]))}" if result.unexpected else ""
    return f"{where}{result.expectation} {_short(result.rule)}: {count}{examples}" + (
        f" ({result.notes})" if result.notes else ""
    )


def _example(row: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={_short(value)}" for name, value in row.items())


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}..."
