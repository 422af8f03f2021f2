"""A real watch is killed, again and again, while its servers go down and up: nothing shown is lost, nothing counted
twice, and each change is told to a real receiver once, by its id.

The moments are drawn by seed, in results that the page has shown. ``make kills SEEDS=20`` draws more of them.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scraper.check.health import Change
from scraper.check.notices.notice import Notice
from tests.check.audit import audit, rows
from tests.check.receiver import WebhookReceiver
from tests.kills.group import Group
from tests.server import Behaviour, ScriptedServer, free_port, ok, status

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]

SEEDS = range(int(os.environ.get("KILL_SEEDS", "1")))
TARGETS, KILLS = 6, 3

_TOML = """
[watch]
every = "1s"
fall = 1
rise = 1

[defaults]
tries = 1
method = "get"

[web]
listen = "127.0.0.1:{port}"

[[notify.webhook]]
url = "{hook}"
secret = "known to both"
timeout = "5s"
"""
_CHECK = """
[[check]]
url = "{url}"
name = "t{number}"
"""

Shown = tuple[str, int, int]
"""A result that the page has shown: the target's key, the second of its time, and the microseconds that it took."""
_RECORDED = """SELECT key, at / 1000, dns_us + connect_us + tls_us + first_us + body_us
    FROM results JOIN targets ON id = target"""


def flapping(rng: random.Random) -> Behaviour:
    """Up for some requests, then down for some, and so on."""
    up, broken, left = ok(), status(500), [rng.randrange(1, 4), 1]

    def behave(connection: Any) -> bool:
        left[0] -= 1
        if left[0] <= 0:
            left[:] = [rng.randrange(1, 4), 1 - left[1]]
        return up(connection) if left[1] else broken(connection)

    return behave


class Killed:
    """A watch of servers that go down and up, that is killed."""

    def __init__(self, folder: Path, server: ScriptedServer, receiver: WebhookReceiver, rng: random.Random) -> None:
        self.file, self.store, self.port = folder / "checks.toml", folder / "checks.sqlite", free_port()
        self.shown: set[Shown] = set()
        self._server = server
        text = _TOML.format(port=self.port, hook=receiver.url)
        for number in range(TARGETS):
            url = server.script(f"/{number}", flapping(rng))
            text += _CHECK.format(url=url, number=number)
        self.file.write_text(text)

    def start(self) -> Group:
        return Group([sys.executable, "-m", "scraper", "watch", str(self.file), "-q"])

    def look(self, results: int, group: Group) -> None:
        """Look at the page until it has shown so many further results."""
        goal = len(self.shown) + results
        deadline = time.monotonic() + 60
        while len(self.shown) < goal:
            assert group.running, group.errors
            assert time.monotonic() < deadline, group.errors
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.shown |= self._page()
            time.sleep(0.01)

    def _page(self) -> set[Shown]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/targets")
            answer = connection.getresponse()
            found = msgspec.json.decode(answer.read()) if answer.status == 200 else {"targets": []}
        return {
            (each["key"], _second(each["checked_at"]), round(each["server_ms"] * 1000))
            for each in found["targets"]
            if each["checked_at"]
        }

    def assert_whole(self) -> None:
        """What must hold at any time."""
        audit(self.store)
        recorded = rows(self.store, _RECORDED)
        assert self.shown - set(recorded) == set()
        for key, count in Counter(key for key, *_ in recorded).items():
            assert count <= self._server.hits[f"/{key[1:]}"], key

    def changes(self) -> list[str]:
        """The ids of all changes that somebody is to be told of."""
        found = rows(self.store, "SELECT id, receiver, change FROM notices")
        return [
            Notice(id=number, receiver=receiver, change=msgspec.json.decode(change, type=Change)).uid
            for number, receiver, change in found
        ]

    def wait_until_told(self, group: Group) -> None:
        """Wait until nothing is left in the outbox."""
        deadline = time.monotonic() + 60
        while rows(self.store, "SELECT count(*) FROM notices WHERE state != 'sent'") != [(0,)]:
            assert group.running, group.errors
            assert time.monotonic() < deadline, group.errors
            time.sleep(0.05)


def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_it_goes_on_where_it_was(tmp_path: Path, server: ScriptedServer, seed: int) -> None:
    rng = random.Random(seed)
    with WebhookReceiver(*[(503, {})] * rng.randrange(3)) as receiver:
        watch = Killed(tmp_path, server, receiver, rng)
        for _ in range(KILLS):
            group = watch.start()
            watch.look(rng.randrange(1, 2 * TARGETS), group)
            time.sleep(rng.random() * 0.4)  # the moment within a group
            group.end("group")
            group.assert_gone()
            watch.assert_whole()
        for number in range(TARGETS):
            server.script(f"/{number}", ok())
        group = watch.start()
        watch.look(2 * TARGETS, group)
        watch.wait_until_told(group)
        assert group.end("SIGTERM") == 0, group.errors
        group.assert_gone()
        watch.assert_whole()
        assert_told_once(watch, receiver)
    assert rows(watch.store, "SELECT count(*) FROM incidents WHERE ended IS NULL") == [(0,)]


def assert_told_once(watch: Killed, receiver: WebhookReceiver) -> None:
    """Each change under its own id; what came again was not taken the first time, or fell to a kill."""
    uids, taken = watch.changes(), Counter(delivery.uid for delivery in receiver.deliveries)
    assert len(uids) == len(set(uids)) > 2
    assert set(taken) == set(uids)
    assert sum(taken.values()) <= len(uids) + KILLS + 2
    bodies = {(delivery.uid, delivery.body) for delivery in receiver.deliveries}
    assert len(bodies) == len(uids)
    (incidents,) = rows(watch.store, "SELECT count(*) + count(ended) FROM incidents")[0]
    assert incidents == len(uids)
