"""What one run says, gathered from files that DVC owns: the same for a fresh result and for one out of DVC's cache."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow import tables
from lesionflow.adapters.naming import flat, plain, text
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json
from lesionflow.params import PARAMS, Joined, load, members, parts_of

OF_EACH = (
    "outputs/backbones/{backbone}.json",
    "outputs/heads/{member}/head.json",
    "outputs/heads/{member}/head.safetensors",
)
"""Of each classifier whose head answers: of a joined pair, two."""
OF_ALL = (
    "outputs/predictions/{name}.parquet",
    "reports/calibration/{name}.json",
    "reports/confusion/{name}.csv",
    "reports/coverage/{name}.csv",
    "reports/explain/{name}.json",
    "reports/metrics/{name}.json",
    "reports/per_class/{name}.csv",
    "reports/training/{name}.json",
    "reports/reliability/{name}.csv",
    "reports/risk/{name}.csv",
    "reports/subgroups/{name}.csv",
    "reports/subgroups/{name}.json",
)
OF_ONE = ("reports/history/{name}.csv",)
"""What a joined pair, which is not trained, does not have; nor has it heat maps."""
VALIDATION, MAPS = "reports/validation", "outputs/explain/{name}"
KEPT = ("best_epoch", "epochs")
HEADLINE = ("balanced_accuracy", "accuracy", "mcc", "malignant_sensitivity")
# They say something about every active model, so that adding one would make the others look changed.
NOT_IN_KEY = ("reports/validation/predictions.json", "reports/validation/docs/")
SECTIONS = ("calibrate", "curate", "evaluate", "extract_features", "seed", "subgroups")
"""What of params.yaml every run's results come from, beside its backbone and recipe."""


@dataclass(frozen=True)
class Subject:
    """A classifier by name, and of each one whose head answers for it its name and its backbone's slug."""

    name: str
    members: tuple[tuple[str, str], ...]

    @property
    def joined(self) -> bool:
        """Whether it is a joined pair."""
        return len(self.members) > 1


@dataclass(frozen=True)
class Member:
    """One backbone with its head: slug and description, the section of params.yaml that loads it, the head's folder."""

    name: str
    slug: str
    backbone: Mapping[str, Any]
    settings: Mapping[str, Any]
    head: Path


@dataclass(frozen=True)
class RunContent:
    """One classifier's results.

    `files` are paths relative to `root`; `metrics` are the final ones by flat name; `history` has one row an epoch, and
    none of a joined pair; `tau` is what was chosen for a pair, 0 otherwise (a head has its own).
    """

    model: str
    root: Path
    files: tuple[str, ...]
    key: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    history: pd.DataFrame
    predictions: pd.DataFrame
    labels: tuple[str, ...]
    members: tuple[Member, ...]
    tau: float


def subject(classifier: str, joined: Sequence[Joined] = ()) -> Subject:
    """A classifier by name, which may be that of a joined pair.

    Raises
    ------
    LesionflowError : no such name.
    """
    return Subject(classifier, tuple((member, parts_of(member)[0]) for member in members(classifier, joined)))


def settings(about: Subject, path: Path = PARAMS) -> dict[str, Any]:
    """The sections of a params.yaml that a classifier's results come from: `params` of `gather`.

    Raises
    ------
    LesionflowError : a section is not there.
    """
    found: dict[str, Any] = {name: load(name, object, path) for name in SECTIONS}
    if not about.joined:
        (name, slug), recipe = about.members[0], parts_of(about.members[0][0])[1]
        model = load(f"models.{slug}", object, path)
        return found | {"model": model, "recipe": {"name": recipe, **load(f"recipes.{recipe}", dict[str, Any], path)}}
    for name, slug in about.members:
        recipe = parts_of(name)[1]
        found[f"models.{slug}"] = load(f"models.{slug}", object, path)
        found[f"recipes.{recipe}"] = load(f"recipes.{recipe}", object, path)
    return found | {"joined": [name for name, _ in about.members]}


def parts(about: Subject) -> dict[str, str]:
    """Tags that name a classifier's backbones and recipes."""
    slugs = dict.fromkeys(slug for _, slug in about.members)
    recipes = dict.fromkeys(parts_of(name)[1] for name, _ in about.members)
    return {"lesionflow.backbone": ", ".join(slugs), "lesionflow.recipe": ", ".join(recipes)}


