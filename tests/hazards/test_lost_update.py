"""A lost update: ``x += 1`` reads, adds and writes, and what another thread has written in between is gone.

The guard: what is counted is nobody else's. Each worker has figures of its own, which are added up by whoever asks.
Where threads do share, it is by one call that the interpreter does not break off, or under a lock.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scraper import stats
from scraper.backends.pace import Pace
from scraper.backends.threads import Threads
from scraper.backends.worker import Worker
from scraper.model import Request
from scraper.settings import Settings
from scraper.stats import Stats
from tests.hazards.apparatus import PATIENCE, everywhere, gather, in_background
from tests.server import ClosedPort

SETTINGS = everywhere(capacity=2, private=True)


class Slow(int):
    """A number that is so slow to add to that another thread reads it, too: the sum comes after both have read."""

    both: threading.Barrier

    def __add__(self, more: int) -> int:
        self.both.wait(PATIENCE)
        return int(self) + more


class Sharing(Worker):
    """A worker that counts where all others do."""

    tally: Stats

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.stats = self.tally


@pytest.fixture
def backend() -> Iterator[Threads]:
    with contextlib.closing(Threads(SETTINGS)) as made:
        yield made


def fetch_two(backend: Threads) -> None:
    """Two threads fetch a page each, and count it."""
    with ClosedPort() as nobody:
        for number in range(2):
            backend.submit(Request(nobody.url(f"/{number}")))
        assert len(gather(backend, 2)) == 2


def test_workers_that_count_for_themselves_lose_nothing(backend: Threads) -> None:
    fetch_two(backend)
    assert backend.stats().fetches == 2


def test_without_figures_of_their_own_one_of_two_fetches_is_lost(
    backend: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scraper.backends.threads.Worker", Sharing)
    Slow.both = threading.Barrier(2)
    Sharing.tally = Stats(fetches=Slow(0))
    fetch_two(backend)
    assert Sharing.tally.fetches == 1


def at_once(count: int, work: Callable[[int], None]) -> None:
    """Threads that begin at the same moment, and get in each other's way as often as they can."""
    gate = threading.Barrier(count)

    def begin(number: int) -> None:
        gate.wait(PATIENCE)
        work(number)

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [in_background(begin, number) for number in range(count)]
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    finally:
        sys.setswitchinterval(usual)


def test_one_call_of_a_built_in_is_whole() -> None:
    """``append``, ``popleft`` and ``setdefault`` are one call each, and run no Python code with texts as keys."""
    found: list[int] = []
    taken: list[int] = []
    first: dict[str, int] = {}
    waiting = deque(range(2_000))

    def work(number: int) -> None:
        for turn in range(500):
            found.append(number)
            taken.append(waiting.popleft())
            first.setdefault(str(turn), number)

    at_once(4, work)
    assert [found.count(number) for number in range(4)] == [500] * 4
    assert (sorted(taken), len(waiting)) == (list(range(2_000)), 0)
    assert len(first) == 500


def test_setdefault_looks_and_adds_in_one_step() -> None:
    known: dict[str, int] = {}
    winners: list[int] = []

    def admit(number: int) -> None:
        if known.setdefault("http://a.test/", number) == number:
            winners.append(number)

    at_once(8, admit)
    assert winners == [known["http://a.test/"]]


class Growing(dict[str, int]):
    """The owner's figures; while they are added to, a worker goes on counting in its own."""

    def __init__(self, part: dict[str, int]) -> None:
        super().__init__()
        self._part = part

    def get(self, key: str, default: Any = None, /) -> Any:
        in_background(self._part.setdefault, f"after {key}", 1).join(PATIENCE)
        return super().get(key, default)


def test_figures_that_a_worker_still_adds_to_are_copied_before_they_are_added_up() -> None:
    part = {"200": 3, "404": 1}
    whole = Growing(part)
    stats._add(whole, part)
    assert whole == {"200": 3, "404": 1}
    assert part == {"200": 3, "404": 1, "after 200": 1, "after 404": 1}


def test_without_the_copy_the_loop_meets_a_dict_that_changes() -> None:
    part = {"200": 3, "404": 1}
    whole = Growing(part)
    with pytest.raises(RuntimeError, match="changed size during iteration"):
        for name, count in part.items():
            whole[name] = whole.get(name, 0) + count


class Unlocked(Pace):
    """The pace without its lock: the threads of one process share it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock: Any = contextlib.nullcontext()


class Looked(dict[str, float]):
    """The last start on each host; whoever looks waits a while for another one to look."""

    def __init__(self, patience: float) -> None:
        super().__init__()
        self._both = threading.Barrier(2)
        self._patience = patience

    def get(self, key: str, default: Any = None, /) -> Any:
        found = super().get(key, default)
        with contextlib.suppress(threading.BrokenBarrierError):
            self._both.wait(self._patience)
        return found


@pytest.mark.parametrize(
    ("kind", "patience", "starts"), [(Pace, 0.05, 1), (Unlocked, PATIENCE, 2)], ids=["locked", "without-the-lock"]
)
def test_two_threads_never_start_on_one_host_at_once(kind: type[Pace], patience: float, starts: int) -> None:
    """The one thing that our threads must share has the one lock that our design needs for what it decides."""
    pace = kind()
    pace._last = Looked(patience)
    pauses: list[float] = []
    request = Request("http://a.test/", delay=1.0)
    at_once(2, lambda _: pauses.append(pace.pause(request, 10.0)))
    assert pauses.count(0.0) == starts
