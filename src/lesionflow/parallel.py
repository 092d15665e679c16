"""Work over many items: a thin layer on joblib, in order, with a progress bar.

How many workers and where they run never changes a result, so it is not in params.yaml but in the environment:
LESIONFLOW_WORKERS (default: the machine's processors) and LESIONFLOW_BACKEND (default: joblib's local processes; "ray",
"dask" or "spark" once that package has registered its joblib backend).
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import TypeVar

import joblib
from tqdm import tqdm

from lesionflow.errors import LesionflowError

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
) -> Iterator[R]:
    """Yield `work(item)` for each item in the items' order, whichever finishes first.

    `work` and the items must pickle. An error in a worker ends the iteration with that error. Work that only `waits`,
    as for a process of its own, gets threads where it would get local processes. Items that are made as they are needed
    come with their `total`.
    """
    total = len(items) if isinstance(items, Sized) else total
    count = workers() if total is None else min(workers(), max(1, total))
    local = "threading" if waits else "loky"
    with joblib.parallel_config(backend=os.environ.get("LESIONFLOW_BACKEND", local)):
        results = joblib.Parallel(n_jobs=count, return_as="generator")(joblib.delayed(work)(item) for item in items)
    yield from progress(results, desc=desc, unit=unit, total=total)
