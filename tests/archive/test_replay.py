"""Record once, replay in every backend: equal outcomes and equal bodies, byte for byte, with no network."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scraper.archive.about import About
from scraper.archive.recorder import Recorder
from scraper.archive.replay import Recording, offline
from scraper.archive.writing import Writer
from scraper.backends import NAMES
from scraper.model import Entry, Exchange, Failed, Fetched, Kind, Reason, Refused, Request, Timings
from scraper.run import around
from scraper.serving.server import Server
from scraper.settings import Settings
from scraper.stats import label
from tests.archive.web import crawl, messages, plain, recorded


class Recorded(NamedTuple):
    path: Path
    settings: Settings
    entries: list[Entry]
    recording: Recording


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Recorded]:
    """The web as a backend recorded it, once."""

    @functools.cache
    def make(backend: str) -> Recorded:
        path = tmp_path_factory.mktemp("recorded") / f"{backend}.warc.gz"
        settings, entries = recorded(path, backend)
        return Recorded(path, settings, entries, Recording(path))

    return make


@pytest.mark.parametrize("backend", ["asyncio", "threads"])
def test_the_web_has_what_matters(make: Callable[[str], Recorded], backend: str) -> None:
    made = make(backend)
    (root,) = made.recording.seeds
    words = {
        (url.removeprefix(root), kind.value): label(outcome) for (url, kind), outcome in plain(made.entries).items()
    }
    assert words["", "page"] == words["chunked", "page"] == words["flaky", "page"] == words["%C3%BC|x", "page"] == "200"
    expected = {"moved": "301", "gone": "404", "silent": "timeout", "reset": "reset", "broken": "encoding"}
    assert {name: words[name, "page"] for name in expected} == expected
    assert words["private/x", "page"] == "refused: robots"
    assert {"connect", "204", "refused: private-address"} <= set(words.values())
    titles = {o.url: o.page.title for o in made.entries if isinstance(o, Fetched) and o.page}
    assert titles[f"{root}who"] == "knows"
    assert len([url for url in titles if url.startswith("https:")]) == 4
    assert made.recording.options["depth"] == 2
    attempts = [(fetch.attempt, fetch.status) for fetch in made.recording.fetches() if fetch.url == f"{root}flaky"]
    assert attempts == [(1, 503), (2, 200)]


@pytest.mark.parametrize(("backend", "name"), [*(("asyncio", name) for name in NAMES), ("threads", "asyncio")])
def test_every_backend_gives_the_recorded_outcomes_and_messages(
    make: Callable[[str], Recorded], backend: str, name: str, tmp_path: Path
) -> None:
    made = make(backend)
    again = tmp_path / "again.warc.gz"
    (root,) = made.recording.seeds
    with Server(made.recording.source()) as server:
        settings = offline(made.settings, server.port)
        recorder = Recorder.around(name, settings, Writer(again, About.of(settings, [root])))
        entries = crawl(settings, root, recorder)
        assert server.served == len(Recording(again).fetches())
    assert plain(entries) == plain(made.entries)
    assert messages(again) == messages(made.path)


NOWHERE = "https://shop.invalid/"
"""A name that no name server knows (RFC 6761, 6.4)."""


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Of hosts that are not there, as if they had been."""
    path = tmp_path_factory.mktemp("nowhere") / "nowhere.warc.gz"
    settings = around(Settings(), [NOWHERE])
    writer = Writer(path, About.of(settings, [NOWHERE]))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 62"
    body = b"<a href=/other><a href=http://10.0.0.1/><a href=/inner/lost>%b"
    times = Timings(server_us=2_000_000, body_us=1_000_000)
    writer.write([
        Fetched(Request(f"{NOWHERE}robots.txt", kind=Kind.ROBOTS), 200,
                exchange=Exchange(b"HTTP/1.1 200 OK\r\nContent-Length: 32", b"User-agent: *\nCrawl-delay: 25\n\n\n")),
        Fetched(Request(NOWHERE), 200, timings=times, exchange=Exchange(head, (body % b"")[:62].ljust(62))),
        Failed(Request(f"{NOWHERE}other"), Reason.TIMEOUT, "read: not a byte for 20 s", times),
        Refused(Request("http://10.0.0.1/"), Reason.PRIVATE_ADDRESS, "10.0.0.1 is not a public address"),
    ])  # fmt: skip
    writer.close()
    return Recording(path)


CALLS: list[tuple[str, Any]] = []
NETWORK = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname"})
sys.addaudithook(lambda event, args: CALLS.append((event, args)) if event in NETWORK else None)


@pytest.fixture
def calls() -> Iterator[list[tuple[str, Any]]]:
    CALLS.clear()
    yield CALLS
    CALLS.clear()


@pytest.mark.parametrize("name", ["sequential", "asyncio"])
def test_nothing_is_looked_up_and_nobody_else_connected_to(
    nowhere: Recording, name: str, calls: list[tuple[str, Any]]
) -> None:
    settings = around(Settings(scope=SCOPE), [NOWHERE])
    with nowhere.replayed(settings) as replayed:
        entries = plain(crawl(replayed, NOWHERE, name))
    port = int(str(replayed.identity.proxy).rpartition(":")[2])
    assert {args[1] for event, args in calls if event == "socket.connect"} <= {("127.0.0.1", port)}
    assert {args[0] for event, args in calls if event == "socket.getaddrinfo"} <= {"127.0.0.1"}
    assert {url: label(outcome) for (url, kind), outcome in entries.items() if kind is Kind.PAGE} == {
        NOWHERE: "200",
        f"{NOWHERE}other": "timeout",
        f"{NOWHERE}inner/lost": "scope",
        "http://10.0.0.1/": "refused: private-address",
    }
    lost = entries[f"{NOWHERE}inner/lost", Kind.PAGE]
    assert isinstance(lost, Failed)
    assert (lost.detail, lost.request.attempt) == ("not in the recording", 1)


SCOPE = Settings().scope.around((), Settings().scope.mode.ANY)


def test_latency_is_that_of_the_recording(nowhere: Recording) -> None:
    slow, quick = nowhere.source(latency=True), nowhere.source()
    page, late = slow.answer(NOWHERE, 0), slow.answer(f"{NOWHERE}other", 0)
    assert page is not None
    assert (page.delay, page.rest, page.payload[: page.head][-4:]) == (2.0, 1.0, b"\r\n\r\n")
    assert late is not None
    assert late.delay == 0.0  # nobody waits for what never came
    at_once = quick.answer(NOWHERE, 5)
    assert at_once is not None
    assert (at_once.payload, at_once.delay, at_once.rest, at_once.head) == (page.payload, 0.0, 0.0, 0)


def test_a_robots_file_that_was_not_recorded_is_none(nowhere: Recording) -> None:
    source = nowhere.source()
    assert source.answer("http://other.invalid/robots.txt", 0) is None
    missing = source.answer("http://other.invalid/x/robots.txt", 0)
    assert missing is not None
    assert b"X-Replay-Failed: scope not%20in%20the%20recording" in missing.payload


def test_the_pages_and_their_times(nowhere: Recording) -> None:
    root, other, refused = nowhere.pages()
    assert (root.url, root.status, root.server, root.body, root.reason) == (NOWHERE, 200, 2.0, 1.0, None)
    assert (other.status, other.reason, other.detail) == (None, Reason.TIMEOUT, "read: not a byte for 20 s")
    assert refused.reason is Reason.PRIVATE_ADDRESS
    assert [fetch.kind for fetch in nowhere.fetches()] == [Kind.ROBOTS, Kind.PAGE, Kind.PAGE, Kind.PAGE]
