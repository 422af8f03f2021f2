"""The page in a real browser: what it draws, what its policy refuses, and that it goes on by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from scraper.check.model import Verdict
from scraper.check.views import Incident
from scraper.check.web.pages import part_id
from scraper.check.web.server import WebServer
from scraper.check.web.words import href
from tests.check.web.browser import Tab, chromium, starts
from tests.check.web.stand import HOSTILE, Facts, company, result, serving, view

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _browser() -> None:
    if not starts():
        pytest.skip("there is no Chromium here that starts")


def browse(profile: Path, server: WebServer, do: Callable[[Tab, str], Awaitable[None]]) -> None:
    async def run() -> None:
        async with chromium(profile) as tab:
            await do(tab, server.url)

    asyncio.run(run())


def element(key: str) -> str:
    return f"document.getElementById('{part_id('t', key)}')"


def test_a_change_is_shown_without_a_reload(tmp_path: Path) -> None:
    facts = Facts([view("a"), view("b")])

    async def do(tab: Tab, url: str) -> None:
        await tab.open(url)
        await tab.until("document.getElementById('live').className === 'fresh'")
        await tab.value("window.mark = 1")
        down = result(view("b").target, Verdict.DOWN, reason="timeout", detail="no <b>answer</b>")
        facts.put(view("b", state="down", result=down))
        facts.add(Incident("b", down.at, None, Verdict.DOWN, "timeout", "no <b>answer</b>"))
        server.announce(["b"])
        await tab.until(f"{element('b')}.textContent.includes('no <b>answer</b>')")
        assert await tab.value("document.querySelector('h1').textContent") == "1 of 2 targets is down"
        assert "not over" in await tab.value("document.getElementById('incidents').textContent")
        assert await tab.value("window.mark") == 1
        await tab.value(f"{element('b')}.querySelector('a').focus()")
        facts.put(view("b"))
        server.announce(["b"])
        await tab.until(f"{element('b')}.className.includes('s-up')")
        assert await tab.value(f"document.activeElement === {element('b')}.querySelector('a')"), "the focus stays"
        assert tab.complaints == []

    with serving(facts) as server:
        browse(tmp_path, server, do)


def test_the_page_of_a_target_follows_too(tmp_path: Path) -> None:
    facts = Facts([view("a/b")])

    async def do(tab: Tab, url: str) -> None:
        await tab.open(f"{url}targets/a%2Fb")
        await tab.until("document.getElementById('live').className === 'fresh'")
        await tab.value("window.mark = 1")
        assert await tab.value("document.querySelectorAll('tbody tr').length") == 1
        await tab.size(320, 900)
        await tab.value("{const table = document.querySelector('.scroll'); table.focus(); table.scrollLeft = 40}")
        facts.put(view("a/b", state="down", result=result(view("a/b").target, Verdict.DOWN, reason="dns")))
        server.announce(["a/b"])
        await tab.until("document.querySelectorAll('tbody tr').length === 2")
        assert await tab.value("window.mark") == 1
        assert await tab.value("document.activeElement.className") == "scroll"
        assert await tab.value("document.activeElement.scrollLeft") == 40
        await tab.until("[...document.images].every(image => image.complete && image.naturalWidth > 40)")
        assert tab.complaints == []

    with serving(facts) as server:
        browse(tmp_path, server, do)


def test_those_who_listen_hear_the_headline_once_and_nothing_else_moves(tmp_path: Path) -> None:
    facts = Facts([view("a"), view("b")])

    async def do(tab: Tab, url: str) -> None:
        await tab.open(url)
        await tab.until("document.getElementById('live').className === 'fresh'")
        assert await tab.value("document.querySelectorAll('[role=status]').length") == 2
        assert await tab.value("document.getElementById('said').textContent") == ""
        await tab.value(
            "window.heard = []; window.said = document.getElementById('said');"
            "new MutationObserver(() => heard.push(said.textContent)).observe(said, {childList: true})"
        )
        for detail in ("first", "second"):
            facts.put(view("b", state="down", result=result(view("b").target, Verdict.DOWN, detail=detail)))
            server.announce(["b"])
            await tab.until(f"{element('b')}.textContent.includes('{detail}')")
            if detail == "first":
                await tab.value("document.getElementById('incidents').mark = document.querySelector('h1').mark = 1")
        assert await tab.value("window.heard") == ["1 of 2 targets is down"]
        assert await tab.value("document.getElementById('incidents').mark + document.querySelector('h1').mark") == 2
        assert tab.complaints == []

    with serving(facts) as server:
        browse(tmp_path, server, do)


def test_a_lost_stream_is_said(tmp_path: Path) -> None:
    async def do(tab: Tab, url: str) -> None:
        await tab.open(url)
        await tab.until("document.getElementById('live').textContent === 'Live'")
        await asyncio.to_thread(server.close)
        await tab.until("document.getElementById('live').className === 'stale'")
        assert (await tab.value("document.getElementById('live').textContent")).startswith("Stale")

    with serving(Facts([view()])) as server:
        browse(tmp_path, server, do)


def test_it_reads_without_scripts(tmp_path: Path) -> None:
    async def do(tab: Tab, url: str) -> None:
        await tab.call("Emulation.setScriptExecutionDisabled", value=True)
        await tab.open(url)
        assert await tab.value("document.querySelectorAll('li.row').length") == 28
        assert await tab.value("document.getElementById('live').hidden")
        assert await tab.value("document.querySelector('noscript meta') !== null")
        assert "(all times are UTC)" in await tab.value("document.querySelector('footer').textContent")
        assert tab.complaints == []

    with serving(company()) as server:
        browse(tmp_path, server, do)


def test_it_fits_a_phone_and_a_wall_in_light_and_dark(tmp_path: Path) -> None:
    long = view("x" * 190, url="https://long.example/?" + "q" * 400, group="a long name " * 12)
    facts = company()
    facts.put(long)

    async def do(tab: Tab, url: str) -> None:
        grounds = set()
        for path in ("", "targets/Shop%2FPayments%20API", f"targets/{href(long.target.key)}"):
            await tab.open(url + path)
            for width in (320, 768, 2_560):
                await tab.size(width, 900)
                assert await tab.value("document.documentElement.scrollWidth") <= width
            for dark in (False, True):
                await tab.dark(dark)
                grounds.add(await tab.value("getComputedStyle(document.body).backgroundColor"))
        assert grounds == {"rgb(245, 246, 248)", "rgb(14, 18, 23)"}
        assert tab.complaints == []

    with serving(facts) as server:
        browse(tmp_path, server, do)


def test_hostile_names_run_nothing(tmp_path: Path) -> None:
    facts = Facts([view(name, group=name) for name in HOSTILE])

    async def do(tab: Tab, url: str) -> None:
        await tab.open(url)
        assert await tab.value("document.querySelectorAll('li.row').length") == len(HOSTILE)
        assert await tab.value("document.scripts.length") == 1
        for name in HOSTILE[:4]:
            facts.put(view(name, group=name, state="down"))
        server.announce([f"{name}/{name}" for name in HOSTILE[:4]])
        await tab.until("document.querySelectorAll('li.row.s-down').length === 4")
        assert await tab.value("document.scripts.length") == 1
        assert "Page.javascriptDialogOpening" not in tab.events
        assert tab.complaints == []

    with serving(facts) as server:
        browse(tmp_path, server, do)