def paths(about: Subject) -> list[str]:
    """The files and folders, relative to the project's, that `gather` reads."""
    return [*_single(about), *_folders(about)]


def gather(about: Subject, params: Mapping[str, Any], *, root: Path) -> RunContent:
    """Read the results of one classifier below `root`.

    Parameters
    ----------
    params : sections of params.yaml that the results come from, as `settings` gives them.

    Raises
    ------
    LesionflowError : a file is not there.
    """
    name, files = about.name, tuple(sorted(_files(about, root)))
    each = tuple(_member(member, slug, about, params, root) for member, slug in about.members)
    card, training = (read_json(path) for path in (each[0].head / "head.json", root / f"reports/training/{name}.json"))
    history = pd.DataFrame({"epoch": []}) if about.joined else pd.read_csv(root / f"reports/history/{name}.csv")
    metrics = {
        **flat(read_json(root / f"reports/metrics/{name}.json"), "_"),
        **flat({"explain": read_json(root / f"reports/explain/{name}.json")}, "_"),
        **flat({"training": training}, "_"),
        **flat({"calibration": read_json(root / f"reports/calibration/{name}.json")}, "_"),
        **flat({"worst": _worst(read_json(root / f"reports/subgroups/{name}.json"))}, "_"),
        **_per_class(pd.read_csv(root / f"reports/per_class/{name}.csv")),
        **({} if about.joined else {one: float(card[one]) for one in KEPT if one in card}),
    }
    return RunContent(
        model=name,
        root=root,
        files=files,
        key=content_key(files, params, root=root),
        params={key: text(value) for key, value in flat(params, ".", numbers=False).items()},
        metrics={key: float(value) for key, value in metrics.items()},
        history=history,
        predictions=tables.read(root / f"outputs/predictions/{name}.parquet", tables.PREDICTIONS),
        labels=tuple(card["labels"]),
        members=each,
        tau=float(training["tau"]) if about.joined else 0.0,
    )


def _member(name: str, slug: str, about: Subject, params: Mapping[str, Any], root: Path) -> Member:
    section = params[f"models.{slug}" if about.joined else "model"]
    backbone = read_json(root / f"outputs/backbones/{slug}.json")
    return Member(name, slug, backbone, section, root / "outputs/heads" / name)


def _per_class(frame: pd.DataFrame) -> dict[str, float]:
    """Test figures of each class, as class/<label>/<figure>; undefined ones are left out."""
    return {
        f"class/{plain(row['label'])}/{name}": float(row[name])
        for row in frame.to_dict("records")
        for name in frame.columns.drop("label")
        if pd.notna(row[name])
    }


def _worst(subgroups: Mapping[str, Any]) -> dict[str, Any]:
    """By trait, the worst subgroup's headline figures; all of them would be hundreds, and are in the logged file."""
    return {
        trait: {name: found for name, found in by_metric.items() if name in HEADLINE}
        for trait, by_metric in subgroups["worst"].items()
    }


def content_key(files: tuple[str, ...], params: Mapping[str, Any], *, root: Path) -> str:
    """Digest of the files and params: what makes two runs the same, whatever the commit, machine or time."""
    digests = {path: file_digest(root / path) for path in files if not path.startswith(NOT_IN_KEY)}
    return digest({"files": digests, "params": params})


def digest(content: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _single(about: Subject) -> list[str]:
    of_each = [pattern.format(member=name, backbone=slug) for name, slug in about.members for pattern in OF_EACH]
    own = OF_ALL if about.joined else (*OF_ALL, *OF_ONE)
    # Both of a pair may stand on one backbone.
    return [*dict.fromkeys(of_each), *(pattern.format(name=about.name) for pattern in own)]


def _folders(about: Subject) -> list[str]:
    return [VALIDATION] if about.joined else [MAPS.format(name=about.name), VALIDATION]


def _files(about: Subject, root: Path) -> Iterator[str]:
    for path in _single(about):
        if not (root / path).is_file():
            raise _absent(about.name, root / path)
        yield path
    for path in _folders(about):
        folder = root / path
        if not folder.is_dir():
            raise _absent(about.name, folder)
        # DVC's .gitignore is no result.
        found = (file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
        yield from (file.relative_to(root).as_posix() for file in found)


def _absent(name: str, path: Path) -> LesionflowError:
    return LesionflowError(
        f"{path}: no such result of model {name}",
        expected="the pipeline's outputs",
        remedy="Run `dvc repro`, or `dvc pull` where somebody else ran it.",
    )
