"""Settings: typed, frozen sections of params.yaml. Each room declares its own section."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lesionflow.errors import LesionflowError

PARAMS = Path("params.yaml")
T = TypeVar("T")


class Section(BaseModel):
    """Base of every section: frozen, and unknown keys are refused, so that a typing slip is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def load(key: str, kind: type[T], path: Path = PARAMS) -> T:
    """Read the value at dotted `key` of params.yaml as `kind` (a `Section`, or a plain type such as int or list[str]).

    A stage loads just the keys that dvc.yaml declares for it; a test holds the two equal.

    Raises
    ------
    LesionflowError : no such file or key, or a value that `kind` refuses.
    """
    value: Any = _read(path)
    for depth, part in enumerate(key.split("."), start=1):
        if not isinstance(value, Mapping) or part not in value:
            here = ".".join(key.split(".")[:depth])
            present = ", ".join(map(str, value)) if isinstance(value, Mapping) else repr(value)
            raise LesionflowError(f"{path}: no key {here!r}", got=present, remedy=f"Add {here} to {path}.")
        value = value[part]
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise _invalid(path, key, error) from None


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise LesionflowError(
            f"{path}: no such file", remedy="Run from the project's folder, which holds params.yaml."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LesionflowError(f"{path}: not valid YAML", got=str(error), remedy="Mend the line named above.") from None


def _invalid(path: Path, key: str, error: ValidationError) -> LesionflowError:
    first = error.errors()[0]
    where = ".".join([key, *map(str, first["loc"])])
    return LesionflowError(
        f"{path}: {where}", got=repr(first["input"]), expected=first["msg"], remedy=f"Edit {where} in {path}."
    )
