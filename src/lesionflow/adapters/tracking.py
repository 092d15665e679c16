"""One MLflow run and one registered version for one content, however often it is asked for.

A run whose artifacts are no longer where it says (the project was moved) is logged anew from the files that DVC holds.
"""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from lesionflow.adapters import content as contents
from lesionflow.adapters import mending, packaging, provenance, store
from lesionflow.adapters.content import RunContent, Subject
from lesionflow.adapters.mending import PROCESS
from lesionflow.adapters.naming import plain
from lesionflow.adapters.parents import parent_run
from lesionflow.adapters.provenance import Parent
from lesionflow.adapters.settings import TrackParams
from lesionflow.adapters.store import KEY, MODEL, Store

# isort: split
import mlflow
from mlflow.data.pandas_dataset import from_pandas
from mlflow.entities import Metric
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, ColSpec, Schema, TensorSpec

BATCH = 1000
"""MLflow's limit of metrics a request."""


def track_present(about: Subject, settings: TrackParams) -> dict[str, Any]:
    """Track the results that lie in the working folder; the content's key and names, but no run's id.

    So that what is said of it is the same on every machine.
    """
    found = contents.gather(about, contents.settings(about), root=Path())
    origin, names = provenance.here(Path()), settings.names(about.name)
    said = provenance.tags(found, origin) | contents.parts(about)
    track(found, **names, tags=said, parent=provenance.state(Path(), origin))
    return {"model": about.name, "content_key": found.key, **names}


def track(
    content: RunContent, *, experiment: str, registered_model: str, tags: dict[str, str], parent: Parent | None = None
) -> str:
    """Log `content`, unless a finished run holds it already; return the id of its run.

    A run of the same content that a killed process left behind is ended, deleted and logged anew; others are ended.

    Parameters
    ----------
    parent : the state of the pipeline, whose runs stand under one.

    Raises
    ------
    LesionflowError : the store cannot be used, or another machine is logging this content right now.
    """
    with store.opened() as opened:
        experiment_id = store.experiment(opened, experiment)
        mending.end_dead(opened, experiment_id)
        places: list[mending.Place] = []
        for run in opened.client.search_runs([experiment_id], f"tags.`{KEY}` = '{content.key}'"):
            if run.info.status == "FINISHED" and mending.has_artifacts(run, opened):
                return str(run.info.run_id)
            mending.refuse_living(run, opened)
            places += mending.discard(opened, run, but=registered_model)
        under = {} if parent is None else {"mlflow.parentRunId": parent_run(opened, experiment_id, parent)}
        return _log(opened, content, experiment_id, registered_model, {**tags, **under}, places)


def _log(
    opened: Store,
    content: RunContent,
    experiment_id: str,
    registered_model: str,
    tags: dict[str, str],
    places: list[mending.Place],
) -> str:
    mine = {KEY: content.key, PROCESS: mending.me(), MODEL: content.model}
    # `with` marks the run as FAILED when something raises; a bare start_run would leave it FINISHED.
    with mlflow.start_run(experiment_id=experiment_id, run_name=content.model, tags={**tags, **mine}) as run:
        run_id = str(run.info.run_id)
        mlflow.log_params(dict(content.params))
        _log_metrics(opened, content, run_id)
        _log_dataset(content, tags)
        for path in content.files:
            mlflow.log_artifact(str(content.root / path), artifact_path=Path(path).parent.as_posix())
        _register(opened, content, registered_model, run_id, places)
    return run_id


def _log_metrics(opened: Store, content: RunContent, run_id: str) -> None:
    now = int(time.time() * 1000)
    points = [Metric(name, value, now, 0) for name, value in content.metrics.items()]
    # Under their own prefix: an accuracy of the last epoch and the one of the kept epoch are two things.
    for row in content.history.to_dict("records"):
        epoch = int(row.pop("epoch"))
        points += [Metric(f"epoch/{name}", float(value), now, epoch) for name, value in row.items() if pd.notna(value)]
    for start in range(0, len(points), BATCH):
        opened.client.log_batch(run_id, metrics=points[start : start + BATCH])


def _log_dataset(content: RunContent, tags: dict[str, str]) -> None:
    """The photos as a dataset input: digest of the data, and counts by split and class as tags."""
    frame = content.predictions[["sha256", "split", "label"]]
    counts = pd.concat([frame["split"].value_counts(), frame["label"].value_counts()]).sort_index()
    dataset = from_pandas(frame, name="photos", digest=tags["lesionflow.data"][:36])
    mlflow.log_input(
        dataset,
        context="train, val and test",
        tags={f"photos.{plain(str(name))}": str(count) for name, count in counts.items()},
    )


def _register(opened: Store, content: RunContent, name: str, run_id: str, places: Sequence[mending.Place] = ()) -> None:
    with tempfile.TemporaryDirectory() as room:
        packaging.write_model(content, Path(room) / "data")
        packaging.write_code(Path(room) / "lesionflow")
        logged = mlflow.pyfunc.log_model(
            name="model",
            loader_module=packaging.LOADER,
            data_path=f"{room}/data",
            code_paths=[f"{room}/lesionflow"],
            pip_requirements=packaging.requirements(content),
            signature=_signature(content),
            input_example=pd.DataFrame({"image": [packaging.example_photo()]}),
        )
    # Where a version of this content stood before, as champion perhaps, it stands again.
    for place in (mending.Place(name, (), ((KEY, content.key),)), *places):
        store.unless_there(partial(opened.client.create_registered_model, place.name))
        version = opened.client.create_model_version(
            place.name, source=logged.model_uri, run_id=run_id, tags=dict(place.tags), model_id=logged.model_id
        )
        for alias in place.aliases:
            opened.client.set_registered_model_alias(place.name, alias, version.version)


def _signature(content: RunContent) -> ModelSignature:
    # "Any", because a photo comes as bytes, as base64 text (HTTP) or as the path of a file, and because MLflow refuses
    # an age of 70 where a double is asked for. Columns that the signature does not name never reach the model.
    names = {"image": True, **dict.fromkeys(packaging.metadata(content), False)}
    kind = AnyType()  # type: ignore[no-untyped-call]
    seen: list[ColSpec | TensorSpec] = [ColSpec(kind, name, required=needed) for name, needed in names.items()]
    numbers = [ColSpec("double", name) for name in ("probability", *content.labels)]
    said: list[ColSpec | TensorSpec] = [
        ColSpec("string", "label"),
        numbers[0],
        ColSpec("boolean", "answered"),
        *numbers[1:],
    ]
    return ModelSignature(Schema(seen), Schema(said))
