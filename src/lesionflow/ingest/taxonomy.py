"""data/taxonomy.yaml: which labels there are, and under which names sources know them.

classes:
  basal_cell_carcinoma: {aliases: [BCC], parent: malignant_epidermal, malignant: true}
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from lesionflow.errors import LesionflowError
from lesionflow.params import Section

HALF_A_CHARACTER = re.compile(r"\\(u|U0000)[dD][89a-fA-F]")
"""YAML can spell halves of a UTF-16 pair, which no file can hold."""


class LabelParams(Section):
    """Other names of a class, the group it belongs to, and whether it is malignant."""

    aliases: tuple[str, ...] = ()
    parent: str | None = None
    malignant: bool = False


class TaxonomyParams(Section):
    """The classes by canonical label."""

    classes: Mapping[str, LabelParams]


@lru_cache(maxsize=4096)  # a manifest says the same few labels over and over
def normalised(label: str) -> str:
    """Labels that differ in case, spaces, hyphens, underscores or Unicode form are one.

    >>> normalised(" Basal-cell  Carcinoma ") == normalised("basal_cell_carcinoma")
    True
    """
    return re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", label).casefold()).strip()


class Taxonomy:
    """Maps a source's label to the canonical one."""

    def __init__(self, params: TaxonomyParams, where: str) -> None:
        self.where = where
        self.classes = params.classes
        self._canonical: dict[str, str] = {}
        for label, entry in params.classes.items():
            for name in (label, *entry.aliases):
                other = self._canonical.setdefault(normalised(name), label)
                if other != label:
                    raise LesionflowError(
                        f"{where}: {name!r}",
                        got=f"a name of {other} and of {label}",
                        expected="a name of one class",
                        remedy="Remove it from one of the two.",
                    )

    def canonical(self, label: str) -> str | None:
        """The class that `label` names, or None."""
        return self._canonical.get(normalised(label))

    def near(self, label: str) -> list[str]:
        """Known names that look like `label`, for an error message."""
        return difflib.get_close_matches(normalised(label), self._canonical, n=3)


def load(path: Path) -> Taxonomy:
    """Read the taxonomy.

    Raises
    ------
    LesionflowError : no such file, not of the form above, or a name that two classes claim.
    """
    return parse(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of a taxonomy file.

    Raises
    ------
    LesionflowError : no such file, or one that is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LesionflowError(
            f"{path}: no such file",
            expected="data/ with manifests/*.csv and taxonomy.yaml",
            remedy="Run `dvc pull data.dvc` for the sample, or put your own data there (README, Your data).",
        ) from None
    except UnicodeDecodeError as error:
        raise LesionflowError(f"{path}: not UTF-8", got=str(error), remedy="Save the file as UTF-8.") from None
    except OSError as error:
        raise LesionflowError(f"{path}: not readable", got=str(error), expected="a text file") from None


def parse(text: str, where: str) -> Taxonomy:
    """The taxonomy that `text` holds; `where` is the file that messages name.

    Raises
    ------
    LesionflowError : see `load`.
    """
    try:
        return Taxonomy(TaxonomyParams.model_validate(from_yaml(text, where)), where)
    except ValidationError as error:
        first = error.errors()[0]
        raise LesionflowError(
            f"{where}: {'.'.join(map(str, first['loc']))}",
            got=repr(first["input"])[:200],
            expected=first["msg"],
            remedy="See README, Your data.",
        ) from None


class Typed(yaml.SafeLoader):
    """YAML in which a key twice is an error, not a loss of the first."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse repeated keys, then as usual."""
        return _each_key_once(super().compose_mapping_node(anchor))


class AsWritten(yaml.BaseLoader):
    """YAML whose scalars all are text, so that `1.0`, `007` and `no` need no quotes; a key twice is an error."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Refuse repeated keys, then as usual."""
        return _each_key_once(super().compose_mapping_node(anchor))


def _each_key_once(node: yaml.MappingNode) -> yaml.MappingNode:
    seen = set()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} twice", key.start_mark)
        seen.add(key.value if isinstance(key, yaml.ScalarNode) else key)
    return node


def from_yaml(text: str, where: str, loader: type[Typed] | type[AsWritten] = Typed) -> Any:
    """What YAML text holds.

    Raises
    ------
    LesionflowError : not YAML; `where` names its file, and the message the line.
    """
    half = HALF_A_CHARACTER.search(text)
    if half:
        raise LesionflowError(
            f"{where}: {half[0]}", got="half of a character", expected="text", remedy="Write the character itself."
        )
    try:
        return yaml.load(text, loader)  # noqa: S506 - neither loader makes objects
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # impossible dates, endless brackets
        raise LesionflowError(
            f"{where}: not valid YAML", got=str(error)[:500], remedy="Mend the line named above."
        ) from None
