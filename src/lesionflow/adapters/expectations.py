"""The only import of Great Expectations: a suite held against a frame, its results as plain values."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lesionflow.errors import LesionflowError

# Great Expectations reads its settings when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.exceptions.exceptions import GreatExpectationsError
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

EXAMPLES = 5
# SUMMARY gives the positions of failing rows; their keys are then looked up here, for Great Expectations' own lookup
# took 4 s on 80,000 failing rows.
RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES}


@dataclass(frozen=True)
class Result:
    """Outcome of one expectation.

    `unexpected` counts the rows that broke it (None for a rule on the whole table, whose value is `observed`);
    `examples` are the first such rows: key columns and the offending value, as JSON values.
    """

    expectation: str
    column: str | None
    severity: str
    success: bool
    rule: dict[str, Any]
    observed: Any = None
    unexpected: int | None = None
    examples: list[Any] = field(default_factory=list)
    notes: str = ""


def validate(
    frame: pd.DataFrame, suite: Mapping[str, Any], *, parameters: Mapping[str, Any], key: Iterable[str]
) -> list[Result]:
    """Hold every row of `frame` to `suite`; results stand in the order of the suite's expectations.

    Parameters
    ----------
    suite : as Great Expectations serialises it: name and expectations (type, kwargs, severity, meta).
    parameters : values of the suite's {"$PARAMETER": name}.
    key : columns that name a row in the examples.

    Raises
    ------
    LesionflowError : the suite is not one, or names a parameter that is not given.
    """
    name = suite.get("name")
    try:
        expectations = [_expectation(entry, position) for position, entry in enumerate(suite["expectations"])]
        built = gx.ExpectationSuite(name=name, expectations=expectations)
        outcome = _batch(frame).validate(
            built, result_format=dict(RESULT_FORMAT), expectation_parameters=dict(parameters)
        )
    except (GreatExpectationsError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise LesionflowError(
            f"expectation suite {name!r}: cannot be read",
            got=f"{type(error).__name__}: {error}"[:600],
            expected="a suite as Great Expectations 1.24 writes it",
            remedy="Correct the suite's JSON.",
        ) from None
    ordered = sorted(outcome.results, key=lambda result: result.expectation_config.meta["position"])
    return [_result(result, frame, list(key)) for result in ordered]


def _expectation(entry: Mapping[str, Any], position: int) -> Any:
    # Great Expectations gives results in an order of its own; the position in meta brings ours back. Built here one by
    # one, because a suite given the plain entries logs those that it cannot build, and passes without them.
    content = dict(entry) | {"meta": {**entry.get("meta", {}), "position": position}}
    return ExpectationConfiguration(**content).to_domain_obj()


def _batch(frame: pd.DataFrame) -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    return whole.get_batch(batch_parameters={"dataframe": frame.reset_index(drop=True)})


def _result(outcome: Any, frame: pd.DataFrame, key: list[str]) -> Result:
    config, found = outcome.expectation_config, outcome.result
    kwargs = {name: _plain(value) for name, value in config.kwargs.items() if name != "batch_id"}
    column = kwargs.pop("column", None)
    per_row = "unexpected_percent" in found
    observed = _plain(found.get("observed_value"))
    return Result(
        expectation=config.type,
        column=column,
        severity=str(config.severity.value),
        success=bool(outcome.success),
        rule=kwargs,
        observed=_error(outcome.exception_info) or observed,
        unexpected=int(found["unexpected_count"]) if per_row else None,
        examples=_examples(found, frame, key, column) if per_row else _plain(found.get("partial_unexpected_list", [])),
        notes=str(config.meta.get("notes", "")),
    )


def _error(info: Mapping[str, Any]) -> str:
    """What stopped an expectation, for instance a column that is not there; "" when nothing did."""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(
        sorted({str(entry["exception_message"]).strip() for entry in entries if entry["raised_exception"]})
    )


def _examples(found: Mapping[str, Any], frame: pd.DataFrame, key: list[str], column: str | None) -> list[Any]:
    shown = [name for name in dict.fromkeys([*key, column]) if name is not None and name in frame]
    rows = frame.iloc[found.get("partial_unexpected_index_list") or []]
    return [{name: _plain(value) for name, value in zip(shown, row, strict=True)} for row in _tuples(rows, shown)]


def _tuples(rows: pd.DataFrame, columns: list[str]) -> Iterable[tuple[Any, ...]]:
    return rows[columns].itertuples(index=False, name=None)


def _plain(value: Any) -> Any:
    """A JSON value; NaN and <NA> become None, an infinity its name."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple, set, np.ndarray)):
        return [_plain(part) for part in value]
    if value is None or pd.isna(value):
        return None
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value if isinstance(value, (bool, int, float, str)) else str(value)
