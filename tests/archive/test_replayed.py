"""How a replay tells of failures, and that nobody else can."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper import Simulated, Web
from scraper.backends import create
from scraper.errors import ConfigError
from scraper.fetch.errors import FetchError
from scraper.fetch.framing import AnswerReader
from scraper.fetch.reasons import detail
from scraper.fetch.replayed import answer_for, check_replayed, disarmed
from scraper.fetch.route import read_proxy
from scraper.model import Fetched, Reason, Request
from scraper.options import make_settings
from scraper.settings import Identity, Politeness, Safety, Settings
from tests.archive.web import crawl
from tests.server import ScriptedServer, raw


def told(message: bytes) -> FetchError | None:
    reader = AnswerReader(10_000, 1_000)
    reader.feed(message)
    assert reader.done
    assert reader.head is not None
    try:
        check_replayed(reader.head.block)
    except FetchError as error:
        return error
    return None


@given(st.sampled_from(Reason), st.text().map(detail))
def test_a_failure_comes_back_as_it_was(reason: Reason, text: str) -> None:
    error = told(answer_for(reason, text))
    assert error is not None
    assert (error.reason, error.detail) == (reason, text)


@given(st.binary(max_size=40))
def test_what_no_replay_says_ends_nothing(junk: bytes) -> None:
    with contextlib.suppress(FetchError):
        check_replayed(answer_for(Reason.DNS, "x").replace(b"dns", junk).removesuffix(b"\r\n\r\n"))


def test_an_unknown_reason_is_our_own_trouble() -> None:
    error = told(answer_for(Reason.DNS, "x").replace(b"dns", b"weather"))
    assert error is not None
    assert error.reason is Reason.INTERNAL


def test_a_recorded_head_cannot_speak_for_the_replay() -> None:
    message = answer_for(Reason.DNS, "x")
    assert told(message) is not None
    assert told(disarmed(message)) is None
    assert told(message.replace(b"\r\n\r\n", b"\r\nServer: x\r\n\r\n")) is None
    assert disarmed(message[10:]) == message[10:]


@pytest.mark.parametrize("name", ["threads", "asyncio"])
def test_only_a_replay_is_believed(name: str) -> None:
    with ScriptedServer() as server:
        url = server.script("/", raw(answer_for(Reason.DNS, "made up")))
        with contextlib.closing(create(name, Settings(safety=Safety(private=True)))) as backend:
            backend.submit(Request(url))
            (outcome,) = backend.collect(5)
    assert isinstance(outcome, Fetched)
    assert outcome.status == 599


@pytest.mark.parametrize("proxy", ["replay://127.0.0.1:1", "replay://proxy.test:1"])
def test_users_cannot_name_a_replay(proxy: str) -> None:
    with pytest.raises(ConfigError, match="no URL of a proxy"):
        make_settings(proxy=proxy)


@pytest.mark.parametrize("proxy", ["replay://proxy.test:1", "replay://127.0.0.1", "replay://10.0.0.1:1"])
def test_a_replay_is_on_this_machine(proxy: str) -> None:
    with pytest.raises(ConfigError):
        read_proxy(Identity(proxy=proxy))


def test_no_pauses_are_made_where_nobody_is_disturbed() -> None:
    web = Web()
    for path in "123":
        web.page(f"http://a.test/{path}", links=[f"http://a.test/{int(path) + 1}"])
    web.robots("http://a.test", "User-agent: *\nCrawl-delay: 20")
    for paced in (True, False):
        backend = Simulated(web)
        crawl(Settings(politeness=Politeness(delay=0.0, paced=paced)), "http://a.test/1", backend)
        assert (backend.clock() > 20) is paced
