from __future__ import annotations

import gzip
import socket
import threading
from typing import Any

import lxml.html  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.model import Verdict
from scraper.check.views import Incident, Reader, Span, View
from scraper.check.web.pages import part_id
from scraper.check.web.server import WebServer
from scraper.check.web.words import Standing, milliseconds, overall, percent, standing
from scraper.errors import ConfigError, StoreError
from scraper.printing import printable
from tests.check.web.stand import HOSTILE, Answer, Facts, ask, company, many, result, serving, until, view

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)


def tree(answer: Answer) -> Any:
    assert answer.status == 200
    return lxml.html.fromstring(answer.text)


def words(element: Any) -> str:
    return " ".join(" ".join(element.itertext()).split())


def row(page: Any, key: str) -> Any:
    return page.get_element_by_id(part_id("t", key))


def test_a_row_says_all_of_its_target() -> None:
    with serving(company(), title="Acme") as server:
        page = tree(ask(server, "/"))
        shop = row(page, "Shop/Payments API")
    assert page.findtext(".//title") == "Acme"
    assert words(page.find(".//h1")) == "1 of 28 targets is down"
    assert "s-down" in shop.get("class")
    assert words(shop).startswith("Payments API Down")
    assert "503, expected 200..399" in words(shop)
    facts = {words(one.find("dt")): words(one.find("dd")) for one in shop.findall(".//dl/div")}
    assert list(facts) == ["24 h", "7 d", "30 d", "90 d", "Checked", "Certificate"]
    assert facts["Certificate"] == "61 days"
    assert shop.findall(".//time")[0].get("datetime").endswith("Z")
    assert [words(one) for one in page.findall(".//h2")] == ["Shop", "API", "Europe", "Internal", "Incidents"]


def test_every_day_of_the_ninety_is_drawn_once() -> None:
    with serving(company()) as server:
        page = tree(ask(server, "/"))
        whole = tree(ask(server, "/targets/Shop%2FPayments%20API"))
    for bars in page.findall(".//svg[@class='bars']"):
        drawn = sum((int(path.get("d").partition("h")[2]) + 2) // 6 for path in bars.findall("path"))
        assert drawn == 90
    each = whole.find(".//svg[@class='bars']").findall("path")
    assert len(each) == 90
    assert each[-1].findtext("title").endswith("92.98 % up, 101 of 1,440 checks failed")


def test_a_page_reads_without_scripts_and_loads_nothing_from_elsewhere() -> None:
    with serving(company()) as server:
        for path in ("/", "/targets/Shop%2FPayments%20API", "/targets/nobody"):
            answer = ask(server, path)
            page = lxml.html.fromstring(answer.text)
            assert [script.get("src", "").partition("?")[0] for script in page.iter("script")] == ["/static/status.js"]
            assert not page.xpath("//style | //@style | //@*[starts-with(name(), 'on')] | //base | //iframe")
            loaded = page.xpath("//link/@href | //script/@src | //img/@src")
            assert all(url.startswith("/") and not url.startswith("//") for url in loaded)
            assert answer.headers["Content-Security-Policy"] == POLICY
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_and_nothing_else(name: str) -> None:
    made = view(name, group="g")
    made = msgspec.structs.replace(
        made, state="down", result=result(made.target, Verdict.DOWN, reason="body", detail=name, status=None)
    )
    facts = Facts([made], [Incident(made.target.key, 1.0, None, Verdict.DOWN, "body", name)])
    plain = Facts([view("plain", group="g", state="down", result=made.result)], [])
    with serving(facts) as server, serving(plain) as other:
        page = tree(ask(server, "/"))
        link = row(page, made.target.key).find(".//a")
        assert words(link) == " ".join(printable(name).split())
        target = tree(ask(server, link.get("href")))
        assert words(target.find(".//h1")) == " ".join(printable(name).split())
        harmless = tree(ask(other, "/targets/g%2Fplain"))
        assert {one.tag for one in target.iter()} <= {one.tag for one in harmless.iter()} | {"ol", "li", "b"}
        assert not page.xpath("//@*[starts-with(name(), 'on')]")
        for badge in target.xpath("//img/@src"):
            assert ask(server, badge).status == 200


@pytest.mark.parametrize("key", [".", "..", "/", "a//b", "%2F", "x?y", "#", " ", "\u202e", "check", "a/check"])
def test_a_key_of_any_characters_has_a_page(key: str) -> None:
    with serving(Facts([view(key)])) as server:
        href = row(tree(ask(server, "/")), key).find(".//a").get("href")
        assert words(tree(ask(server, href)).find(".//h1")) == " ".join(printable(key).split())


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/targets/nobody", 404),
        ("/targets", 404),
        ("/static/server.py", 404),
        ("/static/../server.py", 404),
        ("/static/..%2fserver.py", 404),
        ("/static/%2e%2e/%2e%2e/model.py", 404),
        ("//etc/passwd", 404),
        ("/badge/", 404),
        ("/badge/shop.png", 404),
        ("/badge/nobody.svg", 404),
        ("/api/v1/targets/nobody", 404),
        ("/api/v2/targets", 404),
        ("/fragments", 200),
        ("/fragments?since=a.99999999999999999999999", 200),
        ("/static/status.css", 200),
    ],
)
def test_paths(path: str, status: int) -> None:
    with serving(Facts([view()])) as server:
        assert ask(server, path).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_pages_are_only_read(method: str) -> None:
    with serving(Facts([view()])) as server:
        answer = ask(server, "/", method)
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD"
        assert ask(server, "/", "HEAD").status == 200


