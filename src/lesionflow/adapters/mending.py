"""Runs that a killed process left behind: found, ended, and never taken for results."""

import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from lesionflow.adapters.store import ModelVersion, Run, Store
from lesionflow.errors import LesionflowError

PROCESS = "lesionflow.process"
STALE = 3600
"""Seconds after which a run of another machine that still says RUNNING counts as dead."""


@dataclass(frozen=True)
class Place:
    """A registered model, and the aliases and tags under which a version stood in it."""

    name: str
    aliases: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


def me() -> str:
    """Host and number of this process, as the tag PROCESS says them."""
    return f"{socket.gethostname()}:{os.getpid()}"


def has_artifacts(run: Run, store: Store) -> bool:
    """Whether they are where the run says; a server's own folders cannot be seen from here."""
    location = urlsplit(run.info.artifact_uri)
    return not store.is_file or location.scheme not in ("", "file") or Path(url2pathname(location.path)).is_dir()


def lives(run: Run, store: Store) -> bool:
    """Whether another process of a shared server may still be logging it; of a file, our lock shows that nobody is."""
    if run.info.status != "RUNNING" or store.is_file:
        return False
    host, _, process = run.data.tags.get(PROCESS, "").partition(":")
    recent = time.time() - run.info.start_time / 1000 < STALE
    return _runs(int(process)) if host == socket.gethostname() and process.isdigit() else recent


def refuse_living(run: Run, store: Store) -> None:
    """Leave alone what another process is logging.

    Raises
    ------
    LesionflowError : the run may still live.
    """
    if lives(run, store):
        host = run.data.tags.get(PROCESS, "").partition(":")[0]
        raise LesionflowError(
            f"MLflow run {run.info.run_id}: another process is logging the same content",
            got=f"status RUNNING, by {host}",
            remedy="Wait for it to end, then run `dvc repro track`.",
        )


def end_dead(store: Store, experiment_id: str) -> int:
    """End every run of ours that still says RUNNING though its process is gone; how many."""
    running = store.client.search_runs([experiment_id], "attributes.status = 'RUNNING'", max_results=1000)
    dead = [run for run in running if PROCESS in run.data.tags and not lives(run, store)]
    for run in dead:
        store.client.set_terminated(run.info.run_id, "KILLED")
    return len(dead)


def discard(store: Store, run: Run, *, but: str) -> list[Place]:
    """Delete a run and its registered versions, those in other registered models than `but` are returned."""
    versions = store.client.search_model_versions(f"run_id = '{run.info.run_id}'")
    places = _places(store, (version for version in versions if version.name != but))
    for version in versions:
        store.client.delete_model_version(version.name, version.version)
    if run.info.status == "RUNNING":
        store.client.set_terminated(run.info.run_id, "KILLED")
    store.client.delete_run(run.info.run_id)
    return places


def _places(store: Store, versions: Iterable[ModelVersion]) -> list[Place]:
    whole = (store.client.get_model_version(version.name, version.version) for version in versions)
    return [Place(one.name, tuple(one.aliases), tuple(sorted(one.tags.items()))) for one in whole]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
