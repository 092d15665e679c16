"""The pictures of an explain folder, copied beside the page."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from lesionflow.errors import LesionflowError
from lesionflow.files import atomic
from lesionflow.report.inputs import Model


def copy(models: Sequence[Model], explained: Path, assets: Path) -> None:
    """Copy the pictures that the models' galleries name from `explained`/<slug>/ to `assets`/<slug>/, atomically.

    Whatever else stood in `assets` is gone afterwards.

    Raises
    ------
    LesionflowError : a picture is missing, or its name leads out of its folder.
    """
    with atomic(assets) as partial:
        partial.mkdir()
        for model in models:
            folder = partial / model.slug
            folder.mkdir()
            for name in picture_names(model):
                _copy(explained / model.slug / name, folder / name, model.slug)


def picture_names(model: Model) -> list[str]:
    """The pictures that the model's gallery names.

    Raises
    ------
    LesionflowError : a name with a folder in it: pictures stay where they belong.
    """
    names = sorted({item[kind] for item in model.gallery["items"] for kind in ("photo", "overlay")})
    for name in names:
        if not name or name != Path(name).name or name.startswith(".") or "\\" in name:
            raise LesionflowError(
                f"outputs/explain/{model.slug}/index.json: picture {name!r}",
                expected="a plain file name",
                remedy=f"Run `dvc repro -f explain@{model.slug}`.",
            )
    return names


def _copy(origin: Path, target: Path, slug: str) -> None:
    try:
        shutil.copyfile(origin, target)
    except FileNotFoundError:
        raise LesionflowError(f"{origin}: no such picture", remedy=f"Run `dvc repro -f explain@{slug}`.") from None
