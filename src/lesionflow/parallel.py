"""Work over many items: a thin layer on joblib, in order, with a progress bar.

How many workers and where they run never changes a result, so it is not in params.yaml but in the environment:
LESIONFLOW_WORKERS (default: the machine's processors) and LESIONFLOW_BACKEND (default: joblib's local processes; or
"ray", "dask" or "spark", with that package installed). A cluster's workers need the project's folder at the same path.
"""

import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Any, TypeVar

import joblib
from joblib import parallel
from joblib.externals.loky import get_reusable_executor
from tqdm import tqdm

from lesionflow.errors import LesionflowError

AS_THEY_COME = ("loky", "threading", "multiprocessing", "sequential")
SLICE = 8
"""Items a worker."""
T = TypeVar("T")
R = TypeVar("R")


def workers() -> int:
    """The number of workers asked for in LESIONFLOW_WORKERS, or one a processor."""
    text = os.environ.get("LESIONFLOW_WORKERS", "")
    if not text:
        return int(joblib.cpu_count())
    if not text.isdigit() or int(text) < 1:
        raise LesionflowError(
            "LESIONFLOW_WORKERS", got=repr(text), expected="a whole number from 1", remedy="Set it anew, or unset it."
        )
    return int(text)


def progress(items: Iterable[T], *, desc: str, unit: str, total: int | None = None) -> Iterator[T]:
    """Show rate and time left on a terminal; stay quiet in CI and in pipes."""
    yield from tqdm(items, desc=desc, unit=unit, total=total, disable=quiet())


def quiet() -> bool:
    """Whether progress would be shown to nobody."""
    return bool(os.environ.get("CI")) or not sys.stderr.isatty()


def chunked(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut a sequence into pieces of `size`, the last one shorter.

    >>> chunked([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    return [items[start : start + size] for start in range(0, len(items), size)]


def map_ordered(
    work: Callable[[T], R],
    items: Iterable[T],
    *,
    desc: str,
    unit: str = "image",
    total: int | None = None,
    waits: bool = False,
    gpus: int = 0,
) -> Iterator[R]:
    """Yield `work(item)` for each item in the items' order, whichever finishes first.

    `work` and the items must pickle. An error in a worker ends the iteration with that error. Work that only `waits`,
    as for a process of its own, gets threads where it would get local processes. Items that are made as they are needed
    come with their `total`. On Ray, each worker gets `gpus` of its own; LESIONFLOW_WORKERS says how many workers.
    """
    total = len(items) if isinstance(items, Sized) else total
    count = workers() if total is None else min(workers(), max(1, total))
    backend = _backend("threading" if waits else "loky")
    tasks = (joblib.delayed(work)(item) for item in items)
    if backend in AS_THEY_COME:
        results = _at_once(tasks, backend, count)
    else:
        results = _in_slices(tasks, backend, count, {"ray_remote_args": {"num_gpus": gpus}} if gpus else {})
    yield from progress(results, desc=desc, unit=unit, total=total)


def threaded(
    work: Callable[[T], R], items: Sequence[T], threads: int, *, desc: str, unit: str = "image"
) -> Iterator[R]:
    """Yield `work(item)` in the items' order, by threads of this process, wherever other work runs.

    For work that spends its time outside of the interpreter.
    """
    tasks = (joblib.delayed(work)(item) for item in items)
    results = _at_once(tasks, "threading", threads) if threads > 1 else map(work, items)
    yield from progress(results, desc=desc, unit=unit, total=len(items))


def elsewhere() -> bool:
    """Whether LESIONFLOW_BACKEND names workers that may be on other machines."""
    return _backend("loky") not in AS_THEY_COME


def rest() -> None:
    """End the local worker processes, which otherwise wait for more work and keep their memory."""
    get_reusable_executor().shutdown()


def _at_once(tasks: Iterator[Any], backend: str, count: int) -> Iterator[Any]:
    with joblib.parallel_config(backend=backend):
        results: Iterator[Any] = joblib.Parallel(n_jobs=count, return_as="generator")(tasks)
    yield from results


def _in_slices(tasks: Iterator[Any], backend: str, count: int, more: dict[str, Any]) -> Iterator[Any]:
    """For backends that give results only when all are there: some at a time."""
    with joblib.parallel_config(backend=backend, **more), joblib.Parallel(n_jobs=count) as pool:
        while some := list(itertools.islice(tasks, SLICE * count)):
            yield from pool(some)


def _backend(local: str) -> str:
    """The backend asked for in LESIONFLOW_BACKEND, registered with joblib, or the local one.

    Raises
    ------
    LesionflowError : a backend that joblib does not know, or whose package is not installed.
    """
    name = os.environ.get("LESIONFLOW_BACKEND", "") or local
    known = {*parallel.BACKENDS, *parallel.EXTERNAL_BACKENDS, "ray", "spark"}
    if name not in known:
        raise LesionflowError("LESIONFLOW_BACKEND", got=repr(name), expected=f"one of {', '.join(sorted(known))}")
    try:
        if name == "ray":
            from ray.util.joblib import register_ray

            register_ray()  # type: ignore[no-untyped-call]
        elif name == "spark":
            from joblibspark import register_spark

            register_spark()
    except ImportError as error:
        package = "joblibspark" if name == "spark" else name
        raise LesionflowError(
            f"LESIONFLOW_BACKEND: {name}", got=str(error), remedy=f"pip install {package}, or unset the variable."
        ) from None
    return name
