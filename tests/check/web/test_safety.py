from __future__ import annotations

import pytest

from scraper.check.web.safety import is_loopback
from scraper.check.web.server import WebServer
from scraper.errors import ConfigError
from tests.check.web.checking import Checker
from tests.check.web.stand import TOKEN, Facts, ask, serving, view

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        *(("127.0.0.1", True), ("127.0.0.2:81", True), ("localhost:1234", True), ("LOCALHOST", True)),
        *(("[::1]", True), ("[::1]:80", True), ("status.example", True), ("status.example:8443", True)),
        *(("evil.example", False), ("localhost.evil.example", False), ("127.0.0.1.evil.example", False)),
        *(("status.example.", True), ("Status.Example.:443", True), ("localhost.:80", True), ("[::1]:", False)),
        *(("127.0.0.1:80:90", False), ("localhost@evil.example", False), ("status.example:x", False)),
        *(("", False), ("10.0.0.1", False), ("[::2]", False), ("0.0.0.0", False), ("x:y:z", False), (":80", False)),
    ],
)
def test_only_names_of_ours_are_answered(host: str, ours: bool) -> None:
    """DNS rebinding: the page of another site that has its own name mean this machine."""
    with serving(Facts([view()]), public_url="https://Status.Example/") as server:
        answers = [ask(server, path, headers={"Host": host}) for path in ("/", "/api/v1/targets", "/metrics")]
    assert {answer.status for answer in answers} == ({200} if ours else {421})
    assert ours or b"shop" not in b"".join(answer.body for answer in answers)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com", "::"])
def test_listening_where_others_are_needs_a_token(host: str) -> None:
    with pytest.raises(ConfigError, match=f"listening on {host}, where others can reach it, needs a token"):
        WebServer(Facts().reader, listen=(host, 0))
    WebServer(Facts().reader, listen=(host, 0), token=TOKEN)


@pytest.mark.parametrize("token", ["", "short", "no\nlines in it", "ümläute are none"])
def test_a_token_is_long_and_goes_into_a_header(token: str) -> None:
    with pytest.raises(ConfigError, match="the web token must be 8 or more printable ASCII characters"):
        WebServer(Facts().reader, token=token)


CHECK = "/api/v1/targets/shop/check"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer wrong token"}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer \udcff\udcfe"}, 401),
        (BEARER, 200),
        ({"Authorization": f"bearer {TOKEN} "}, 200),
        (BEARER | {"Sec-Fetch-Site": "same-origin"}, 200),
        (BEARER | {"Sec-Fetch-Site": "none"}, 200),
        (BEARER | {"Sec-Fetch-Site": "cross-site"}, 403),
        (BEARER | {"Sec-Fetch-Site": "same-site"}, 403),
        (BEARER | {"Origin": "https://evil.example"}, 403),
        (BEARER | {"Origin": "null"}, 403),
        (BEARER | {"Origin": ""}, 403),
        (BEARER | {"Origin": "http://["}, 403),
        (BEARER | {"Origin": "https://status.example.evil.example"}, 403),
        (BEARER | {"Origin": "ftp://status.example"}, 403),
        (BEARER | {"Origin": "https://status.example", "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_who_may_have_a_target_checked(headers: dict[str, str], status: int) -> None:
    checker = Checker()
    with serving(Facts([view()]), ask=checker.ask, public_url="https://status.example/") as server:
        answer = ask(server, CHECK, "POST", headers)
    assert answer.status == status
    assert len(checker.asked) == (status == 200)
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    assert answer.json.keys() == {"error"} or status == 200


def test_a_page_of_ours_is_no_other_site() -> None:
    with serving(Facts([view()]), ask=Checker().ask) as server:
        own = BEARER | {"Origin": server.url.rstrip("/")}
        assert ask(server, CHECK, "POST", own).status == 200


def test_a_target_is_checked_by_hand_only_now_and_then() -> None:
    checker = Checker()
    with serving(Facts([view("a"), view("b")]), ask=checker.ask) as server:
        asked = [ask(server, f"/api/v1/targets/{key}/check", "POST", BEARER) for key in "aaab"]
    assert [answer.status for answer in asked] == [200, 429, 429, 200]
    assert 1 <= int(asked[1].headers["Retry-After"]) <= 5
    assert asked[1].json == {"error": "it was checked just now"}
    assert len(checker.asked) == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/targets/shop", "/api/v1/summary", "/metrics", "/probe?target=x", "/events"])
def test_other_methods_do_nothing(method: str, path: str) -> None:
    checker = Checker()
    with serving(Facts([view()]), ask=checker.ask) as server:
        answer = ask(server, path, method)
    assert (answer.status, checker.asked) == (405 if method != "BREW" else answer.status, [])
    assert answer.status in (400, 405)


def test_no_cache_keeps_what_went_wrong() -> None:
    with serving(Facts([view()])) as server:
        answers = [
            ask(server, "/nothing"),
            ask(server, "/", headers={"Host": "evil.example"}),
            ask(server, CHECK, "POST"),
        ]
    assert [(answer.status, answer.headers["Cache-Control"]) for answer in answers] == [
        (404, "no-store"),
        (421, "no-store"),
        (401, "no-store"),
    ]


def test_without_a_token_nothing_is_changed() -> None:
    with serving(Facts([view()]), token=None, ask=Checker().ask) as server:
        answer = ask(server, CHECK, "POST", BEARER)
    assert (answer.status, answer.json["error"][:18]) == (403, "this needs a token")


@pytest.mark.parametrize(
    ("headers", "status"), [({}, 401), (BEARER, 200), ({"Authorization": "Bearer of bad news"}, 401)]
)
def test_where_others_are_a_probe_needs_the_token_and_reading_does_not(headers: dict[str, str], status: int) -> None:
    with serving(Facts([view()]), listen=("0.0.0.0", 0), ask=Checker().ask) as server:
        here = {"Host": "status.example"}
        assert ask(server, "/", headers=here).status == 200
        assert ask(server, "/metrics", headers=here).status == 200
        assert ask(server, "/probe?target=example.com", headers=here | headers).status == status


@pytest.mark.parametrize("path", ["/probe?target=example.com", "/events"])
def test_no_page_of_another_site_has_us_send_or_tell_anything(path: str) -> None:
    checker = Checker()
    with serving(Facts([view()]), ask=checker.ask) as server:
        assert ask(server, path, headers={"Sec-Fetch-Site": "cross-site"}).status == 403
    assert checker.asked == []


def test_every_answer_says_what_browsers_may_do_with_it() -> None:
    with serving(Facts([view()])) as server:
        for path in ("/", "/nothing", "/api/v1/targets", "/metrics", "/static/status.js", "/probe", "/fragments"):
            headers = ask(server, path).headers
            assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        badge = ask(server, "/badge/shop.svg").headers
        assert badge["Content-Security-Policy"] == "default-src 'none'"
        assert badge["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_request_that_is_too_large_is_refused() -> None:
    with serving(Facts([view()])) as server:
        assert ask(server, "/" + "x" * 20_000).status == 400
        assert ask(server, "/", headers={"X": "x" * 20_000}).status == 400


def test_is_loopback() -> None:
    assert [is_loopback(host) for host in ("localhost.", "::1", "127.255.0.1")] == [True] * 3
    assert [is_loopback(host) for host in ("", "local", "::", "1.2.3.4", "127.1", "localhost.x")] == [False] * 6
