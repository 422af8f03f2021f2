"""The GIL: of the threads of one process only one runs Python code at a time, however many cores there are.

The guard: processes, each with an interpreter of its own. Shares are measured, and no times: what of a parse was
neither spent on a core nor waited for one was waited for the lock.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from scraper.backends import create
from scraper.evidence import SPAN, Span
from scraper.model import Fetched, Request
from scraper.parse import soup
from scraper.settings import Parsing
from tests.hazards.apparatus import PATIENCE, everywhere, gather, in_background, until
from tests.server import Behaviour, ScriptedServer, page

pytestmark = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="an interpreter without a GIL"
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made


def together(answer: Behaviour) -> Behaviour:
    """An answer that goes out when both requests are there."""
    both = threading.Barrier(2)

    def behave(connection: object) -> bool:
        both.wait(PATIENCE)
        return answer(connection)  # type: ignore[arg-type]

    return behave


def spans(name: str, server: ScriptedServer) -> list[Span]:
    """What two workers have done that get a heavy page each, at the same time."""
    settings = msgspec.structs.replace(
        everywhere(capacity=2, private=True), parsing=Parsing(function="tests.hazards.heavy:parse")
    )
    answer = together(page("<title>heavy</title>"))
    with contextlib.closing(create(name, settings)) as backend:
        assert until(lambda: not backend.collect(0.01) and backend.capacity == 2)
        for number in range(2):
            backend.submit(Request(server.script(f"/{number}", answer), wants=SPAN))
        outcomes = [outcome for outcome in gather(backend, 2) if isinstance(outcome, Fetched)]
    found = [outcome.span for outcome in outcomes if outcome.span is not None]
    assert len(found) == 2
    return found


def waited_for_the_lock(found: list[Span]) -> float:
    """The share of the lock in the time of both parses, but for what they waited for a core: others are busy, too."""
    lock, cpu = (sum(span.lock_us for span in found), sum(span.cpu_us for span in found))
    return lock / (lock + cpu)


kernel_counts = pytest.mark.skipif(
    not Path("/proc/thread-self/schedstat").exists(), reason="nobody says how long a thread waits for a core"
)


@kernel_counts
def test_processes_parse_side_by_side(server: ScriptedServer) -> None:
    found = spans("processes", server)
    assert len({span.process for span in found}) == 2
    assert waited_for_the_lock(found) < 0.25


@kernel_counts
def test_without_processes_two_threads_each_wait_for_half_of_the_time(server: ScriptedServer) -> None:
    found = spans("threads", server)
    assert len({span.process for span in found}) == 1
    assert len({span.thread for span in found}) == 2
    assert waited_for_the_lock(found) > 0.25


def pages_inside_at_once(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of two threads that read a page each are inside BeautifulSoup while the other one wants to go in."""
    inside: list[int] = []
    comes, leaves = threading.Event(), threading.Event()

    def read(markup: str, features: str) -> str:
        inside.append(threading.get_ident())
        comes.set()
        leaves.wait(PATIENCE)
        return markup

    monkeypatch.setattr(soup, "BeautifulSoup", read)
    first = in_background(soup.soup, "<p>")
    assert comes.wait(PATIENCE)
    second = in_background(soup.soup, "<p>")
    until(lambda: len(inside) == 2, 0.2)
    found = len(inside)
    leaves.set()
    for thread in (first, second):
        thread.join(PATIENCE)
    assert len(inside) == 2
    return found


def test_pages_take_turns_with_beautiful_soup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else they would take the interpreter's lock from one another with every element."""
    assert pages_inside_at_once(monkeypatch) == 1


def test_without_turns_all_are_inside_beautiful_soup_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soup, "_TURN", contextlib.nullcontext())
    assert pages_inside_at_once(monkeypatch) == 2


@contextlib.contextmanager
def nobody_is_interrupted() -> Iterator[None]:
    """Let a thread keep the interpreter until it gives it away; usually another one asks for it after 5 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(3_600.0)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def seen_at_the_end(pause: Callable[[], object]) -> list[int]:
    """How far each of two threads sees the other one, when it has gone all its 200 steps itself."""
    steps, seen = [0, 0], [0, 0]
    both = threading.Barrier(2)

    def walk(me: int) -> None:
        both.wait(PATIENCE)
        for _ in range(200):
            steps[me] += 1
            pause()
        seen[me] = steps[1 - me]

    threads = [in_background(walk, me) for me in range(2)]
    for thread in threads:
        thread.join(PATIENCE)
    return sorted(seen)


def test_a_thread_that_computes_lets_nobody_else_run() -> None:
    """Two cores or twenty: while one thread goes its way, the other does not make a single step."""
    with nobody_is_interrupted():
        assert seen_at_the_end(lambda: None) == [0, 200]


def test_a_thread_that_waits_lets_the_others_run() -> None:
    """Here for one another, elsewhere for the network: who waits has given the lock away, so threads fetch well."""
    step = threading.Barrier(2)
    with nobody_is_interrupted():
        assert seen_at_the_end(lambda: step.wait(PATIENCE)) == [200, 200]
