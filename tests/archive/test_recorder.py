"""A recorder is a backend like the one that it stands around."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from scraper import Simulated, Web
from scraper.archive.about import About
from scraper.archive.reading import scan
from scraper.archive.recorder import Recorder
from scraper.archive.replay import Recording
from scraper.archive.writing import Writer
from scraper.backends import Backend, create
from scraper.errors import ConfigError
from scraper.evidence import EXCHANGE
from scraper.model import Failed, Fetched, Kind, Reason, Request
from scraper.settings import Limits, Safety, Settings
from tests.archive.web import crawl, plain, timeless
from tests.backends.test_law import gather, held
from tests.server import ScriptedServer, ok, page, redirect, stall

SETTINGS = Settings(concurrency=4, workers=2, limits=Limits(read=0.3), safety=Safety(private=True))


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.script("/page", page("<title>x</title>"))
        running.script("/moved", redirect("/page"))
        running.script("/silent", stall())
        yield running


def recorder(name: str, path: Path) -> Recorder:
    return Recorder.around(name, SETTINGS, Writer(path, About()))


@pytest.mark.parametrize("name", ["threads", "asyncio"])
def test_the_law_holds_and_outcomes_are_as_without_it(name: str, server: ScriptedServer, tmp_path: Path) -> None:
    urls = [server.url(f"/{path}") for path in ("page", "moved", "silent", "missing", *"12345678")]
    found = {}
    before = held()
    for backend in (create(name, SETTINGS), recorder(name, tmp_path / "x.warc.gz")):
        with contextlib.closing(backend):
            outcomes = gather(backend, urls)
            found[type(backend).__name__] = {outcome.url: timeless(outcome) for outcome in outcomes}
            assert len(outcomes) == len(urls)
            assert backend.collect(0) == []
            assert backend.stats().fetches == len(urls)
            assert list(backend.describe())
            assert backend.capacity > 0
        backend.close()
    assert not {thing for thing in held() - before if "warc" in thing}
    assert found.pop("Recorder") == found.popitem()[1]
    assert {entry.url for entry in scan(str(tmp_path / "x.warc.gz")).entries} == set(urls)


def test_who_wants_the_exchange_gets_it_all_the_same(server: ScriptedServer, tmp_path: Path) -> None:
    with contextlib.closing(recorder("sequential", tmp_path / "x.warc.gz")) as backend:
        backend.submit(Request(server.url("/moved"), wants=EXCHANGE))
        (outcome,) = backend.collect(5)
    assert isinstance(outcome, Fetched)
    assert outcome.exchange is not None
    assert outcome.exchange.head.startswith(b"HTTP/1.1 302 Status\r\n")
    assert outcome.exchange.body == b"no body to speak of"
    assert outcome.size == 0


def test_bodies_over_the_limit_are_failures_as_always(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.script("/large", ok(bytes(2_000)))
    settings = msgspec.structs.replace(SETTINGS, limits=Limits(size=1_000))
    for name in ("threads", "asyncio"):
        path = tmp_path / f"{name}.warc.gz"
        with contextlib.closing(Recorder.around(name, settings, Writer(path, About()))) as backend:
            (outcome,) = gather(backend, [url])
        assert isinstance(outcome, Failed)
        assert [entry.reason for entry in scan(str(path)).entries] == [Reason.TOO_LARGE]


def test_a_simulated_web_leaves_nothing_to_record(tmp_path: Path) -> None:
    web = Web()
    web.page("http://a.test/")
    backend: Backend = Recorder(Simulated(web), Writer(tmp_path / "x.warc.gz", About()))
    outcomes = crawl(Settings(), "http://a.test/", backend)
    assert len(plain(outcomes)) == 2
    with pytest.raises(ConfigError, match="no recorded answer"):
        Recording(tmp_path / "x.warc.gz")


def test_a_robots_file_is_kept_as_far_as_it_is_read(server: ScriptedServer, tmp_path: Path) -> None:
    size = 512 * 1024
    url = server.script("/robots.txt", ok(b"# " + bytes(2 * size)))
    backend = recorder("asyncio", tmp_path / "x.warc.gz")
    backend.submit(Request(url, kind=Kind.ROBOTS))
    outcomes = backend.collect(5)
    backend.close()
    (entry,) = scan(str(tmp_path / "x.warc.gz")).entries
    assert size < entry.size < size + 200
    with (
        Recording(tmp_path / "x.warc.gz").replayed(SETTINGS) as replayed,
        contextlib.closing(create("threads", replayed)) as again,
    ):
        again.submit(Request(url, kind=Kind.ROBOTS))
        assert [timeless(outcome) for outcome in again.collect(5)] == [timeless(outcome) for outcome in outcomes]
