from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scraper
from scraper import ConfigError, Failed, Fetched, Outcome, Reason, Refused, Simulated, StoreError, Web
from scraper.options import make_settings
from scraper.run import around, open_run
from scraper.store import MemoryStore, SqliteStore
from tests.server import ScriptedServer, page

SEED = "http://a/"


class Closing(Simulated):
    """Notes that it was closed, and by which thread."""

    closed_by: threading.Thread | None = None

    def close(self) -> None:
        self.closed_by = threading.current_thread()
        super().close()


@pytest.fixture
def web() -> Web:
    web = Web()
    web.page(SEED, title="Root", links=["/1", "/2", "/3", "http://b/"])
    for number in (1, 2, 3):
        web.page(f"{SEED}{number}", links=["/deep"])
    web.page(f"{SEED}deep", links=["/1"])
    return web


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.script("/", page("<title>Root</title><a href=/1>1</a><a href=/2>2</a>"))
        server.script("/1", page("<title>One</title>"))
        server.script("/2", page("<title>Two</title>"))
        yield server


def pages(backend: Simulated) -> list[str]:
    """What was asked for, robots files aside."""
    return [arrival.url for arrival in backend.arrivals if not arrival.url.endswith("/robots.txt")]


def urls(outcomes: Iterator[Outcome]) -> list[str]:
    return sorted(outcome.url for outcome in outcomes)


def gathered(*seeds: str, **options: Any) -> list[Outcome]:
    async def gather() -> list[Outcome]:
        return [outcome async for outcome in scraper.acrawl(*seeds, **options)]

    return asyncio.run(gather())


