"""Memory kept instead of returned: a speed setting without influence on results."""

import ctypes
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD, _TOP_PAD = -3, -1, -2  # glibc's malloc.h


def keep_freed_memory() -> bool:
    """Let glibc's allocator keep what a network's layers free; say whether it does (False where there is no glibc).

    By default every large tensor comes from the kernel anew and is paged in anew: on a CPU, half of the time of a small
    network's pass. The price is about 250 MB more resident memory.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl has none
        return False
    settings = ((_MMAP_THRESHOLD, 2**30), (_TRIM_THRESHOLD, 2**31 - 1), (_TOP_PAD, 2**28))
    taken = [mallopt(name, value) == 1 for name, value in settings]
    return all(taken)
