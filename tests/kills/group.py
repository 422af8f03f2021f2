"""A command in a session of its own, whose every process can be found and ended."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scraper.model import Outcome
from scraper.store.jsonl import JsonlStore
from scraper.store.sqlite import SqliteStore

__all__ = ["Group", "recorded"]


def recorded(path: Path) -> list[Outcome]:
    """Every outcome that a store holds, opened as a resumed crawl would open it."""
    store = SqliteStore(path, resume=True) if path.suffix == ".sqlite" else JsonlStore(path, resume=True)
    try:
        return list(store.read())
    finally:
        store.close()


class Group:
    """A running command and all its descendants: they share a session, whoever their parent is now."""

    def __init__(self, command: list[str]) -> None:
        with tempfile.TemporaryFile() as errors:
            self._errors = os.dup(errors.fileno())
            self._process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True, env=_unmeasured()
            )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def errors(self) -> str:
        """What the command wrote to stderr."""
        return os.pread(self._errors, 20_000, 0).decode(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, how: str) -> int:
        """Kill the whole session or its leader alone, or send the leader a signal by name; give the exit code."""
        if how == "group":
            os.killpg(self._process.pid, signal.SIGKILL)
        elif how == "parent":
            self._process.kill()
        elif how == "Ctrl-C":
            os.killpg(self._process.pid, signal.SIGINT)  # as a terminal sends it: to all of them
        else:
            self._process.send_signal(signal.Signals[how])
        return self.wait()

    def kill_worker(self, rng: random.Random) -> None:
        """Kill one of the worker processes, as soon as there is one."""
        while self.running:
            workers = [pid for pid in self._members() if b"spawn_main" in _command_line(pid)]
            if workers:
                os.kill(rng.choice(sorted(workers)), signal.SIGKILL)
                return
        raise AssertionError("the crawl ended before a worker could be killed")

    def wait(self) -> int:
        return self._process.wait(60)

    def assert_gone(self) -> None:
        """Fail unless every process of the session ends within some seconds; it is killed then."""
        deadline = time.monotonic() + 10
        while left := list(self._members()):
            if time.monotonic() > deadline:
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"left alive: {[_command_line(pid) for pid in left]}")
            time.sleep(0.01)
        os.close(self._errors)

    def _members(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _session(entry) == self._process.pid:
                yield int(entry.name)


def _session(entry: Path) -> int | None:
    try:
        fields = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[3])


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _unmeasured() -> dict[str, str]:
    """The environment without what makes processes measure their coverage: those that are killed cannot say it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
