"""Where a network runs, and how it gives the same bits each time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def device() -> torch.device:
    """The GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def deterministic() -> Iterator[None]:
    """Let torch take only kernels that give the same bits each time (the CPU's do already), then put things back."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with it
    guard: Any = torch.utils.deterministic
    before = torch.are_deterministic_algorithms_enabled(), guard.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    guard.fill_uninitialized_memory = False  # for debugging, and costs time
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        guard.fill_uninitialized_memory = before[1]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread, here and in threads that start meanwhile, then put things back.

    The number of threads changes the order of sums, and so the last bits; and what is too small for several threads, or
    runs beside others like it, is faster without.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
