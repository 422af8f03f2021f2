from __future__ import annotations

import asyncio
import errno
import importlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path

import pytest

from scraper.evidence import SPAN, Span
from scraper.fetch import FetchError
from scraper.fetch.reasons import OURS, REASONS, WRAPPERS, reason_of
from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Request, Response, Timings
from scraper.parse import make_parser
from scraper.settings import Settings
from scraper.visit import conclude, visit, visit_async

URL = "http://example.test/a/b"
REQUEST = Request(URL)
SESSION = "http://example.test/x?PHPSESSID=1"


class Canned:
    """Fetches what it was given."""

    def __init__(self, answer: Response | BaseException) -> None:
        self._answer = answer

    def fetch(self, request: Request, trace: object = None) -> Response:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


class AsyncCanned(Canned):
    async def fetch(self, request: Request, trace: object = None) -> Response:  # type: ignore[override]
        return super().fetch(request)


def response(status: int = 200, body: bytes = b"<p>", at: float = 0.0, wire: int = 0, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(URL, status, named, body, Timings(server_us=5, body_us=6, parse_us=7), at, wire)


def parse(answer: Response) -> Page:
    return Page(title=answer.body.decode())


def concluded(answer: Response) -> Fetched:
    outcome = conclude(parse, REQUEST, answer)
    assert isinstance(outcome, Fetched)
    return outcome


@pytest.fixture(params=["blocking", "asyncio"])
def visited(request: pytest.FixtureRequest) -> object:
    def run(answer: Response | Exception, parser: object = parse) -> Outcome:
        if request.param == "blocking":
            return visit(Canned(answer), parser, REQUEST, time.perf_counter() - 0.001)  # type: ignore[arg-type]
        return asyncio.run(
            visit_async(AsyncCanned(answer), parser, REQUEST, time.perf_counter() - 0.001)  # type: ignore[arg-type]
        )

    return run


def test_page(visited: object) -> None:
    outcome = visited(response(content_type="Text/HTML; charset=utf-8", at=9.0, wire=2))  # type: ignore[operator]
    assert isinstance(outcome, Fetched)
    assert (outcome.status, outcome.page, outcome.content_type) == (200, Page(title="<p>"), "text/html")
    assert (outcome.size, outcome.wire, outcome.at) == (3, 2, 9.0)
    timings = outcome.timings
    assert 1_000 <= timings.waited_us < 1_000_000
    assert (timings.server_us, timings.body_us) == (5, 6)
    assert timings.parse_us >= 7


def test_failure(visited: object) -> None:
    outcome = visited(FetchError(Reason.TIMEOUT, "read: not a byte for 3 s"))  # type: ignore[operator]
    assert isinstance(outcome, Failed)
    assert (outcome.request, outcome.reason, outcome.detail) == (REQUEST, Reason.TIMEOUT, "read: not a byte for 3 s")
    assert outcome.timings.waited_us >= 1_000
    assert outcome.at > 0


def test_parser_that_raises(visited: object) -> None:
    def broken(answer: Response) -> Page:
        raise RecursionError("too deep\x1b[31m")

    outcome = visited(response(content_type="text/html", at=9.0), broken)  # type: ignore[operator]
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail, outcome.at) == (Reason.PARSE, "RecursionError: too deep [31m", 9.0)
    assert outcome.timings.server_us == 5


@pytest.mark.parametrize(("content_type", "body", "parsed"), [
    ("text/html", b"", True),
    ("TEXT/HTML ; charset=x", b"hello", True),
    ("application/xhtml+xml", b"<html/>", True),
    ("text/plain", b"<html>", False),
    ("application/xml", b"<html>", False),
    ("image/png", b"\x89PNG", False),
    (None, b"  \r\n\t<!doctype html>", True),
    (None, b"hello", False),
    (None, b"", False),
    ("", b"<p>", True),
])  # fmt: skip
def test_what_is_parsed(content_type: str | None, body: bytes, *, parsed: bool) -> None:
    headers = {} if content_type is None else {"content_type": content_type}
    outcome = conclude(lambda _: Page(), REQUEST, response(200, body, **headers))  # type: ignore[arg-type]
    assert isinstance(outcome, Fetched)
    assert (outcome.page is not None) == parsed


@pytest.mark.parametrize(("location", "target"), [
    ("/x", "http://example.test/x"),
    ("c?q#f", "http://example.test/a/c?q"),
    ("//other.test", "http://other.test/"),
    ("https://user:pw@other.test/", "https://other.test/"),
    ("mailto:a@b", None),
    ("http://[", None),
    ("javascript:alert(1)", None),
    ("", "http://example.test/a/b"),
    ("/x\ud800", None),
])  # fmt: skip
def test_location(location: str, target: str | None) -> None:
    outcome = concluded(response(302, location=location, content_type="text/html"))
    assert (outcome.location, outcome.page) == (target, None)


def test_redirect_without_a_location_is_a_page() -> None:
    outcome = concluded(response(301, content_type="text/html"))
    assert (outcome.location, outcome.page) == (None, Page(title="<p>"))


