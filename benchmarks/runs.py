"""Whole crawls by the command line, measured from outside: CPU, wall time and memory of the whole process tree."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from scraper.compare.site import Site
from scraper.compare.tree import Memory

__all__ = ["Run", "crawl", "measure"]


class Run(NamedTuple):
    """One measured command; ``cpu`` is seconds with all children's, ``memory`` the peak bytes of the whole tree."""

    wall: float
    cpu: float
    memory: int
    code: int
    errors: str


def measure(command: list[str]) -> Run:
    """Run ``command`` to its end; ``errors`` is what it wrote to stderr."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        memory = _watch(process)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        errors.seek(0)
        text = errors.read()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, memory, process.returncode, text)


def crawl(site: Site, backend: str, concurrency: int, *options: str) -> Run:
    """Crawl ``site`` once into a SQLite store, as anybody would: robots.txt is obeyed, only there are no pauses.

    :raises subprocess.CalledProcessError: when the crawl fails, with what it wrote to stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "crawl.sqlite"
        pace = ["--concurrency", str(concurrency), "--per-host", str(concurrency), "--delay", "0"]
        command = [sys.executable, "-m", "scraper", "crawl", *site.seeds(), "-q", "--backend", backend, *pace, *options]
        run = measure([*command, "--store", str(store)])
    if run.code:
        raise subprocess.CalledProcessError(run.code, command, stderr=run.errors)
    return run


def _watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of ``process``; the most resident memory that its tree had at one time."""
    memory = Memory(process.pid)
    while process.poll() is None:
        memory.look()
        time.sleep(0.02)
    return memory.peak