def wait_for_engines() -> None:
    """Wait until the threads of all asynchronous crawls have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("crawl"):
            thread.join(10)
            assert not thread.is_alive()


def test_every_page_comes_once(web: Web) -> None:
    expected = [SEED, *(f"{SEED}{name}" for name in ("1", "2", "3", "deep"))]
    assert urls(scraper.crawl(SEED, backend=Simulated(web))) == expected
    assert urls(iter(gathered(SEED, backend=Simulated(web)))) == expected


def test_corrections_are_no_outcomes() -> None:
    web = Web()
    web.page(SEED, links=["/slow", "/long"])
    web.page(f"{SEED}long", links=["/longer"])
    web.page(f"{SEED}longer", links=["/end"])
    web.page(f"{SEED}slow", links=["/end"])
    web.page(f"{SEED}end")
    backend = Simulated(web, latency=lambda request: 9.0 if request.url.endswith("slow") else 0.1)
    found = list(scraper.crawl(SEED, backend=backend, depth=5))
    assert sorted(outcome.url for outcome in found) == sorted({outcome.url for outcome in found})
    assert len(found) == 5
    assert all(isinstance(outcome, Fetched | Failed | Refused) for outcome in found)


def test_a_seed_that_the_options_refuse_is_an_outcome(web: Web) -> None:
    outcomes = list(scraper.crawl(SEED, "http://a/no", backend=Simulated(web), exclude="no$", depth=0))
    assert [(type(outcome), outcome.url) for outcome in outcomes] == [(Refused, "http://a/no"), (Fetched, SEED)]


def test_options_stand_over_settings(web: Web) -> None:
    settings = scraper.Settings(budget=scraper.Budget(depth=0, pages=7), concurrency=3)
    made = make_settings(settings, depth=1, delay=0.25, headers={"X-Me": "1"}, scope="domain", include="x")
    assert (made.budget, made.concurrency) == (scraper.Budget(depth=1, pages=7), 3)
    assert made.politeness.delay == 0.25
    assert made.identity.headers == (("X-Me", "1"),)
    assert (made.scope.mode, made.scope.include) == (scraper.ScopeMode.DOMAIN, ("x",))
    assert urls(scraper.crawl(SEED, backend=Simulated(web), settings=settings)) == [SEED]
    assert len(urls(scraper.crawl(SEED, backend=Simulated(web), settings=settings, depth=1))) == 4


def test_options_that_can_be_read_only_once(web: Web, tmp_path: Path) -> None:
    options: Any = {"exclude": (text for text in ["deep", "3"]), "store": tmp_path / "x.sqlite"}
    assert urls(scraper.crawl(SEED, backend=Simulated(web), **options)) == [SEED, f"{SEED}1", f"{SEED}2"]


def test_a_scope_of_ones_own_is_kept(web: Web) -> None:
    settings = scraper.Settings(scope=scraper.Scope.around(["http://b/"]))
    assert urls(scraper.crawl(SEED, backend=Simulated(web), settings=settings)) == [SEED, "http://b/"]


@pytest.mark.parametrize(
    ("seeds", "arguments", "message"),
    [
        ((), {}, "nothing to crawl"),
        (("htp//x",), {}, "did you mean 'http://x'"),
        ((SEED,), {"dept": 1}, "there is no option 'dept'"),
        ((SEED,), {"depth": -1}, "depth must be 0 or more"),
        ((SEED,), {"depth": "1"}, "depth must be 0 or more"),
        ((SEED,), {"timeout": float("nan")}, "timeout must be"),
        ((SEED,), {"scope": "all"}, "there is no scope 'all'"),
        ((SEED,), {"exclude": ["("]}, "is no regular expression"),
        ((SEED,), {"parse": "nothing"}, "write module:function"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(seeds: tuple[str, ...], arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(")):
        scraper.crawl(*seeds, **arguments)
    with pytest.raises(ConfigError):
        gathered(*seeds, **arguments)


def test_an_unknown_backend_is_said_when_the_loop_begins() -> None:
    with pytest.raises(ConfigError, match="there is no backend 'asincio'"):
        list(scraper.crawl(SEED, backend="asincio"))


def test_leaving_the_loop_closes_everything(web: Web, tmp_path: Path) -> None:
    backend, store = Closing(web, capacity=1), tmp_path / "x.sqlite"
    outcomes = scraper.crawl(SEED, backend=backend, store=store)
    assert next(outcomes).url == SEED
    outcomes.close()  # type: ignore[attr-defined]
    assert backend.closed_by is threading.current_thread()
    kept = SqliteStore(store, resume=True)
    assert [outcome.url for outcome in kept.read()] == [f"{SEED}robots.txt", SEED]
    kept.close()


def test_an_unused_crawl_opens_nothing(web: Web, tmp_path: Path) -> None:
    scraper.crawl(SEED, backend=Simulated(web), store=tmp_path / "x.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.sqlite", "x.jsonl"])
def test_resume_gives_what_was_missing(web: Web, tmp_path: Path, name: str) -> None:
    store = tmp_path / name
    first = urls(scraper.crawl(SEED, backend=Simulated(web), store=store, max_pages=2))
    second = urls(scraper.crawl(SEED, backend=Simulated(web), store=store, resume=True, max_pages=99))
    assert len(first) == 2
    assert sorted(first + second) == urls(scraper.crawl(SEED, backend=Simulated(web)))


def test_a_sqlite_store_remembers_seeds_and_options(web: Web, tmp_path: Path) -> None:
    store = tmp_path / "x.sqlite"
    list(scraper.crawl(SEED, backend=Simulated(web), store=store, exclude="deep", max_pages=1))
    backend = Simulated(web)
    assert urls(scraper.crawl(backend=backend, store=store, resume=True, max_pages=None)) == [
        f"{SEED}{number}" for number in (1, 2, 3)
    ]


def test_logins_go_to_the_seeds_also_with_a_scope_of_ones_own() -> None:
    settings = scraper.Settings(scope=scraper.Scope.around(["http://b.test/"]))
    bound = around(settings, ["http://a.test/x"])
    assert bound.scope == settings.scope
    assert bound.identity.origins == {"http://a.test"}
    assert around(bound, ["http://c.test/"]) == bound


@pytest.mark.parametrize("name", ["depth", "max_pages", "concurrency", "workers", "per_host", "max_size", "retries"])
@pytest.mark.parametrize("value", [2.5, 2.0, True])
def test_whole_numbers_are_whole(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name.replace('_', '-')} must be"):
        make_settings(**{name: value})


def test_a_timeout_is_also_how_long_a_server_may_be_silent() -> None:
    assert make_settings(timeout=60.0).limits.read == 60.0
    assert make_settings(connect_timeout=60.0).limits.read == scraper.Settings().limits.read


def test_a_store_that_exists_is_not_written_over(web: Web, tmp_path: Path) -> None:
    store = tmp_path / "x.jsonl"
    store.write_text("mine\n")
    with pytest.raises(ConfigError, match="already exists"):
        list(scraper.crawl(SEED, backend=Simulated(web), store=store))
    with pytest.raises(StoreError, match="no file of records"):
        gathered(SEED, backend=Simulated(web), store=store, resume=True)
    assert store.read_text() == "mine\n"


def test_a_thread_with_a_loop_is_sent_to_acrawl() -> None:
    async def wrong() -> None:
        scraper.crawl(SEED, backend="asyncio")

    with pytest.raises(ConfigError, match=r"scraper\.acrawl"):
        asyncio.run(wrong())


def test_the_engine_waits_for_a_slow_consumer(web: Web) -> None:
    backend = Closing(web, capacity=1, latency=1.0)

    async def consume() -> None:
        async with scraper.acrawl(SEED, backend=backend, delay=0) as outcomes:
            async for _ in outcomes:
                before = len(pages(backend))
                for _ in range(50):
                    await asyncio.sleep(0)
                assert len(pages(backend)) == before

    asyncio.run(consume())
    assert len(pages(backend)) == 5


def test_leaving_an_async_loop_closes_everything_on_the_engines_thread(web: Web) -> None:
    backend = Closing(web, capacity=1)

    async def leave() -> None:
        async with scraper.acrawl(SEED, backend=backend) as outcomes:
            async for _ in outcomes:
                break

    asyncio.run(leave())
    assert backend.closed_by is not None
    assert backend.closed_by.name.startswith("crawl")
    assert len(pages(backend)) == 1


def test_cancelling_closes_everything(web: Web) -> None:
    backend = Closing(web)

    async def run() -> None:
        begun = asyncio.Event()

        async def consume() -> None:
            async for _ in scraper.acrawl(SEED, backend=backend):
                begun.set()
                await asyncio.sleep(60)

        task = asyncio.create_task(consume())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    wait_for_engines()
    assert backend.closed_by is not None


def test_cancelling_while_the_engine_waits_closes_everything(tmp_path: Path) -> None:
    asked = threading.Event()

    class Waiting(Closing):
        def collect(self, timeout: float) -> list[Outcome]:
            asked.set()
            return super().collect(timeout)

    backend = Waiting(Web(), latency=1e9)

    async def run() -> None:
        async def consume() -> None:
            async for _ in scraper.acrawl(SEED, backend=backend, store=tmp_path / "x.sqlite"):
                pass

        task = asyncio.create_task(consume())
        await asyncio.to_thread(asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert backend.closed_by is not None
    SqliteStore(tmp_path / "x.sqlite", resume=True).close()


@pytest.mark.parametrize("backend", ["sequential", "threads", "asyncio", "auto"])
def test_a_real_site_with_a_real_backend(server: ScriptedServer, backend: str) -> None:
    options: dict[str, Any] = {"backend": backend, "workers": 1, "parse": "tests.test_api:shout"}
    outcomes = list(scraper.crawl(server.url("/"), **options)) + gathered(server.url("/"), **options)
    shouted = [outcome.page.data for outcome in outcomes if isinstance(outcome, Fetched) and outcome.page]
    assert sorted(shouted) == ["ONE", "ONE", "ROOT", "ROOT", "TWO", "TWO"]


def shout(found: Any) -> str:
    return str(found.title).upper()


def test_a_plain_script_needs_no_guard(server: ScriptedServer, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import scraper\nfor outcome in scraper.crawl({server.url('/')!r}):\n    print(outcome.status)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, script], env=env, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("200\n" * 3, "")


def test_failures_are_outcomes(server: ScriptedServer) -> None:
    web = Web()
    web.fail(SEED, Reason.DNS)
    (outcome,) = scraper.crawl(SEED, backend=Simulated(web), retries=1)
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.request.attempt) == (Reason.DNS, 2)


def test_the_public_names() -> None:
    assert scraper.__all__ == sorted(scraper.__all__)
    assert set(scraper.__all__) <= set(dir(scraper))
    assert all(getattr(scraper, name) is not None for name in scraper.__all__)
    assert (Path(scraper.__file__).parent / "py.typed").exists()
    with pytest.raises(AttributeError, match="no attribute 'crwal'"):
        scraper.crwal  # type: ignore[attr-defined]  # noqa: B018


def test_importing_the_package_loads_nothing() -> None:
    script = "import sys; before = set(sys.modules); import scraper; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True).stdout
    assert not {"msgspec", "can_ada", "aiohttp", "click", "scraper.model"} & set(loaded.split())


def test_the_clock_of_a_run_begins_when_the_store_is_read(web: Web) -> None:
    now = [0.0]

    class Large(MemoryStore):
        def read(self) -> Iterator[Outcome]:
            now[0] += 100.0
            return super().read()

    backend = Simulated(web)
    backend.clock = lambda: now[0]  # type: ignore[method-assign]
    with open_run(make_settings(), [SEED], backend, Large()) as run:
        assert run.elapsed == 0.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"user_agent": None}, "user_agent must be a text, not None"),
        ({"headers": "a: b"}, "headers must be pairs of name and value"),
        ({"headers": {"X-Number": 5}}, "headers must be pairs of name and value"),
        ({"headers": 5}, "headers must be pairs of name and value"),
        ({"include": 5}, "include must be regular expressions"),
        ({"exclude": [5]}, "5 is no regular expression"),
        ({"proxy": 5}, "proxy must be the URL of a proxy, or None, not int"),
        ({"ca_file": 5}, "ca_file must be the name of a file"),
        ({"parse": len}, "parse must be the name of a function, 'module:function'"),
        ({"scope": 5}, "scope must be one of host"),
        ({"backend": None}, "backend must be a name"),
        ({"resume": True}, "resume needs the store"),
    ],
)
def test_values_of_the_wrong_type_are_told(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        scraper.crawl(SEED, **given)


def test_a_seed_that_is_no_text_is_told() -> None:
    with pytest.raises(ConfigError, match=r"write crawl\(\*urls\)"):
        scraper.crawl([SEED])  # type: ignore[arg-type]
