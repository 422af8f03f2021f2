"""Notices: what is told, how it is signed, and how it is tried again, on real receivers."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from scraper.check.asking.config import Apprise, Notify, Webhook, convert
from scraper.check.health import Change
from scraper.check.model import Target, Verdict
from scraper.check.notices.message import headline, message_of, payload
from scraper.check.notices.notice import Notice, State, Told
from scraper.check.notices.notify import LONGEST_WAIT, Notifier, wait_before
from scraper.check.notices.receivers import Receiver, receivers, wanting
from scraper.check.notices.webhook import Answer, signature, signing_key
from scraper.errors import ConfigError
from scraper.store.database import Passing
from tests.check.outbox import MemoryOutbox
from tests.check.receiver import WebhookReceiver
from tests.server import ClosedPort, ScriptedServer, redirect

NOW = 1_750_000_000.0
SHOP = Target(url="http://shop.test/", name="shop", group="eu")
DOWN = Change(True, Verdict.DOWN, NOW + 60, NOW, None, Verdict.DOWN, "timeout", "no answer within 10 s", key="eu/shop")
UP = Change(False, Verdict.DOWN, NOW + 390, NOW, NOW + 360, Verdict.DOWN, "timeout", "no answer", key="eu/shop")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Watch:
    """A notifier over an outbox in memory, with a clock of its own, as a watch has it."""

    def __init__(self, found: list[Receiver], outbox: MemoryOutbox | None = None, expire: float = 86_400.0) -> None:
        self.outbox = outbox or MemoryOutbox()
        self.said: list[str] = []
        self.now = NOW + 400
        self._turn = 0.0
        self.notifier = Notifier(found, self.outbox, expire, self.said.append, lambda: 0.0, lambda: self.now)

    def step(self) -> None:
        self._turn += 1
        self.notifier.step(self._turn)

    def until(self, holds: Callable[[], bool], pass_time: float = 0.0) -> None:
        """Go on until ``holds``; each look passes so many seconds of its clock."""
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, (self.outbox.states, self.said)
            self.step()
            self.now += pass_time
            time.sleep(0.002)

    def until_ended(self, pass_time: float = 0.0) -> None:
        open_states = {State.PENDING, State.SENDING}
        self.until(lambda: not open_states & set(self.outbox.states.values()), pass_time)


@pytest.fixture
def watches() -> Iterator[Callable[..., Watch]]:
    made: list[Watch] = []

    def make(found: list[Receiver], outbox: MemoryOutbox | None = None, expire: float = 86_400.0) -> Watch:
        made.append(Watch(found, outbox, expire))
        return made[-1]

    yield make
    for watch in made:
        watch.notifier.close()


def hook(url: str, **more: object) -> list[Receiver]:
    table = convert({"url": url, **{name.replace("_", "-"): value for name, value in more.items()}}, Webhook)
    return receivers(Notify(webhook=[table]), {SHOP.key: SHOP}, "https://status.test/")


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of standardwebhooks.com."""
    body = b'{"test": 2432232314}'
    signed = signature(signing_key(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_is_told_once_signed_and_in_json(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver() as receiver:
        (found,) = hook(receiver.url, secret=SECRET)
        watch = watches([found])
        number = watch.outbox.add(found.name, DOWN)
        watch.until_ended()
        for _ in range(5):
            watch.step()
        (delivery,) = receiver.deliveries
    assert watch.outbox.states[number] is State.SENT
    assert delivery.uid == Notice(id=7, receiver="another", change=DOWN).uid
    stamp = int(delivery.headers["webhook-timestamp"])
    assert stamp == int(watch.now)
    assert delivery.headers["webhook-signature"] == signature(signing_key(SECRET), delivery.uid, stamp, delivery.body)
    assert delivery.headers["Content-Type"] == "application/json"
    assert delivery.type == "incident.opened"
    assert delivery.data["text"] == "eu/shop is down: timeout, no answer within 10 s"
    assert (delivery.data["started"], delivery.data["ended"]) == ("2025-06-15T15:06:40.000Z", None)
    assert (delivery.data["page"], delivery.data["url"]) == ("https://status.test/", "http://shop.test/")
    assert watch.said == [f"told {found.name}: eu/shop is down: timeout, no answer within 10 s"]


def test_people_are_told_at_once_of_what_came_together(watches: Callable[..., Watch]) -> None:
    """As when it is our own network that is away: one message, and not one for each target."""
    with WebhookReceiver((500, {})) as receiver:
        (found,) = receivers(Notify(apprise=[Apprise(url=f"json://{receiver.url[7:]}")]), {}, "https://status.test/")
        watch = watches([found])
        for number in range(700):
            watch.outbox.add(found.name, msgspec.structs.replace(DOWN, key=f"eu/shop{number}"))
        watch.outbox.add(found.name, msgspec.structs.replace(UP, key="eu/other"))
        watch.until_ended(pass_time=0.1)
        assert len(receiver.deliveries) == 2
        said = msgspec.json.decode(receiver.deliveries[1].body)
    assert set(watch.outbox.states.values()) == {State.SENT}
    assert (said["title"], said["type"]) == ("700 are down, 1 is up again", "failure")
    lines = said["message"].splitlines()
    assert lines[0] == "eu/shop0 is down: timeout, no answer within 10 s"
    assert lines[-2:] == ["and 671 more", "https://status.test/"]


def test_what_became_old_while_nobody_watched_is_not_sent(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver() as receiver:
        (found,) = hook(receiver.url)
        watch = watches([found], expire=300.0)
        old, new = watch.outbox.add(found.name, DOWN), watch.outbox.add(found.name, UP)
        watch.until_ended()
        assert [delivery.type for delivery in receiver.deliveries] == ["incident.closed"]
    assert (watch.outbox.states[old], watch.outbox.states[new]) == (State.FAILED, State.SENT)
    assert watch.said[0].endswith("it is old news; not tried again")


def test_what_came_of_a_notice_is_kept_when_the_disk_takes_it_again(watches: Callable[..., Watch]) -> None:
    class Full(MemoryOutbox):
        times = 3

        def told(self, done: Sequence[Told]) -> None:
            self.times -= 1
            if self.times >= 0:
                raise Passing("the disk is full")
            super().told(done)

    with WebhookReceiver() as receiver:
        (found,) = hook(receiver.url)
        watch = watches([found], Full())
        watch.outbox.add(found.name, DOWN)
        watch.outbox.add(found.name, UP)
        watch.until_ended()
        assert len(receiver.deliveries) == 2
    assert set(watch.outbox.states.values()) == {State.SENT}


def test_what_is_not_taken_is_tried_again_later_and_later(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver((500, {}), (302, {"Location": "/"}), (429, {"Retry-After": "1000"}), (404, {})) as receiver:
        (found,) = hook(receiver.url)
        watch = watches([found])
        watch.outbox.add(found.name, DOWN)
        watch.until_ended(pass_time=10)
        assert len({delivery.uid for delivery in receiver.deliveries}) == 1
        assert len(receiver.deliveries) == 5
    waits = [told.again - told.at for told in watch.outbox.said]
    assert waits[:4] == [1, 2, 1000, 8]
    assert [told.state for told in watch.outbox.said] == [*[State.PENDING] * 4, State.SENT]
    assert "it answered 500; tried again" in watch.said[0]
    assert len(watch.said) == 2
    assert "webhook-signature" not in receiver.deliveries[0].headers


def test_no_notice_overtakes_another(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver((500, {}), (500, {})) as receiver:
        (found,) = hook(receiver.url)
        watch = watches([found])
        watch.outbox.add(found.name, DOWN)
        watch.outbox.add(found.name, UP)
        watch.until_ended(pass_time=0.1)
        types = [delivery.type for delivery in receiver.deliveries]
    assert types == [*["incident.opened"] * 3, "incident.closed"]


def test_who_answers_410_is_not_asked_again(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver((410, {})) as receiver:
        (found,) = hook(receiver.url)
        watch = watches([found])
        watch.outbox.add(found.name, DOWN)
        watch.outbox.add(found.name, UP)
        watch.until_ended()
        assert len(receiver.deliveries) == 1
    assert set(watch.outbox.states.values()) == {State.FAILED}


def test_old_news_is_not_tried_again(watches: Callable[..., Watch]) -> None:
    with ClosedPort() as nobody:
        (found,) = hook(nobody.url("/hook"))
        watch = watches([found], expire=600.0)
        number = watch.outbox.add(found.name, DOWN)
        watch.until_ended(pass_time=5)
    assert watch.outbox.states[number] is State.FAILED
    assert watch.said[-1].endswith("no connection; not tried again")
    assert watch.now > DOWN.at + 300


def test_a_dead_receiver_holds_up_nobody(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver() as dead, WebhookReceiver() as alive:
        dead.hold.clear()
        found = [*hook(dead.url), *hook(alive.url)]
        watch = watches(found)
        first, second = (watch.outbox.add(each.name, DOWN) for each in found)
        watch.until(lambda: watch.outbox.states[second] is State.SENT)
        assert watch.outbox.states[first] is State.SENDING
        assert len(alive.deliveries) == 1


def test_a_receiver_that_is_silent_is_waited_for_no_longer_than_is_said(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver() as dead:
        dead.hold.clear()
        (found,) = hook(dead.url, timeout=0.05)
        watch = watches([found])
        watch.outbox.add(found.name, DOWN)
        watch.until(lambda: bool(watch.outbox.said))
    assert watch.outbox.said[0].detail == "no answer in time"


def test_a_bug_of_ours_leaves_the_receiver_its_thread(watches: Callable[..., Watch]) -> None:
    (found,) = hook("http://127.0.0.1:9/")
    found.send = lambda notices, now: Answer(True) if notices[0].change is UP else 1 / 0  # type: ignore[assignment, return-value]
    watch = watches([found], expire=345.0)
    watch.outbox.add(found.name, DOWN)
    watch.outbox.add(found.name, UP)
    watch.until_ended(pass_time=1)
    assert list(watch.outbox.states.values()) == [State.FAILED, State.SENT]
    assert watch.outbox.said[0].detail == "internal error: ZeroDivisionError"


def test_redirects_are_not_followed(watches: Callable[..., Watch]) -> None:
    with WebhookReceiver() as elsewhere, ScriptedServer() as server:
        (found,) = hook(server.script("/hook", redirect(elsewhere.url)))
        watch = watches([found])
        watch.outbox.add(found.name, DOWN)
        watch.until(lambda: bool(watch.outbox.said))
        assert elsewhere.deliveries == []


def test_what_a_killed_watch_left_is_sent_again_to_programs_but_not_to_people(watches: Callable[..., Watch]) -> None:
    outbox = MemoryOutbox()
    with WebhookReceiver() as receiver:
        (program,) = hook(receiver.url)
        (people,) = receivers(Notify(apprise=[Apprise(url=f"json://{receiver.url[7:]}")]), {}, None)
        kept = outbox.add(program.name, DOWN, State.SENDING)
        lost = outbox.add(people.name, DOWN, State.SENDING)
        gone = outbox.add("webhook that.is.not.told.any.more 000000", DOWN, State.SENDING)
        watch = watches([program, people], outbox)
        watch.until_ended()
        assert [delivery.uid for delivery in receiver.deliveries] == [outbox.notices[kept].uid]
    assert outbox.states == {kept: State.SENT, lost: State.UNSURE, gone: State.UNSURE}
    assert any(line.startswith(f"{people.name} may not know that eu/shop is down") for line in watch.said)


def test_people_are_told_by_apprise(watches: Callable[..., Watch], caplog: pytest.LogCaptureFixture) -> None:
    with WebhookReceiver((500, {})) as receiver:
        table = Apprise(url=f"json://user:hush@{receiver.url[7:]}")
        (found,) = receivers(Notify(apprise=[table]), {SHOP.key: SHOP}, None)
        watch = watches([found])
        watch.outbox.add(found.name, UP)
        watch.until_ended(pass_time=0.5)
        first, second = receiver.deliveries
    assert first.body == second.body
    assert b"eu/shop is up again" in second.body
    assert b"It lasted 6m00s: timeout, no answer" in second.body
    assert "the service did not take it" in watch.said[0]
    shown = "".join([*watch.said, *caplog.messages, *(told.detail for told in watch.outbox.said)])
    assert "hush" not in shown
    assert logging.getLogger("apprise").propagate is False


def test_what_people_read() -> None:
    assert message_of(DOWN, SHOP, "https://status.test/") == (
        "eu/shop is down",
        "Since 2025-06-15 15:06:40 UTC: timeout, no answer within 10 s\nhttp://shop.test/\nhttps://status.test/",
    )
    assert message_of(UP, None, None) == (
        "eu/shop is up again",
        "Since 2025-06-15 15:12:40 UTC. It lasted 6m00s: timeout, no answer",
    )
    assert headline(UP) == "eu/shop is up again after 6m00s"


def test_what_servers_say_steers_nothing() -> None:
    nasty = "\x1b[31m\u202e" + "x" * 10_000 + "\ud800"
    change = Change(True, Verdict.CERT, NOW, NOW, None, Verdict.CERT, "cert", nasty, flapping=True, key="a\x07\ud800")
    title, text = message_of(change, Target(url="http://a/", name="\x1b"), None)
    assert len(text) < 1000
    assert not set("\x1b\x07\u202e\ud800") & set(title + text + headline(change))
    assert b"\\u001b" in payload(change, None, None)


def test_each_is_told_what_it_wants() -> None:
    tables = [
        {"url": "http://a/", "on": ["down", "slow"]},
        {"url": "http://b/", "on": ["down", "up"], "groups": ["eu"]},
        {"url": "http://c/", "groups": ["us"]},
    ]
    found = receivers(Notify(webhook=[convert(table, Webhook) for table in tables]), {}, None)
    a, b, _ = (each.name for each in found)
    who = wanting(found)
    slow = Change(True, Verdict.SLOW, NOW, NOW, None, Verdict.SLOW, key="eu/shop")
    assert (who(DOWN, SHOP), who(UP, SHOP), who(slow, SHOP)) == ([a, b], [b], [a])
    for each in found:
        each.close()


def test_waits_grow_and_end(recwarn: object) -> None:
    assert [wait_before(tries, 0.0) for tries in (1, 2, 3, 20, 10_000)] == [1, 2, 4, LONGEST_WAIT, LONGEST_WAIT]
    assert wait_before(1, 1.0) == 0.9


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"url": "shop"}, "URL of a webhook is none"),
        ({"url": "ftp://h/"}, "must begin with http"),
        ({"url": "http://h/", "secret": "hush", "secret-env": "X"}, "more than once"),
        ({"url": "http://h/", "secret-env": "NOT_THERE"}, "NOT_THERE is empty or not set"),
        ({"url": "http://h/", "secret-file": "nowhere"}, "cannot be read from nowhere"),
        ({"url": "http://h/", "secret-file": "two"}, "two has 2 lines"),
        ({"url": "http://h/", "secret": "whsec_hush!"}, "no base64"),
    ],
)
def test_webhooks_that_cannot_be_used(
    table: dict[str, str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two").write_text("hush\nhush\n")
    with pytest.raises(ConfigError, match=says) as refused:
        receivers(Notify(webhook=[convert(table, Webhook)]), {}, None)
    assert "hush" not in str(refused.value)


def test_services_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE", "nosuch://hush@host")
    for table, says in ((Apprise(url_env="SERVICE"), "'nosuch'"), (Apprise(), "has no URL")):
        with pytest.raises(ConfigError, match=says) as refused:
            receivers(Notify(apprise=[table]), {}, None)
        assert "hush" not in str(refused.value)


def test_loading_apprise_again_leaves_nothing_behind() -> None:
    notify, logger = Notify(apprise=[Apprise(url="json://h/")]), logging.getLogger("apprise")
    receivers(notify, {}, None)
    before = len(logger.handlers)
    receivers(notify, {}, None)
    assert len(logger.handlers) == before > 0


def test_without_apprise_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match=r"pip install 'scraper\[notify\]'"):
        receivers(Notify(apprise=[Apprise(url="json://h/")]), {}, None)


def test_one_url_is_named_once() -> None:
    with pytest.raises(ConfigError, match="given twice"):
        receivers(Notify(webhook=[Webhook(url="http://h/"), Webhook(url="http://h/")]), {}, None)


def test_a_secret_may_come_from_the_environment_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watches: Callable[..., Watch]
) -> None:
    monkeypatch.setenv("HOOK", "hush")
    (tmp_path / "hook").write_text("hush\n")
    with WebhookReceiver() as receiver:
        for ways in ({"secret_env": "HOOK"}, {"secret_file": str(tmp_path / "hook")}):
            (found,) = hook(receiver.url, **ways)
            watch = watches([found])
            watch.outbox.add(found.name, DOWN)
            watch.until_ended()
        signed = {delivery.headers["webhook-signature"] for delivery in receiver.deliveries}
    stamp = int(watch.now)
    assert signed == {signature(b"hush", receiver.deliveries[0].uid, stamp, receiver.deliveries[0].body)}