def test_what_has_not_changed_is_not_sent_again() -> None:
    facts = Facts([view()])
    with serving(facts) as server:
        first = ask(server, "/")
        again = ask(server, "/", headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert ask(server, "/", headers={"If-None-Match": '"another"'}).status == 200
        facts.put(view(state="down", result=result(view().target, Verdict.DOWN, reason="timeout")))
        server.announce(["shop"])
        until(lambda: ask(server, "/", headers={"If-None-Match": first.headers["ETag"]}).status == 200)


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("br;q=1, GZIP;q=0.5", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("br", False),
    ],
)
def test_a_page_is_packed_for_those_who_take_it(accepted: str, packed: bool) -> None:
    with serving(company()) as server:
        plain, answer = ask(server, "/"), ask(server, "/", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("Content-Encoding") == "gzip") is packed
    assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_static_files_are_kept_for_ever_under_their_stamp() -> None:
    with serving(Facts([view()])) as server:
        style = tree(ask(server, "/")).xpath("//link[@rel='stylesheet']/@href")[0]
        assert "immutable" in ask(server, style).headers["Cache-Control"]
        assert ask(server, "/static/status.css?other").headers["Cache-Control"] == "no-cache"


def test_only_what_changed_is_read_and_only_when_somebody_looks() -> None:
    facts = Facts([view("a"), view("b"), view("c")])
    with serving(facts) as server:
        assert facts.reads == [None]
        for _ in range(5):
            server.announce(["b", "nobody"])
        ask(server, "/api/v1/summary")
        until(lambda: ask(server, "/").status and len(facts.reads) > 1)
        assert facts.reads[1:] == [["b"]]


def test_fragments_hold_what_is_newer() -> None:
    facts = Facts([view("a"), view("b", group="g")])
    with serving(facts) as server:
        version = tree(ask(server, "/")).get("data-version")
        around = {"summary", "incidents", part_id("g", ""), part_id("g", "g")}
        assert ask(server, f"/fragments?since={version}").json["parts"].keys() == around
        facts.put(view("b", group="g", state="down"))
        server.announce(["g/b"])
        news = until(lambda: (told := ask(server, f"/fragments?since={version}").json)["version"] != version and told)
        assert news["parts"].keys() == around | {part_id("t", "g/b")}
        assert "Down" in news["parts"][part_id("t", "g/b")]
        assert ask(server, "/fragments?since=elsewhere.1").json == {"reload": True}
        assert ask(server, f"/fragments?since={version}x").json == {"reload": True}


def test_seven_hundred_targets_are_a_small_page() -> None:
    with serving(many(700)) as server:
        assert len(ask(server, "/").body) < 1_500_000
        assert len(ask(server, "/", headers={"Accept-Encoding": "gzip"}).body) < 150_000


def test_nothing_watched_and_nothing_checked_are_pages_too() -> None:
    for facts in (Facts(), Facts([View(view().target)])):
        with serving(facts) as server:
            assert words(tree(ask(server, "/")).find(".//h1")) == "Nothing has been checked yet"
    with serving(Facts([View(view().target)])) as server:
        assert "Not checked yet." in words(tree(ask(server, "/targets/shop")))


def test_the_path_in_front_stands_in_every_link() -> None:
    with serving(Facts([view()]), public_url="https://example.org/status") as server:
        links = tree(ask(server, "/")).xpath("//main//a/@href | //link/@href | //script/@src")
    assert links
    assert all(link.startswith("/status/") for link in links)


STATES = [
    (View(view().target), Standing.UNKNOWN),
    (view(), Standing.UP),
    (view(maintenance=True, state="down"), Standing.MAINTENANCE),
    *(
        (view(state=state, result=result(view().target, verdict)), expected)
        for state, verdict, expected in (
            ("up", Verdict.SLOW, Standing.SLOW),
            ("up", Verdict.CERT, Standing.CERT),
            ("up", Verdict.BLOCKED, Standing.BLOCKED),
            ("up", Verdict.DOWN, Standing.FAILING),
            ("down", Verdict.DOWN, Standing.DOWN),
            ("down", Verdict.UP, Standing.DOWN),
            ("down", Verdict.BLOCKED, Standing.BLOCKED),
        )
    ),
]


