"""How many sockets at rest a process may hold: a part of the files that the system lets it have open.

Most systems begin with 1,024 files a process, and a connection that is kept for its host's next page is one of them: a
crawl of thousands of hosts that kept each for some seconds could soon open no other. What is kept is bounded by the
limit that is in force, which :func:`scraper.tuning.tune` raises for a process that only crawls.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    import resource

__all__ = ["idle_in_loop", "kept_in_thread"]

_USUAL = 1024
"""What is reckoned with where the system does not say."""
_LOOP = 512
"""Connections at rest that one loop ever keeps; those of 20 hosts and 64 requests in flight are 80 to 130."""
_THREAD = 16
"""Hosts whose connections one thread ever keeps; it has one to each."""


def idle_in_loop() -> int:
    """How many connections at rest a loop may keep: a quarter of the files."""
    return max(16, min(_LOOP, _open_files() // 4))


def kept_in_thread(threads: int) -> int:
    """How many connections each of ``threads`` may keep, the one in use among them: together three quarters."""
    return max(1, min(_THREAD, _open_files() * 3 // 4 // max(1, threads)))


def _open_files() -> int:
    """The soft limit of open files."""
    if sys.platform == "win32":
        return _USUAL
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return 1 << 20 if soft == resource.RLIM_INFINITY else soft
