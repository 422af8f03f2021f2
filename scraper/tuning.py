"""What a process that only crawls sets for itself: its memory, and how many files it may have open."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys

if sys.platform != "win32":
    import resource

__all__ = ["keep_heap", "raise_file_limit", "tune"]

_MB = 1 << 20
_SETTINGS = ((-1, 256 * _MB), (-3, 64 * _MB), (-2, 16 * _MB), (-8, 2))
"""M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_TOP_PAD of glibc's malloc.h with their values in bytes; M_ARENA_MAX."""


_FILES = 65_536
"""More only costs: some programs walk through all numbers that a file might have."""
_YOUNG = 50_000
"""Objects between two looks for cycles: there are next to none, and the usual 700 cost 4 to 6 % of a page's CPU."""


def tune() -> None:
    """What a process that only crawls sets for itself at its start.

    The heap is kept, cycles are looked for rarely, and as many files may be open as the system allows.

    For a program's main and for worker processes; a library must not decide this for the program that it is in.
    """
    keep_heap()
    raise_file_limit()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def raise_file_limit() -> None:
    """Let this process open as many files as it may without asking, 65,536 at most; a connection is a file.

    The soft limit is 1,024 nearly everywhere for the sake of programs that use ``select``, which can take no more; this
    one does not.
    """
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # the kernel of macOS takes less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def keep_heap() -> bool:
    """Let glibc keep freed memory for the next page instead of giving it back and faulting it in again.

    For the whole process, so only a program's main calls it, never an import. Does nothing but on glibc.

    Parsing pages of 48 KB one after the other it took lexbor from 450 to 320 us a page (56 page faults a page, then
    none) and turbo from 255 to 248 (3 faults, then none), at the same peak of 46 MB. How much is trimmed after a page
    depends on what lies on top of the heap: in other processes the gain was up to a half. At most 256 MB stay.

    Two arenas, and not eight for each core: what a large body took stays in the arena of its thread. 16 threads that
    met 400 hostile answers kept 360 MB so, and 190 with two; the interpreter's lock leaves little to contend for.

    :return: whether it was done.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, such as musl, has none
        return False
    done = [mallopt(setting, value) for setting, value in _SETTINGS]
    return all(done)
