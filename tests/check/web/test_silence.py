"""What is wrong with the watch itself is told: that it has stopped, and that notices did not arrive."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime

import aiohttp
import pytest

from scraper.check.health import Change
from scraper.check.model import Verdict
from scraper.check.notices.notice import Notice, State, Told
from scraper.check.views import View
from scraper.check.web.silence import deadline
from tests.check.web.stand import TOKEN, Facts, ask, result, serving, until, view
from tests.check.web.test_pages import tree, words

OLD = time.time() - 7_200


def stopped() -> Facts:
    target = view().target
    return Facts([View(target, "up", OLD, result(target, at=OLD))])


@pytest.mark.parametrize("path", ["/", "/targets/shop"])
def test_a_watch_that_has_stopped_says_so_on_each_page(path: str) -> None:
    with serving(stopped(), due=deadline(["1m"])) as server:
        page = tree(ask(server, path))
    assert "Nothing has been checked" not in words(page)
    began = time.time() - 1_000
    with serving(stopped(), due=lambda after: began) as server:
        page = tree(ask(server, path))
    said = page.get_element_by_id("summary")
    assert "Nothing has been checked since" in words(said)
    assert len(page.findall(".//h1")) == 1


def test_silence_is_told_to_programs_and_ends() -> None:
    facts = stopped()
    began: list[float] = []

    def due(after: float) -> float:
        began.append(after)
        return 0.0 if len(began) == 1 else 1e12

    with serving(facts, due=due) as server:
        summary = ask(server, "/api/v1/summary").json
        assert (summary["stale"], summary["state"], summary["counts"]["up"]) == (True, "unknown", 1)
        assert summary["sentence"] == f"Nothing has been checked since {summary['last_check']}"
        facts.put(view())
        server.announce(["shop"])
        until(lambda: not ask(server, "/api/v1/summary").json["stale"])
        assert words(tree(ask(server, "/")).find(".//h1")) == "The target is up"


def test_open_pages_hear_of_silence() -> None:
    """No commit is announced by a watch that has stopped."""
    due = [float("inf")]

    async def hear() -> str:
        async with aiohttp.ClientSession() as session, session.get(f"{server.url}events") as answer:
            async for line in answer.content:
                if line.startswith(b"event: hello"):
                    due[0] = time.time() + 0.1
                    server.announce(["shop"])
                elif b'"summary"' in line:
                    return line.decode().removeprefix("data: ")
        return ""

    with serving(stopped(), due=lambda after: due[0], look=0.02) as server:
        news = json.loads(asyncio.run(asyncio.wait_for(hear(), 60)))
        assert news["changed"] == ["summary"]
        parts = ask(server, f"/fragments?since={news['version'].partition('.')[0]}.1").json["parts"]
    assert "Nothing has been checked since" in parts["summary"]


def test_when_the_next_commit_is_due() -> None:
    at = datetime(2026, 11, 21, 12, 0, 30, tzinfo=UTC).timestamp()
    assert deadline(["1h", "30s"])(at) == at + 30 + 180
    assert deadline(["10m"], jitter=5.0)(at) == at + 600 + 180 + 5
    assert deadline(["0 13 * * *"])(at) == at + 3_570 + 180
    assert deadline([])(at) == float("inf")


def notice(number: int, state: State, *, tries: int = 0, age: float = 60.0) -> tuple[Notice, Told]:
    now = time.time()
    change = Change(True, Verdict.DOWN, now - age, now - age, None, Verdict.DOWN, key="shop")
    told = Told(number, state, 0.0 if state is State.PENDING else now - age, detail="<b>503</b>")
    return Notice(id=number, receiver="webhook chat.example 3f2a91", change=change, tries=tries), told


@pytest.mark.parametrize(
    ("notices", "said"),
    [
        ([], ""),
        ([notice(1, State.SENT), notice(2, State.PENDING), notice(3, State.SENDING)], ""),
        ([notice(1, State.FAILED, age=8 * 86_400)], ""),
        ([notice(1, State.UNSURE)], "Not all were told of changes: 1 notice may not have arrived"),
        (
            [notice(1, State.FAILED), notice(2, State.FAILED), notice(3, State.PENDING, tries=2)],
            "Not all were told of changes: 2 notices failed, 1 notice is tried again",
        ),
    ],
)
def test_notices_that_did_not_arrive_are_shown(notices: list[tuple[Notice, Told]], said: str) -> None:
    facts = Facts([view()])
    facts.notices = notices
    with serving(facts) as server:
        found = [words(one) for one in tree(ask(server, "/")).find_class("untold")]
        summary = ask(server, "/api/v1/summary").json["notices"]
    assert found == ([said] if said else [])
    assert any(summary.values()) is bool(said)


def test_who_is_told_is_for_those_with_the_token() -> None:
    facts = Facts([view()])
    facts.notices = [notice(7, State.UNSURE, tries=1)]
    with serving(facts) as server:
        (one,) = ask(server, "/api/v1/notices").json["notices"]
    assert (one["receiver"], one["state"], one["tries"]) == ("webhook chat.example 3f2a91", "unsure", 1)
    with serving(facts, listen=("0.0.0.0", 0)) as server:
        assert ask(server, "/api/v1/notices").status == 401
        assert ask(server, "/api/v1/notices", headers={"Authorization": f"Bearer {TOKEN}"}).status == 200
        assert b"chat.example" not in ask(server, "/").body + ask(server, "/api/v1/summary").body
