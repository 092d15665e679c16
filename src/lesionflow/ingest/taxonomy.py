"""data/taxonomy.yaml: which labels there are, and under which names sources know them.

classes:
  basal_cell_carcinoma: {aliases: [BCC], parent: malignant_epidermal, malignant: true}
"""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from lesionflow.errors import LesionflowError
from lesionflow.params import Section


class LabelParams(Section):
    """Other names of a class, the group it belongs to, and whether it is malignant."""

    aliases: tuple[str, ...] = ()
    parent: str | None = None
    malignant: bool = False


class TaxonomyParams(Section):
    """The classes by canonical label."""

    classes: Mapping[str, LabelParams]


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
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LesionflowError(
            f"{path}: no such file",
            expected="data/ with manifests/*.csv and taxonomy.yaml",
            remedy="Run `dvc pull data.dvc` for the sample, or put your own data there (README, Your data).",
        ) from None
    except UnicodeDecodeError as error:
        raise LesionflowError(f"{path}: not UTF-8", got=str(error), remedy="Save the file as UTF-8.") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> Taxonomy:
    """The taxonomy that `text` holds; `where` is the file that messages name.

    Raises
    ------
    LesionflowError : see `load`.
    """
    try:
        return Taxonomy(TaxonomyParams.model_validate(yaml.safe_load(text)), where)
    except yaml.YAMLError as error:
        raise LesionflowError(f"{where}: not valid YAML", got=str(error), remedy="Mend the line named above.") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise LesionflowError(
            f"{where}: {'.'.join(map(str, first['loc']))}",
            got=repr(first["input"])[:200],
            expected=first["msg"],
            remedy="See README, Your data.",
        ) from None
