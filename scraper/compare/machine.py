"""Where a comparison is made: what is told of the machine, and who else was at work on it meanwhile.

No path, no name of the machine or of a user: a report is shown to others.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import time
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scraper.compare.model import Machine

__all__ = ["Others", "cores", "this_machine"]

_LIBRARIES = (
    *("scraper", "aiohttp", "uvloop", "requests", "urllib3", "turbohtml", "selectolax", "beautifulsoup4", "lxml"),
    *("can_ada", "msgspec", "fastwarc"),
)
"""Those whose version may change a figure."""
_HERE = Path(__file__).parents[2]


def cores() -> int:
    """Those that this process may use."""
    return len(_mine())


def this_machine() -> Machine:
    """What is known of this one; what the system does not tell is empty, or 0."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=cores(),
        memory=_memory(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        versions=_versions(),
        commit=_commit(),
    )


class Others:
    """How much of our cores others take, from its making on; only Linux tells.

    What the system counts as busy, less what this process and its children took. Of children only those count that
    have ended: ask when they have.
    """

    def __init__(self) -> None:
        self._busy, self._own, self._began = _busy(), _own(), time.monotonic()

    def share(self) -> float:
        """The share of the machine, from 0 to 1; 0 where nobody knows."""
        busy = _busy()
        if busy is None or self._busy is None:
            return 0.0
        whole = (time.monotonic() - self._began) * cores()
        others = busy - self._busy - (_own() - self._own)
        return min(1.0, max(0.0, others / whole)) if whole else 0.0


def _mine() -> Collection[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _busy() -> float | None:
    """CPU seconds of all that ran on our cores since the start of the system, time that a host took away included."""
    names = {f"cpu{number}" for number in _mine()}
    try:
        lines = [line.split() for line in Path("/proc/stat").read_text("ascii").splitlines()]
        ticks = os.sysconf("SC_CLK_TCK")
        # proc(5): user nice system idle iowait irq softirq steal; guests are in user already
        return sum(sum(map(int, [*line[1:4], *line[6:9]])) for line in lines if line[0] in names) / ticks
    except (OSError, ValueError, IndexError):
        return None


def _own() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return f"{value.strip()}, {platform.machine()}"
    return platform.processor() or platform.machine()


def _memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def _versions() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _commit() -> str | None:
    """Which one of the project runs, with a + where files differ from it; None where it runs from no checkout."""
    if not (_HERE / ".git").exists():
        return None
    command = ["git", "-C", str(_HERE), "describe", "--always", "--dirty=+", "--exclude=*"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, check=True, timeout=5, text=True, env=environment)  # noqa: S603
        return done.stdout.strip() or None
    return None
