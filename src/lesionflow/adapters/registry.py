"""The registered model that people load, models:/<name>@champion: who holds its aliases, and since when with what."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lesionflow.adapters import store
from lesionflow.adapters.store import KEY, MODEL, ModelVersion, Store
from lesionflow.errors import LesionflowError
from lesionflow.files import read_json

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Standing:
    """The classifier that an alias names: version in the registered model, content key, name and run."""

    version: str
    key: str
    model: str
    run_id: str


def champion(name: str) -> Standing | None:
    """Who is champion of a registered model; None where nobody is yet.

    Raises
    ------
    LesionflowError : the store cannot be used, or somebody named a version champion that is none of ours.
    """
    with store.opened() as opened:
        return _champion(opened, name)


def record(standing: Standing, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The champion's table predictions, as of the run that made it, and the card of a head; copied below `folder`.

    A joined pair has two heads, of the same classes.

    Raises
    ------
    LesionflowError : the store cannot be used, or has lost them.
    """
    with store.opened() as opened:
        # Where a store puts a copy is its own affair; it says where.
        predictions = opened.client.download_artifacts(
            standing.run_id, f"outputs/predictions/{standing.model}.parquet", str(folder)
        )
        head = opened.client.list_artifacts(standing.run_id, "outputs/heads")[0].path
        card = opened.client.download_artifacts(standing.run_id, f"{head}/head.json", str(folder))
        return Path(predictions), read_json(Path(card))


def model_files(name: str, standing: Standing, folder: Path) -> Path:
    """The folder that the champion's loader reads (see `packaging.write_model`), copied below `folder`."""
    with store.opened():
        return Path(store.download(f"models:/{name}/{standing.version}", folder)) / "data/data"


def enter(name: str, *, experiment: str, key: str, alias: str, tags: Mapping[str, str], before: Standing | None) -> str:
    """Give `alias` to the tracked classifier of this content; its version in the registered model is returned.

    Parameters
    ----------
    before : the champion that the decision was made against.

    Raises
    ------
    LesionflowError : the content is not tracked, or another champion was made since the decision.
    """
    with store.opened() as opened:
        now = _champion(opened, name)
        if now != before:
            raise LesionflowError(
                f"registered model {name}: another champion since the decision",
                got=f"version {now.version if now else 'none'}",
                expected=f"version {before.version if before else 'none'}",
                remedy="Run `lesionflow promote` again.",
            )
        version = _version(opened, name, experiment, key)
        for tag, value in tags.items():
            opened.client.set_model_version_tag(name, version, tag, value)
        opened.client.set_registered_model_alias(name, alias, version)
        if alias == CHAMPION and _alias(opened, name, CHALLENGER) == version:
            opened.client.delete_registered_model_alias(name, CHALLENGER)
        return version


def _champion(opened: Store, name: str) -> Standing | None:
    number = _alias(opened, name, CHAMPION)
    if number is None:
        return None
    version = opened.client.get_model_version(name, number)
    absent = [tag for tag in (KEY, MODEL) if tag not in version.tags]
    if absent or not version.run_id:
        raise LesionflowError(
            f"registered model {name}: version {number}, its champion",
            got=f"no tag {', '.join(absent)}",
            expected="a version that `lesionflow promote` made",
            remedy="Take the alias champion from it, and run `lesionflow promote`.",
        )
    return Standing(number, version.tags[KEY], version.tags[MODEL], version.run_id)


def _alias(opened: Store, name: str, alias: str) -> str | None:
    found = store.unless_absent(lambda: opened.client.get_registered_model(name))
    number = None if found is None else found.aliases.get(alias)
    return None if number is None else str(number)


def _version(opened: Store, name: str, experiment: str, key: str) -> str:
    """The version of this content in the registered model, made where there is none."""
    tracked = _tracked(opened, name, experiment, key)
    store.unless_there(lambda: opened.client.create_registered_model(name))
    for version in opened.client.search_model_versions(f"name = '{name}'"):
        if version.tags.get(KEY) == key and version.run_id == tracked.run_id:
            return str(version.version)
    run, source = opened.client.get_run(str(tracked.run_id)), str(tracked.source)
    made = opened.client.create_model_version(
        name, source=source, run_id=tracked.run_id, tags={KEY: key, MODEL: run.data.tags[MODEL]},
        # A server asks for it by name, and does not say it of the versions that it finds.
        model_id=tracked.model_id or source.removeprefix("models:/"),
    )  # fmt: skip
    return str(made.version)


def _tracked(opened: Store, name: str, experiment: str, key: str) -> ModelVersion:
    """The version that `track` registered under the classifier's own name."""
    runs = opened.client.search_runs(
        [store.experiment(opened, experiment)], f"tags.`{KEY}` = '{key}' and attributes.status = 'FINISHED'"
    )
    for run in runs:
        for version in opened.client.search_model_versions(f"run_id = '{run.info.run_id}'"):
            if version.name != name:
                return version
    raise LesionflowError(
        f"content {key[:12]}: not tracked",
        expected=f"a finished run of experiment {experiment} with a registered version",
        remedy="Run `dvc repro track`, or `lesionflow sync`.",
    )