def test_location_of_what_is_no_redirect() -> None:
    assert concluded(response(201, location="/x")).location is None


@pytest.mark.parametrize(("value", "seconds"), [
    ("120", 120.0),
    (" 0 ", 0.0),
    ("999999", 86_400.0),
    ("9" * 5_000, 86_400.0),
    ("-1", None),
    ("1.5", None),
    ("soon", None),
    ("\u0662", None),
    ("", None),
    (formatdate(1_000_060, usegmt=True), 60.0),
    (formatdate(999_000, usegmt=True), 0.0),
    (formatdate(9_000_000, usegmt=True), 86_400.0),
    ("Sun, 06 Nov 99999 08:49:37 GMT", None),
    ("Mon, 99 Foo 2026 25:61:61 GMT", None),
])  # fmt: skip
def test_retry_after(value: str, seconds: float | None) -> None:
    assert concluded(response(503, at=1_000_000.0, retry_after=value)).retry_after == seconds


def test_digests() -> None:
    one, same = (concluded(response(body=b"<p>x", content_type=kind)).digest for kind in ("text/html", "image/png"))
    assert one is not None
    assert 0 <= one < 2**64
    assert one == same != concluded(response(body=b"<p>y")).digest
    assert concluded(response(body=b"")).digest is None
    assert concluded(response(302, location="/x")).digest is None
    assert concluded(response(302, location="mailto:x")).digest is None


@pytest.mark.parametrize(("kind", "target"), [(Kind.PAGE, "http://example.test/x"), (Kind.ROBOTS, SESSION)])
def test_locations_are_cleaned_as_links_are(kind: Kind, target: str) -> None:
    answer = response(302, location="/x?PHPSESSID=1")
    outcome = conclude(make_parser(Settings()), Request(URL, kind=kind), answer)
    assert isinstance(outcome, Fetched)
    assert outcome.location == target


def test_a_location_that_is_new_by_its_session_alone_is_followed() -> None:
    """Cleaned it would be where we are, which is known: the page would be lost."""
    outcome = conclude(make_parser(Settings()), REQUEST, response(302, location=f"{URL}?PHPSESSID=1#top"))
    assert isinstance(outcome, Fetched)
    assert outcome.location == f"{URL}?PHPSESSID=1"


@pytest.mark.parametrize("error", [
    RuntimeError("x" * 500),
    RuntimeError("<" + "x" * 1_000_000),
    ValueError("line\nline\r\x00\x1b[0m\u2028\x9b"),
    KeyError(),
    RuntimeError("\ud800"),
    RuntimeError(f"in {object()} at {hex(id(object()))}"),
])  # fmt: skip
def test_details_are_fit_to_print(error: Exception) -> None:
    reason, detail = reason_of(error)
    assert reason is Reason.INTERNAL
    assert detail.startswith(type(error).__name__)
    assert len(detail) <= 200
    assert detail.isprintable()
    assert "0x" not in detail
    detail.encode()


def test_outermost_that_knows_decides() -> None:
    refused = ConnectionRefusedError(111, "Connection refused")
    assert reason_of(refused)[0] is Reason.CONNECT
    wrapped = OSError("no")
    wrapped.__cause__ = refused
    assert reason_of(wrapped)[0] is Reason.CONNECT
    assert reason_of(OSError(101, "Network is unreachable"))[0] is Reason.CONNECT


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_lack_of_our_own_is_nobody_elses_fault(number: int) -> None:
    error = FetchError(Reason.CONNECT, "127.0.0.1:80: too many")
    error.__cause__ = OSError(number, "too many")
    assert reason_of(error) == (Reason.INTERNAL, OURS[number])


def test_chain_that_bites_its_tail() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one
    assert reason_of(one) == (Reason.INTERNAL, "RuntimeError: one")


@pytest.mark.parametrize("name", [*REASONS, *WRAPPERS])
def test_names_in_the_table_exist(name: str) -> None:
    module, _, kind = name.rpartition(".")
    found = getattr(importlib.import_module(module), kind)
    assert issubclass(found, Exception)
    assert f"{found.__module__}.{found.__qualname__}" == name


class Panic(BaseException):
    """As libraries raise that are not written in Python."""


@pytest.mark.parametrize("error", [Panic("oh"), GeneratorExit(), asyncio.CancelledError()], ids=repr)
def test_a_worker_outlives_whatever_is_raised(error: BaseException) -> None:
    outcome = conclude(raiser(error), REQUEST, response(content_type="text/html"))
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.PARSE
    fetched = visit(Canned(error), parse, REQUEST, 0.0)
    assert isinstance(fetched, Failed)
    assert fetched.reason is Reason.INTERNAL


def test_a_loop_outlives_whatever_is_raised() -> None:
    outcome = asyncio.run(visit_async(AsyncCanned(Panic("oh")), parse, REQUEST, 0.0))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == (Reason.INTERNAL, "Panic: oh")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_what_ends_the_process_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)):
        visit(Canned(error), parse, REQUEST, 0.0)
    with pytest.raises(type(error)):
        conclude(raiser(error), REQUEST, response(content_type="text/html"))


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit()], ids=repr)
def test_being_cancelled_is_raised(error: BaseException) -> None:
    with pytest.raises(type(error)):
        visit_async(AsyncCanned(error), parse, REQUEST, 0.0).send(None)


