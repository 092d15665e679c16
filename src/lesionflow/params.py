"""Settings: typed, frozen sections of params.yaml. Each room declares its own section."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from lesionflow.errors import LesionflowError
from lesionflow.files import parse_yaml

PARAMS = Path("params.yaml")
T = TypeVar("T")


class Section(BaseModel):
    """Base of every section: frozen, and unknown keys are refused, so that a typing slip is not silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Named(Section):
    """An entry of a section that is a list: `named` finds it."""

    name: str


class Joined(Named):
    """Two classifiers whose log-probabilities are averaged into one more entry of the leaderboard."""

    first: str
    second: str

    @property
    def both(self) -> tuple[str, str]:
        """The names of the two."""
        return self.first, self.second


Entry = TypeVar("Entry", bound=Named)


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


def classifiers(active: Sequence[str], recipes: Sequence[str], joined: Sequence[Joined] = ()) -> list[str]:
    """The names of the classifiers that a run makes: every active backbone by every recipe, then the joined ones.

    DVC's matrix calls its cells by the same names.

    >>> classifiers(["lite0", "lite2"], ["study"], [Joined(name="pair", first="lite0-study", second="lite2-study")])
    ['lite0-study', 'lite2-study', 'pair']
    """
    return [*(f"{slug}-{recipe}" for slug in active for recipe in recipes), *(one.name for one in joined)]


def named(entries: Sequence[Entry], name: str, *, section: str = "joined", kind: str = "pair") -> Entry:
    """The entry of this name in a section of params.yaml that lists entries of a kind.

    Raises
    ------
    LesionflowError : there is none.
    """
    found = [entry for entry in entries if entry.name == name]
    if not found:
        have = ", ".join(entry.name for entry in entries) or "none"
        raise LesionflowError(f"params.yaml: {section}: {name}", got=have, expected=f"a {kind} of this name")
    return found[0]


def members(classifier: str, joined: Sequence[Joined]) -> tuple[str, ...]:
    """The classifiers whose heads answer for a classifier: it alone, or the two that it joins.

    >>> members("pair", [Joined(name="pair", first="lite0-study", second="lite2-study")])
    ('lite0-study', 'lite2-study')
    """
    pair = next((one for one in joined if one.name == classifier), None)
    return (classifier,) if pair is None else pair.both


def parts_of(classifier: str) -> tuple[str, str]:
    """The slug of a classifier's backbone, and its recipe.

    Raises
    ------
    LesionflowError : no such name.

    >>> parts_of("efficientnet_lite0-tuned")
    ('efficientnet_lite0', 'tuned')
    """
    slug, _, recipe = classifier.rpartition("-")
    if not slug or not recipe:
        raise LesionflowError(f"classifier {classifier!r}", expected="<slug of models>-<name of recipes>")
    return slug, recipe


def _read(path: Path) -> Any:
    try:
        return parse_yaml(path.read_text(encoding="utf-8"))
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
