"""A web with all that a recording must hold, recorded once."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from scraper.archive.about import About
from scraper.archive.reading import read_block, scan
from scraper.archive.recorder import Recorder
from scraper.archive.writing import Writer
from scraper.backends.base import Backend
from scraper.fetch.replayed import answer_for, disarmed
from scraper.model import Entry, Kind, Outcome, Reason, Shallower, Timings
from scraper.run import Nowhere, around, open_run
from scraper.settings import Budget, Identity, Limits, Retry, Safety, Scope, ScopeMode, Settings
from scraper.url import host_key
from tests.server import (
    Behaviour,
    ClosedPort,
    ScriptedServer,
    ask_for_more,
    chunked,
    ok,
    pack,
    page,
    raw,
    redirect,
    reset,
    stall,
    status,
)

CERTS = Path(__file__).parents[1] / "fetch" / "certs"
HTML = "Content-Type: text/html\r\n"
SETTINGS = Settings(
    scope=Scope(ScopeMode.ANY),
    retry=Retry(retries=1, base=0.01),
    budget=Budget(depth=2),
    limits=Limits(connect=5.0, read=0.5, total=5.0),
    identity=Identity(ca_file=str(CERTS / "ca.pem"), cookies=True),
    concurrency=4,
)


def links(*urls: str) -> str:
    return "".join(f"<a href='{url}'>x</a>" for url in urls)


@contextlib.contextmanager
def web() -> Iterator[tuple[str, frozenset[str]]]:
    """The URL that leads to all of it, and the hosts that may be connected to."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(CERTS / "server.pem")
    with ScriptedServer() as one, ScriptedServer() as two, ScriptedServer(tls) as safe, ClosedPort() as closed:
        script = one.script
        script("/robots.txt", ok(b"User-agent: *\nDisallow: /private\n", "Content-Type: text/plain\r\n"))
        script("/gzip", ok(pack("gzip", b"<title>packed</title>"), f"Content-Encoding: gzip\r\n{HTML}"))
        script("/brotli", ok(pack("br", b"<title>packed</title>"), f"Content-Encoding: br\r\n{HTML}"))
        script("/chunked", chunked(b"<title>in ", b"chunks</title>", headers=HTML))
        script("/chunkless", chunked(headers=HTML))
        script("/open", raw(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<title>until the end</title>"))
        script("/bare", raw(b"HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 4\n\nbare", keep=True))
        script("/empty", raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True))
        script("/moved", redirect("/target", 301))
        script("/target", page("<title>Here</title>"))
        script("/gone", status(404))
        script("/flaky", ask_for_more(status(503), page("<title>at last</title>")))
        script("/silent", stall())
        script("/reset", reset(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"))
        script("/broken", ok(b"no gzip at all", f"Content-Encoding: gzip\r\n{HTML}"))
        script("/login", page(links("/who"), "Set-Cookie: a=1; path=/\r\nSet-Cookie: b=2\r\n"))
        script("/who", _greet(one))
        script("/%C3%BC|x", page("<title>\u00fc</title>"))
        script("/mimic", raw(answer_for(Reason.DNS, "made up"), keep=True))
        script("/liar", page("<title>liar</title>", "X-Replay-Failed: dns made up\r\n"))
        two.script("/", page(links("/deep")))
        two.script("/deep", page(links("/deeper"), "X-Robots-Tag: noarchive\r\n"))
        two.script("/deeper", page("too deep"))
        safe.script("/", page(f"<title>safe</title>{links('/inside')}"))
        safe.script("/inside", page("<title>inside</title>"))
        mine = (
            *("gzip", "brotli", "chunked", "chunkless", "open", "bare", "empty", "moved", "gone", "flaky", "silent"),
            *("reset", "broken", "login", "\u00fc|x", "liar", "mimic", "private/x", "missing#part"),
        )
        others = two.url(), safe.url(), safe.url("/", "localhost"), f"http://127.0.0.1:{closed.port}/"
        unnamed = f"http://127.0.0.2:{one.port}/"
        script("/", page(links(*(f"/{name}" for name in mine), *others, unnamed)))
        yield one.url(), frozenset(map(host_key, [one.url(), *others]))


def _greet(server: ScriptedServer) -> Behaviour:
    """A page for those who come with a cookie, and one for the others."""

    def greet(connection: socket.socket) -> bool:
        asked = next(request for request in reversed(server.requests) if b" /who " in request)
        return page(f"<title>{'knows' if b'a=1' in asked else 'does not know'}</title>")(connection)

    return greet


def crawl(settings: Settings, url: str, backend: str | Backend) -> list[Entry]:
    """All that became final."""
    with open_run(settings, [url], backend, Nowhere()) as run:
        return [entry for entries in run.rounds() for entry in entries]


def record(path: Path, settings: Settings, url: str, backend: str, *, resume: bool = False) -> list[Entry]:
    """Crawl, and keep what was fetched in ``path``."""
    settings = around(settings, [url])
    writer = Writer(path, About.of(settings, [url]), resume=resume)
    return crawl(settings, url, Recorder.around(backend, settings, writer))


def recorded(path: Path, backend: str) -> tuple[Settings, list[Entry]]:
    """The web, crawled by ``backend`` into the file ``path``; nobody serves it any more."""
    with web() as (url, hosts):
        settings = msgspec.structs.replace(around(SETTINGS, [url]), safety=Safety(named=hosts))
        return settings, record(path, settings, url, backend)


def plain(entries: Iterable[Entry]) -> dict[tuple[str, Kind], Outcome]:
    """Final outcomes as a store keeps them, without times and addresses."""
    found: dict[tuple[str, Kind], Any] = {}
    for entry in entries:
        if isinstance(entry, Shallower):
            outcome = found[entry.url, Kind.PAGE]
            request = msgspec.structs.replace(outcome.request, depth=entry.depth, via=entry.via)
            found[entry.url, Kind.PAGE] = msgspec.structs.replace(outcome, request=request)
        else:
            found[entry.url, entry.request.kind] = timeless(entry)
    return found


def timeless(outcome: Outcome) -> Outcome:
    nothing: dict[str, Any] = {"at": 0.0, "timings": Timings(), "address": None}
    return msgspec.structs.replace(
        outcome, **{name: value for name, value in nothing.items() if name in outcome.__struct_fields__}
    )


def messages(path: Path) -> dict[tuple[str, int, int], bytes | str]:
    """What was kept of each fetch: the whole message, or why there is none."""
    index, found = scan(str(path)), dict[tuple[str, int, int], bytes | str]()
    with path.open("rb") as file:
        for entry in index.entries:
            block = read_block(file.fileno(), entry, packed=index.packed)
            turn = sum(key[:2] == (entry.url, entry.attempt) for key in found)
            block = disarmed(block)  # the one thing that is not given again as it was
            found[entry.url, entry.attempt, turn] = block if entry.reason is None else f"{entry.reason}: {entry.detail}"
    return found


__all__ = ["CERTS", "SETTINGS", "crawl", "messages", "plain", "record", "recorded", "timeless", "web"]
