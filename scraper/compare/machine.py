"""Where a comparison is made: what is told of the machine.

No path, no name of the machine or of a user: a report is shown to others.
"""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scraper.backends import cores
from scraper.compare.model import Machine

__all__ = ["cores", "this_machine"]

_LIBRARIES = (
    *("scraper", "aiohttp", "uvloop", "requests", "urllib3", "turbohtml", "selectolax", "beautifulsoup4", "lxml"),
    *("can_ada", "msgspec", "fastwarc"),
)
"""Those whose version may change a figure."""
_HERE = Path(__file__).parents[2]


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
