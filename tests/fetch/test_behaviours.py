"""What the table of behaviours (:mod:`tests.behaviours`) does not show: one fetcher alone, asked again and watched."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

import pytest

from scraper.model import Failed, Fetched
from scraper.settings import Identity
from tests.behaviours import FRAMING
from tests.behaviours.rows import HTML, OK, Row, encoded, plain
from tests.behaviours.stage import ROOMY, path_of, word
from tests.fetch.conftest import LIMITS, Border
from tests.server import Behaviour, ScriptedServer, bomb, drip, free_port, ok, pack, page, raw, sequence, stall


def test_next_request_is_not_confused(server: ScriptedServer, kind: str) -> None:
    """Whatever came, it was asked for once, and the next answer on the same fetcher is its own."""
    server.script("/next", page("<p>next"))
    deviations = [f"{name}: {line}" for name, row in FRAMING.items() for line in confusions(server, kind, name, row)]
    assert not deviations, "\n".join(deviations)


@pytest.fixture(params=["blocking", "asyncio"])
def kind(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def confusions(server: ScriptedServer, kind: str, name: str, row: Row) -> Iterator[str]:
    if row.behaviour is None or row.hasty or row.place is not plain:
        return
    border = Border(kind).be(Identity(), ROOMY)
    first, second = border.fetch(server.script(path_of(name), row.behaviour), server.url("/next"))
    border.close()
    if word(first) != row.word:
        yield f"{row.word} was expected: {first}"
    if server.hits[path_of(name)] != 1:
        yield f"it was asked for {server.hits[path_of(name)]} times"
    if not (isinstance(second, Fetched) and second.page is not None and second.page.title == "<p>next"):
        yield f"after it came {second}"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw", "br", "zstd"])
def test_bodies_come_whole(border: Border, server: ScriptedServer, coding: str) -> None:
    packed = pack(coding, HTML)
    (outcome,) = border.fetch(server.script("/x", encoded(coding.replace("raw", "deflate"), packed)))
    assert isinstance(outcome, Fetched)
    assert outcome.page is not None
    assert outcome.page.title == HTML[:100].decode()
    assert (outcome.size, outcome.wire) == (len(HTML), len(packed))


@pytest.mark.parametrize(("limit", "behaviour"), [
    ("read: not a byte for 0.3 s", stall()),
    ("total: the answer was not whole after 0.8 s", drip(OK + b"Content-Length: 99\r\n\r\n" + b"a" * 99, 0.05)),
])  # fmt: skip
def test_timeouts_say_which(border: Border, server: ScriptedServer, limit: str, behaviour: Behaviour) -> None:
    (outcome,) = border.fetch(server.script("/x", behaviour))
    assert isinstance(outcome, Failed)
    assert outcome.detail == limit
    assert outcome.timings.server_us > 250_000


def test_refused(border: Border) -> None:
    assert border(f"http://127.0.0.1:{free_port()}/") == "connect"


def test_unknown_name(border: Border) -> None:
    assert border("http://no-such-host.invalid/") == "dns"


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "a..test"])
def test_impossible_name(border: Border, host: str) -> None:
    assert border(f"http://{host}/") == "url"


def test_bomb_takes_little_memory(border: Border, server: ScriptedServer) -> None:
    urls = [server.script(f"/{coding}", bomb(coding, 100_000_000)) for coding in ("gzip", "br", "zstd")]
    border.fetch(server.script("/warm", ok()))
    tracemalloc.start()
    assert [word(outcome) for outcome in border.fetch(*urls)] == ["too-large"] * 3
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * LIMITS.size + 8_000_000


def test_largest_body_that_is_admitted(border: Border, server: ScriptedServer) -> None:
    assert border(server.script("/x", ok(bytes(LIMITS.size)))) == "200"
    assert border(server.script("/y", sequence(raw(OK + b"\r\n"), raw(bytes(LIMITS.size))))) == "200"
    assert border(server.script("/z", encoded("gzip", pack("gzip", bytes(LIMITS.size))))) == "200"
