"""The run above the runs of one state of the pipeline: the same data, settings and code, whichever machine ran it."""

from lesionflow.adapters import mending
from lesionflow.adapters.provenance import Parent
from lesionflow.adapters.store import Run, Store

STATE = "lesionflow.pipeline_key"


def parent_run(store: Store, experiment_id: str, parent: Parent) -> str:
    """The id of the run of this state, made where there is none.

    Two processes on a server may make one at once: the older stays, so that both end under the same.
    """
    found = _runs_of(store, experiment_id, parent)
    if found:
        return str(found[0].info.run_id)
    tags = {**parent.tags, STATE: parent.key, mending.PROCESS: mending.me()}
    made = store.client.create_run(experiment_id, tags=tags, run_name=f"pipeline {parent.key[:8]}")
    # It only holds others together, so it is over at once and cannot be left RUNNING.
    store.client.set_terminated(made.info.run_id, "FINISHED")
    first = _runs_of(store, experiment_id, parent)[0]
    if first.info.run_id != made.info.run_id:
        store.client.delete_run(made.info.run_id)
    return str(first.info.run_id)


def _runs_of(store: Store, experiment_id: str, parent: Parent) -> list[Run]:
    found = store.client.search_runs([experiment_id], f"tags.`{STATE}` = '{parent.key}'")
    return sorted(found, key=lambda run: (run.info.start_time, run.info.run_id))
