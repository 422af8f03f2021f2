"""A list of 1,000 URLs of which 300 are bad, by every backend: 1,000 records, the right reasons, bounded memory."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.runs import measure
from scraper.backends import NAMES
from scraper.model import Failed, Fetched, Outcome
from tests.kills.group import recorded
from tests.server import ScriptedServer, bomb, close, endless, free_port, ok, pack, page, raw, reset, stall, status

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="measures by /proc")]

MEMORY = 400_000_000
SIZE = 2_000_000
CUT_GZIP = pack("gzip", b"hello" * 100)[:-9]
ROW = b"x" * 9_000
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"

BEHAVIOURS = {
    "timeout": [stall(), stall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")],
    "too-large": [
        *(bomb(coding, 200_000_000) for coding in ("gzip", "deflate", "br", "zstd")),
        endless(ENDLESS, ROW),
    ],
    "protocol": [raw(b"SMTP ready\r\n"), raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")],
    "reset": [reset(), close(), close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")],
    "encoding": [ok(CUT_GZIP, "Content-Encoding: gzip\r\n"), ok(b"not zstd", "Content-Encoding: zstd\r\n")],
    "500": [status(500)],
    "404": [status(404)],
}
"""What the server does, by the word that the record must have for it."""

COUNTS = {"timeout": 8, "too-large": 60, "protocol": 52, "reset": 40, "encoding": 40, "500": 20, "404": 20}
DEAD = {"connect": 30, "dns": 30}


@pytest.fixture(scope="module")
def addresses() -> Iterator[dict[str, str]]:
    """1,000 URLs, each with the word for it."""
    closed = free_port()
    with ScriptedServer() as server:
        expected = {f"http://127.0.0.1:{closed}/{number}": "connect" for number in range(DEAD["connect"])}
        expected |= {f"http://{unknown_name(number)}/": "dns" for number in range(DEAD["dns"])}
        for word, count in COUNTS.items():
            behaviours = BEHAVIOURS[word]
            for number in range(count):
                path = f"/{word}/{number}"
                server.script(path, behaviours[number % len(behaviours)])
                expected[server.url(path)] = word
        assert len(expected) == 300
        good = page("<title>Good</title><p>" + "well " * 2_000)
        for number in range(700):
            server.script(f"/good/{number}", good)
            expected[server.url(f"/good/{number}")] = "200"
        yield expected


def word(outcome: Outcome) -> str:
    match outcome:
        case Fetched(status=code):
            return str(code)
        case Failed(reason=reason):
            return reason.value
        case _:
            return "refused"


@pytest.mark.parametrize("backend", NAMES)
def test_every_url_has_its_record_and_its_reason(backend: str, addresses: dict[str, str], tmp_path: Path) -> None:
    seeds, store = tmp_path / "urls.txt", tmp_path / "crawl.sqlite"
    seeds.write_text("".join(f"{url}\n" for url in sorted(addresses, key=hash_of)))
    limits = ["--timeout", "2s", "--connect-timeout", "2s", "--max-size", str(SIZE), "--retries", "0"]
    pace = ["--concurrency", "32", "--workers", "2", "--delay", "0", "--per-host", "32", "--depth", "0"]
    command = [sys.executable, "-m", "scraper", "crawl", str(seeds), "-q", "--backend", backend, "--store", str(store)]
    run = measure([*command, *limits, *pace])
    assert run.code == 1, run.errors
    outcomes = recorded(store)
    assert Counter(outcome.url for outcome in outcomes) == Counter(addresses.keys())
    assert {outcome.url: word(outcome) for outcome in outcomes} == addresses
    print(backend, run.memory / 1e6, run.wall, run.cpu)
    assert run.memory < MEMORY


def unknown_name(number: int) -> str:
    """A name too long for any name server, so that none is asked (RFC 1035, 2.3.4)."""
    return ".".join([f"host-{number:058d}", *3 * ["x" * 63]])


def hash_of(url: str) -> int:
    """An order that mixes good and bad, the same in every run."""
    return sum(ord(letter) * (place + 7) ** 3 for place, letter in enumerate(url)) % 10_007