@pytest.mark.parametrize(("shop", "expected"), STATES)
def test_standing(shop: View, expected: Standing) -> None:
    assert standing(shop) is expected
    with serving(Facts([shop])) as server:
        assert f"s-{expected.value}" in row(tree(ask(server, "/")), "shop").get("class")


@pytest.mark.parametrize(
    ("counts", "sentence"),
    [
        ({}, "Nothing has been checked yet"),
        ({Standing.UP: 1}, "The target is up"),
        ({Standing.UP: 2_000}, "All 2,000 targets are up"),
        ({Standing.UP: 1, Standing.UNKNOWN: 1}, "Nothing is down"),
        ({Standing.DOWN: 2, Standing.BLOCKED: 1}, "2 of 3 targets are down"),
        ({Standing.DOWN: 1}, "1 of 1 target is down"),
        ({Standing.UP: 1, Standing.SLOW: 1}, "Nothing is down; 1 of 2 needs a look"),
        ({Standing.CERT: 1, Standing.FAILING: 1}, "Nothing is down; 2 of 2 need a look"),
    ],
)
def test_overall(counts: dict[Standing, int], sentence: str) -> None:
    assert overall(counts)[1] == sentence


@given(st.integers(1, 10**7), st.data())
def test_a_hundred_percent_is_said_of_nothing_less(checks: int, data: st.DataObject) -> None:
    up = data.draw(st.integers(0, checks))
    said = percent(up / checks)
    assert (said == "100 %") is (up == checks)
    assert (said == "0 %") is (up == 0)


@pytest.mark.parametrize(("us", "said"), [(420, "0.4 ms"), (142_300, "142 ms"), (2_310_000, "2.3 s")])
def test_a_servers_time_is_said_as_everywhere(us: int, said: str) -> None:
    assert milliseconds(us) == said


def test_times_beyond_all_calendars_are_shown_somehow() -> None:
    odd = view(since=1e300, days=(Span(-1e18, 1, 1), Span(1e18, 1, 0)), hours=(Span(-1e18, 1, 1, 5),))
    with serving(Facts([odd], [Incident("shop", -1e300, 1e300, Verdict.DOWN)])) as server:
        tree(ask(server, "/"))
        tree(ask(server, "/targets/shop"))
        assert ask(server, "/api/v1/targets/shop").status == 200


class _Broken:
    """A history whose file cannot be read any more."""

    def __init__(self, facts: Facts) -> None:
        self._reader, self.broken = facts.reader(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        if self.broken.is_set() and name != "close":
            raise StoreError("history.db: the disk failed")
        return getattr(self._reader, name)


def test_a_history_that_cannot_be_read_is_told_and_tried_again() -> None:
    facts, made = Facts([view()]), []

    def broken() -> Reader:
        made.append(_Broken(facts))
        return made[0]

    server = WebServer(broken, beat=0.02)
    with server:
        made[0].broken.set()
        server.announce(["shop"])
        answer = until(lambda: (found := ask(server, "/")).status == 503 and found)
        assert answer.text == "history.db: the disk failed\n"
        made[0].broken.clear()
        facts.put(view(state="down"))
        until(lambda: "Down" in ask(server, "/").text)


def test_a_history_that_cannot_be_opened_ends_the_start() -> None:
    def absent() -> Reader:
        raise StoreError("history.db: it cannot be opened")

    before = threading.active_count()
    with pytest.raises(StoreError, match="cannot be opened"):
        WebServer(absent).start()
    assert threading.active_count() == before


def test_a_port_that_is_taken_is_named() -> None:
    facts = Facts([view()])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: "):
            WebServer(facts.reader, listen=("127.0.0.1", port)).start()
    assert facts.open == 0


def test_closing_is_quick_and_may_be_done_twice_and_before_the_start() -> None:
    WebServer(Facts().reader).close()
    server = WebServer(Facts([view()]).reader)
    server.start()
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2].strip("/")))) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: loc")
        server.close()
        server.close()
        assert idle.recv(10) == b""
    server.announce(["shop"])


def test_a_client_that_takes_nothing_is_dropped() -> None:
    with serving(many(300), patience=0.01) as server:
        page = len(ask(server, "/api/v1/targets").body)
        slow = socket.socket()
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)  # more than a few pages do not fit between
        slow.settimeout(60)
        slow.connect(("127.0.0.1", int(server.url.rpartition(":")[2].strip("/"))))
        with slow:
            slow.sendall(b"GET /api/v1/targets HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
            taken = sum(iter(lambda: len(slow.recv(1 << 16)), 0))
        assert taken < 200 * page