def raiser(error: BaseException) -> Callable[[Response], Page]:
    def broken(answer: Response) -> Page:
        raise error

    return broken


def test_neither_library_is_loaded() -> None:
    code = "import sys, scraper.visit; print(*{'requests', 'urllib3', 'aiohttp'} & set(sys.modules))"
    assert run(code) == ""
    assert run(code.replace("scraper.visit", "scraper.fetch.asyncio")) == "aiohttp"
    assert run(code.replace("scraper.visit", "scraper.fetch.blocking")).split(" ") != ["aiohttp"]


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def by_kind(answer: Response, kind: Kind = Kind.PAGE) -> Page:
    return Page(title=kind.value)


@pytest.mark.parametrize("kind", [Kind.ROBOTS, Kind.SITEMAP])
@pytest.mark.parametrize(
    ("status", "media_type", "read"),
    [
        (200, "text/plain", True),
        (200, "text/html", True),
        (206, "image/png", True),
        (301, "text/plain", False),
        (404, "text/html", False),
        (500, "text/plain", False),
    ],
)
def test_files_are_read_whatever_their_type_if_they_are_there(
    kind: Kind, status: int, media_type: str, read: bool
) -> None:
    request, answer = Request(URL, kind=kind), response(status, content_type=media_type)
    outcomes = (
        visit(Canned(answer), by_kind, request, time.perf_counter()),
        asyncio.run(visit_async(AsyncCanned(answer), by_kind, request, time.perf_counter())),
    )
    for outcome in outcomes:
        assert isinstance(outcome, Fetched)
        assert outcome.page == (Page(title=kind.value) if read else None)


WATCHED = Request(URL, wants=SPAN)
HTML = response(content_type="text/html")


def spin(answer: Response) -> Page:
    """Work in pure Python, which holds the interpreter's lock; more than ten of its turns."""
    total = 0
    for number in range(2_000_000):
        total += number
    return Page(title=str(total))


def doze(answer: Response) -> Page:
    time.sleep(0.05)
    return Page()


def span_of(parser: Callable[[Response], Page], fetcher: Canned | None = None) -> Span:
    outcome = visit(fetcher or Canned(HTML), parser, WATCHED, time.perf_counter())
    assert isinstance(outcome, Fetched)
    assert outcome.span is not None
    return outcome.span


class Together(Canned):
    """Answers when as many as ``gate`` has parties have asked."""

    def __init__(self, gate: threading.Barrier) -> None:
        super().__init__(HTML)
        self._gate = gate

    def fetch(self, request: Request, trace: object = None) -> Response:
        self._gate.wait(60)
        return super().fetch(request)


@pytest.mark.unmeasured
def test_what_a_parse_waits_for_is_told_apart() -> None:
    """A parse that spins needs a core, one that sleeps none; two that spin at once wait for the lock by turns."""
    gate = threading.Barrier(2)
    alone, asleep = span_of(spin), span_of(doze)
    with ThreadPoolExecutor(2) as pool:
        two = list(pool.map(span_of, [spin] * 2, [Together(gate)] * 2))
    for span in (alone, asleep, *two):
        assert span.process == os.getpid()
        assert span.began <= span.fetched <= span.parsed
    assert asleep.cpu_us < asleep.lock_us  # whoever sleeps asks for no core either
    assert alone.lock_us < alone.cpu_us / 4
    assert sum(span.lock_us for span in two) > sum(span.cpu_us for span in two) / 4
    assert len({span.thread for span in two}) == 2


def test_nobody_is_watched_who_was_not_asked_for(visited: object) -> None:
    for answer in (HTML, FetchError(Reason.TIMEOUT, "x")):
        assert visited(answer).span is None  # type: ignore[operator]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_and_every_failure_has_its_span(kind: Kind) -> None:
    request = Request(URL, kind=kind, wants=SPAN)
    for answer in (HTML, FetchError(Reason.TIMEOUT, "x")):
        before = time.perf_counter()
        for outcome in (
            visit(Canned(answer), by_kind, request, before),
            asyncio.run(visit_async(AsyncCanned(answer), by_kind, request, before)),
        ):
            assert isinstance(outcome, Fetched | Failed)
            assert outcome.span is not None
            assert before <= outcome.span.began <= outcome.span.fetched <= outcome.span.parsed <= time.perf_counter()


def test_a_parser_that_raises_has_its_span() -> None:
    def broken(answer: Response) -> Page:
        raise ValueError

    outcome = visit(Canned(HTML), broken, WATCHED, time.perf_counter())
    assert isinstance(outcome, Failed)
    assert outcome.span is not None


def test_threads_that_were_watched_leave_no_file_open() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        thread = threading.Thread(target=span_of, args=(parse,))
        thread.start()
        thread.join()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
