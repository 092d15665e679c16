"""Reading the files that other stages leave: what is missing or damaged is named, with the stage that makes it."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import files
from lesionflow.errors import LesionflowError

NAMES = {
    "label",
    "actual",
    "predicted",
    "probabilities",
    "sets",
    "slice",
    "part",
    "trait",
    "subgroup",
    "metric",
    "small",
}
"""CSV columns that hold text; a class may well be called NA or 007."""


def json_file(path: Path, made_by: str, *keys: str) -> dict[str, Any]:
    """An object of JSON with at least these keys.

    Raises
    ------
    LesionflowError : no such file, no JSON, no object, or a key that is missing.
    """
    return _object(_json(path, made_by), path, made_by, *keys)


def json_list(path: Path, made_by: str, *keys: str) -> list[dict[str, Any]]:
    """A list of such objects.

    Raises
    ------
    LesionflowError : as `json_file`, or no list.
    """
    content = _json(path, made_by)
    if not isinstance(content, list):
        raise damaged(path, type(content).__name__, "a list", made_by)
    return [_object(one, path, made_by, *keys) for one in content]


def _json(path: Path, made_by: str) -> Any:
    try:
        return files.read_json(path)
    except FileNotFoundError:
        raise absent(path, made_by) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise damaged(path, str(error), "JSON", made_by) from None


def _object(content: Any, path: Path, made_by: str, *keys: str) -> dict[str, Any]:
    if not isinstance(content, dict) or any(key not in content for key in keys):
        got = f"keys {', '.join(content) or 'none'}" if isinstance(content, dict) else type(content).__name__
        raise damaged(path, got, f"an object with {', '.join(keys) or 'named values'}", made_by)
    return content


def csv_file(path: Path, made_by: str, *columns: str, names: Collection[str] = NAMES) -> pd.DataFrame:
    """A table with at least these columns; those of `names` are text, the needed others numbers.

    Raises
    ------
    LesionflowError : no such file, a column that is missing, or no table with numbers.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for name in frame:
            frame[name] = frame[name] if name in names else _numeric(frame[name], needed=name in columns)
    except FileNotFoundError:
        raise absent(path, made_by) from None
    except ValueError as error:  # what pandas raises for an empty file, ragged rows, other encodings, no number
        raise damaged(path, str(error), "a table with numbers", made_by) from None
    lacking = [name for name in columns if name not in frame]
    if lacking:
        raise damaged(path, f"columns {', '.join(map(str, frame))}", f"also {', '.join(lacking)}", made_by)
    return frame


def _numeric(column: "pd.Series[str]", *, needed: bool) -> Any:
    """Texts as numbers, an empty one as missing; left as they are when they are none and need not be."""
    try:
        return pd.to_numeric(column.replace("", None))
    except ValueError:
        if needed:
            raise
        return column


def absent(path: Path, made_by: str) -> LesionflowError:
    """The error of a file that its stage has not made."""
    return LesionflowError(f"{path}: no such file", remedy=f"Run `dvc repro {made_by}`.")


def damaged(path: Path, got: str, expected: str, made_by: str) -> LesionflowError:
    """The error of a file that does not hold what its stage writes."""
    return LesionflowError(f"{path}: damaged", got=got, expected=expected, remedy=f"Run `dvc repro -f {made_by}`.")
