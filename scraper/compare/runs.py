"""One workload on the bench: a local server, and crawls of it that are measured, a process each.

The process comes from the standard library's fork server, which has loaded what all backends need: so a run takes no
150 ms of imports, and begins with the same memory as all others. What only one backend needs - its HTTP client, its
parser - it loads itself, as anybody's crawl does, before the clock runs.
"""

from __future__ import annotations

import multiprocessing
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from scraper.archive.replay import Recording, offline
from scraper.compare.child import MEASURED, Measures, Task, measure
from scraper.compare.figures import quantiles
from scraper.compare.fixture import read_fixture
from scraper.compare.model import Case, Run, Workload
from scraper.compare.timeline import Watched
from scraper.compare.tree import Memory
from scraper.errors import BackendError, ConfigError, ScraperError
from scraper.options import make_settings
from scraper.run import around
from scraper.serving.answers import Source
from scraper.serving.server import Server
from scraper.settings import Settings
from scraper.spawning import main_hidden, signals_held_back

__all__ = ["Bench", "Measured"]

_LOOK = 0.04
"""Seconds between two looks at the memory of a run."""
_PATIENCE = 120.0
_DEAREST = 0.5
"""Seconds that a run may take: some for everything, some CPU for each page, and twice what the servers take for all of
them one after the other, the pauses of politeness included."""
_GRACE = 5.0


class Measured(NamedTuple):
    """What a run came to.

    :ivar outcomes: for each URL a number, which is equal where the outcome is.
    :ivar spans: what was seen of it, where it was watched.
    """

    run: Run
    outcomes: dict[str, int]
    spans: Watched


class Bench:
    """Where the cases of ``workload`` are measured, while the ``with`` block lasts.

    >>> with Bench(chosen(["near"])[0], seed=1) as bench:  # doctest: +SKIP
    ...     print(bench.run(Case("near", "asyncio", 64), pages=640, round=0).run.rate)

    :param seed: of what a crawl leaves to chance.
    :param patience: seconds that a run may take whatever it does, besides what its pages may.
    :ivar urls: the pages, in the order in which runs take them.
    """

    def __init__(self, workload: Workload, seed: int, patience: float = _PATIENCE) -> None:
        self._workload, self._seed, self._patience = workload, seed, patience
        self._scene = _scene_of(workload)
        self.urls: list[str] = []

    @property
    def total(self) -> int:
        """How many pages there are."""
        return len(self.urls)

    def __enter__(self) -> Self:
        """Start the server.

        :raises ConfigError: where it cannot listen.
        """
        self._server = Server(self._scene.source)
        self._server.__enter__()
        self.urls = self._scene.urls(self._server.port)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.__exit__(kind, error, at)

    def run(self, case: Case, pages: int, round: int, watch: bool = False) -> Measured:  # noqa: A002
        """Crawl the first ``pages`` under ``case``.

        :param round: is noted only.
        :param watch: see who works on each page and when; that costs some microseconds a page.
        :raises BackendError: when it breaks off, or does not end.
        """
        urls = tuple(self.urls[:pages])
        latencies = {url: self._scene.latency_of(url) for url in urls}
        patience = self._patience + _DEAREST * len(urls) + 2 * sum(latencies.values()) + self._pauses(len(urls))
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            task = Task(case, urls, self.settings(case, urls), Path(folder), watch, self._seed)
            self._server.reset()
            measures, memory = _apart(task, patience)
        return Measured(self._run(case, round, measures, memory, latencies), measures.outcomes, measures.watched)

    def settings(self, case: Case, urls: Sequence[str]) -> Settings:
        """No pauses and no limits but those that the workload asks for, and no links followed."""
        usual: dict[str, Any] = {"per_host": case.concurrency, "delay": 0, "max_host_failures": None}
        given = {"concurrency": case.concurrency, "workers": max(1, case.workers), "depth": 0}
        settings = make_settings(**usual | dict(self._scene.options) | self._workload.options | given)
        return around(offline(settings, self._server.port) if self._scene.replayed else settings, urls)

    def _pauses(self, pages: int) -> float:
        """Seconds that pages of one host wait for one another by politeness, if all were of one."""
        return float(self._workload.options.get("delay") or 0) * pages

    def _run(self, case: Case, number: int, measures: Measures, memory: int, latencies: Mapping[str, float]) -> Run:
        served = self._server.reset()
        taken = [(page, latencies[url]) for url, page in measures.pages.items() if url in latencies]
        return Run(
            case=case,
            round=number,
            pages=len(latencies),
            seconds=measures.seconds,
            start=measures.start,
            user=measures.used.user,
            system=measures.used.system,
            start_cpu=measures.start_cpu,
            memory=memory,
            switches=(measures.used.waits, measures.used.preempted),
            server=quantiles([latency for _, latency in taken]),
            own=quantiles([max(0.0, page.flight - latency - page.parse) for page, latency in taken]),
            parse=quantiles([page.parse for page, _ in taken]),
            flying=measures.flying,
            server_cpu=served.cpu,
            late=served.late,
            failed=measures.failed,
            failure=measures.failure,
            others=max(0.0, measures.busy - measures.used.user - measures.used.system - served.cpu),
        )


