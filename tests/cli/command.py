"""The command line as a user has it: real processes, and the same without one where that shows as much."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from scraper.cli import run
from tests.server import Behaviour, ScriptedServer, page

__all__ = ["COMMAND", "Gate", "Result", "Site", "environment", "pages", "records", "scraper", "started"]

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-W", "error", "-m", "scraper"]


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    def is_one_message(self, code: int, *parts: str) -> bool:
        """Whether it ended with ``code`` and said ``parts``, in plain words and on stderr only."""
        assert self.code == code, self
        assert "Traceback" not in self.err
        assert self.out == ""
        for part in parts:
            assert part in self.err, self.err
        return True


def scraper(capsys: pytest.CaptureFixture[str], *arguments: object) -> Result:
    """Run the command in this process."""
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Result(code, captured.out, captured.err)


def started(*arguments: object, cwd: Path, **kwargs: int) -> subprocess.Popen[bytes]:
    """Start the command in a process of its own."""
    pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **kwargs}
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], cwd=cwd, env=environment(), bufsize=0, **pipes
    )  # unbuffered: read by line, then whole


def environment() -> dict[str, str]:
    """Our own, with the package on the path."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def records(path: Path) -> list[str]:
    """The URLs of the pages in a JSON lines file, in order."""
    return pages(path.read_bytes().splitlines())


def pages(lines: Iterable[bytes | str]) -> list[str]:
    """The URLs of the records in ``lines`` that are pages: robots files have some too."""
    found = [msgspec.json.decode(line) for line in lines]
    return [record["url"] for record in found if record["kind"] == "page"]


class Gate:
    """A page that is answered only when the test says so."""

    def __init__(self, then: Behaviour) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self._then = then

    def __call__(self, connection: object) -> bool:
        self.asked.set()
        self.open.wait(20)
        return self._then(connection)  # type: ignore[arg-type]


class Site:
    """A little site: ``/`` links to ``/1`` ... ``/5``, and these to ``/``."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self._gates: list[Gate] = []
        self.root = server.script(
            "/", page("<title>Root</title>" + "".join(f"<a href=/{n}>x</a>" for n in range(1, 6)))
        )
        for number in range(1, 6):
            server.script(f"/{number}", page(f"<title>Page {number}</title><a href=/>home</a>"))

    @property
    def urls(self) -> list[str]:
        return [self.root, *(f"{self.root}{number}" for number in range(1, 6))]

    @property
    def hits(self) -> dict[str, int]:
        """How often each page was asked for."""
        return {path: count for path, count in self.server.hits.items() if path != "/robots.txt"}

    def gate(self, path: str) -> Gate:
        """Let ``path`` wait for the test."""
        gate = Gate(page("<title>Late</title>"))
        self.server.script(path, gate)
        self._gates.append(gate)
        return gate

    def open_all(self) -> None:
        """Let whatever waits go on, so that the server can end."""
        for gate in self._gates:
            gate.open.set()


@pytest.fixture
def site() -> Iterator[Site]:
    with ScriptedServer() as server:
        site = Site(server)
        yield site
        site.open_all()