class _Scene(NamedTuple):
    """What is served.

    :ivar urls: the pages, by the port where it is served.
    :ivar options: how it is crawled, where the workload does not say.
    :ivar replayed: whether the server stands for all others, as a replay does.
    """

    source: Source
    urls: Callable[[int], list[str]]
    latency_of: Callable[[str], float]
    options: Mapping[str, Any] = {}
    replayed: bool = False


def _scene_of(workload: Workload) -> _Scene:
    if (workload.fixture is None) == (workload.recording is None):
        raise ConfigError(f"workload {workload.name!r} needs a fixture or a recording: one of the two")
    if workload.fixture is not None:
        fixture = read_fixture(workload.fixture)
        return _Scene(fixture.source(), fixture.urls, fixture.latency_of)
    return _replay_of(Recording(workload.recording or ""))


def _replay_of(recording: Recording) -> _Scene:
    """The pages that were there; a redirect leads to one of them. Whether robots.txt admits them was asked already.

    :raises ConfigError: where there is none.
    """
    pages = [page for page in recording.pages() if page.status is not None and page.status // 100 != 3]
    if not pages:
        raise ConfigError(f"{recording.name} holds no page: there is nothing to measure")
    latencies = {page.url: page.server + page.body for page in pages}
    options = {"ignore_robots": "a recording is asked, and no site"}
    source = recording.source(latency=True)
    return _Scene(source, lambda port: list(latencies), latencies.__getitem__, options, replayed=True)


def _apart(task: Task, patience: float) -> tuple[Measures, int]:
    """Measure ``task`` in a process of its own; what came of it, and the most memory that it had with its children."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["scraper.compare.child"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(task, theirs), name=task.case.name)
    try:
        with main_hidden(), signals_held_back({signal.SIGINT}):
            process.start()
        theirs.close()
        memory = Memory(process.pid or 0)
        told = _hear(ours, memory, time.monotonic() + patience)
        process.join(_GRACE)
    except TimeoutError:
        raise BackendError(f"{task.case.name} has not ended after {patience:.0f} s") from None
    except (EOFError, OSError) as error:
        process.join(_GRACE)
        raise BackendError(f"the process of {task.case.name} has died: {_end_of(process)}") from error
    finally:
        theirs.close()
        ours.close()
        _bury(process)
    if isinstance(told, ScraperError):
        raise type(told)(f"{task.case.name}: {told}") from told
    return told, memory.peak


def _end_of(process: BaseProcess) -> str:
    """How it ended; who is killed, by the system when memory runs out, leaves no message."""
    code = process.exitcode
    return f"it was killed by signal {-code}" if code is not None and code < 0 else "see its message above"


def _bury(process: BaseProcess) -> None:
    """Let ``process`` be gone: in good order, or else by force."""
    if process.pid is not None:
        process.terminate()
        process.join(_GRACE)
        process.kill()
        process.join()
    process.close()


def _hear(pipe: Connection, memory: Memory, until: float) -> Measures | ScraperError:
    """What a run tells at its end.

    :raises TimeoutError: when it tells nothing until then; EOFError when it dies.
    """
    told: Any = None
    while told is None or told == MEASURED:
        while not pipe.poll(_LOOK):
            if told is None:
                memory.look()
            if time.monotonic() > until:
                raise TimeoutError
        told = pipe.recv()
    assert isinstance(told, Measures | ScraperError)
    return told
