"""robots.txt as servers really have it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.demo import SITE
from scraper.model import Response
from scraper.parse.robots import MAX_RULES, MAX_SITEMAPS, MAX_SIZE, parse, product_token, read

URL = "https://example.com/robots.txt"


def rules(body: bytes | str, agent: str = "ours") -> list[list[Any]]:
    """The rules for ``agent``."""
    page = parse(body.encode() if isinstance(body, str) else body, agent)
    found: list[list[Any]] = page.data["rules"]
    return found


def refused(body: bytes | str, agent: str = "ours") -> str:
    """The patterns that are disallowed to ``agent``."""
    return " ".join(pattern for allow, pattern in rules(body, agent) if not allow)


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        ("user-agent: *\ndisallow: /a", "/a"),
        ("user-agent: other\ndisallow: /a", ""),
        ("user-agent: ours\ndisallow: /a\nuser-agent: *\ndisallow: /b", "/a"),
        ("user-agent: *\ndisallow: /b\nuser-agent: ours\ndisallow: /a", "/a"),
        ("user-agent: ours\ndisallow: /a\nuser-agent: other\ndisallow: /b\nuser-agent: ours\ndisallow: /c", "/a /c"),
        ("user-agent: *\ndisallow: /a\nuser-agent: other\ndisallow: /b\nuser-agent: *\ndisallow: /c", "/a /c"),
        ("user-agent: ours\nuser-agent: other\ndisallow: /a", "/a"),
        ("user-agent: other\nuser-agent: ours\ndisallow: /a", "/a"),
        ("user-agent: other\n\n\nuser-agent: ours\n\ndisallow: /a", "/a"),
        ("disallow: /a\nuser-agent: *\ndisallow: /b", "/b"),
        ("user-agent: ours\n\nuser-agent: *\ndisallow: /b", "/b"),
        ("user-agent: ours\ndisallow:\nuser-agent: *\ndisallow: /b", ""),
        ("user-agent: ours\nuser-agent: ours\nuser-agent: *\ndisallow: /b", "/b"),
        # other lines end nothing (2.2.4)
        ("user-agent: ours\nsitemap: https://x.test/\nuser-agent: other\ndisallow: /a", "/a"),
        ("user-agent: ours\ncrawl-delay: 1\nhost: x\nuser-agent: other\ndisallow: /a", "/a"),
        # names
        ("USER-AGENT: OURS\nDISALLOW: /a", "/a"),
        ("user-agent: ours/2.1 (what ever)\ndisallow: /a", "/a"),
        ("user-agent: ours2\ndisallow: /a", ""),
        ("user-agent: our\ndisallow: /a", ""),
        ("user-agent: * # all\ndisallow: /a", "/a"),
        ("user-agent: *ours\ndisallow: /a", ""),
        ("user-agent: **\ndisallow: /a", ""),
        ("user-agent:\ndisallow: /a", ""),
        ("user agent: *\ndisallow: /a", "/a"),
        ("useragent *\ndisallow /a", "/a"),
        # line ends
        ("user-agent: *\rdisallow: /a\rdisallow: /b", "/a /b"),
        ("user-agent: *\r\ndisallow: /a\r\n\r\ndisallow: /b\r\n", "/a /b"),
        ("user-agent: *\ndisallow: /a\x0bb\ndisallow: /c\x85d", "/a\x0bb /c%C2%85d"),
        # what editors and disks leave
        ("\ufeffuser-agent: *\ndisallow: /a", "/a"),
        (b"\xef\xbbuser-agent: *\ndisallow: /a", "/a"),
        ("user-agent: *\ndisallow: /a".encode("utf-16"), "/a"),
        (b"\xfe\xff" + "user-agent: *\ndisallow: /a".encode("utf-16be"), "/a"),
        ("user-agent: *\0\ndis\0allow: /a\0", "/a"),
        (b"user-agent: *\ndisallow: /\xe4\xff", "/%E4%FF"),
        ("user-agent: *\ndisallow: /à", "/%C3%A0"),
        (b"", ""),
        (b"\xef", ""),
        (b"\xff\xfe\x41", ""),
    ],
)
def test_which_rules_are_ours(body: bytes | str, ours: str) -> None:
    assert refused(body) == ours


def test_names_of_ours_may_have_any_case() -> None:
    assert refused("user-agent: SomeBot\ndisallow: /a", "somebot") == "/a"
    assert refused("user-agent: somebot\ndisallow: /a", "SOMEBOT") == "/a"


def test_without_a_name_of_ours_the_rules_for_everybody_hold() -> None:
    assert refused("user-agent: x\ndisallow: /x\nuser-agent: *\ndisallow: /a", "") == "/a"


@pytest.mark.parametrize(
    ("lines", "delay"),
    [
        ("crawl-delay: 5", 5.0),
        ("Crawl-Delay: 0.5 # please", 0.5),
        ("crawl-delay: .25", 0.25),
        ("crawl-delay: 10 seconds", 10.0),
        ("crawl-delay: 1\ncrawl-delay: 7\ncrawl-delay: 3", 7.0),
        ("crawl-delay: 0", 0.0),
        ("crawl-delay: -1", None),
        ("crawl-delay: nan", None),
        ("crawl-delay: inf", None),
        ("crawl-delay:", None),
        (f"crawl-delay: {'9' * 5_000}", 999_999_999.0),
        ("user-agent: x\ncrawl-delay: 5", None),
    ],
)
def test_the_delay(lines: str, delay: float | None) -> None:
    assert parse(f"user-agent: *\ndisallow: /a\n{lines}".encode(), "ours").data["delay"] == delay


def test_the_delay_of_another_group_is_not_ours() -> None:
    body = b"user-agent: *\ncrawl-delay: 9\nuser-agent: ours\ndisallow: /a"
    assert parse(body, "ours").data == {"rules": [[False, "/a"]], "delay": None}


def test_sitemaps_are_named_to_everybody() -> None:
    body = (
        b"Sitemap: https://Other.test:443/a b.xml#x\nuser-agent: other\nSITEMAP:/map.xml\nsite-map: maps/2.xml\n"
        b"sitemap: https://other.test/a%20b.xml\nsitemap: ftp://x.test/a\nsitemap: javascript:x\nsitemap:\n"
        b"sitemap: https://user:secret@x.test/\nsitemap: http://\xff\xfe.test/\n"
    )
    assert read(Response(URL, 200, {}, body), "ours").links == (
        "https://other.test/a%20b.xml",
        "https://example.com/map.xml",
        "https://example.com/maps/2.xml",
        "https://x.test/",
    )


def test_relative_names_need_a_place() -> None:
    assert parse(b"sitemap: /map.xml", "ours").links == ()


def test_pages_have_no_rules() -> None:
    for path in SITE.rglob("*.html"):
        page = parse(path.read_bytes(), "ours", URL)
        assert (page.links, page.data) == ((), {"rules": [], "delay": None})


def test_no_more_is_read_than_must_be() -> None:
    head = b"user-agent: *\ndisallow: /a\n"
    inside = head + b"#" * (MAX_SIZE - len(head) - 12) + b"\ndisallow:/b"
    assert len(inside) == MAX_SIZE
    assert refused(inside) == "/a /b"
    assert refused(inside + b"\ndisallow: /c\n") == "/a /b"
    assert refused(inside + b"\r\ndisallow: /c\n") == "/a /b"
    assert refused(inside + b"c\ndisallow: /c\n") == "/a"


def test_numbers_are_bounded() -> None:
    many = "user-agent: *\n" + "".join(f"disallow:/{number}\n" for number in range(MAX_RULES + 5))
    assert len(rules(many)) == MAX_RULES
    assert rules(many)[0] == [False, "/0"]
    maps = "".join(f"sitemap:/{number}\n" for number in range(MAX_SITEMAPS + 5)).encode()
    assert len(parse(maps, "ours", URL).links) == MAX_SITEMAPS


def test_a_long_line_is_cut() -> None:
    (pattern,) = refused(f"user-agent: *\ndisallow: /{'a' * 100_000}").split()
    assert len(pattern) == 16_663 - len("disallow: ")


@pytest.mark.timeout(10)  # a tenth of a second each
@pytest.mark.parametrize(
    "body",
    [
        b"\n" * MAX_SIZE,
        b"a:\n" * 170_000,
        b"user-agent: *\n" * 18_000 + b"disallow: /a\n" * 19_000,
        b"user-agent: *\ndisallow: /" + b"*" * MAX_SIZE,
        b" " * MAX_SIZE,
        b"user-agent: *\ndisallow: /" + b"\xff" * MAX_SIZE,
        b"sitemap: http://x.test/" + b"../" * MAX_SIZE,
        b"\xff\xfe" + b"\n\0" * MAX_SIZE,
    ],
    ids=["empty lines", "words", "everybody", "stars", "spaces", "high bytes", "a long sitemap", "utf-16"],
)
def test_hostile_files_take_no_time(body: bytes) -> None:
    parse(body, "ours", URL)


@given(st.binary(max_size=300) | st.text("useragnt-:*dilow/\n#$% ", max_size=300).map(str.encode))
def test_whatever_comes_is_read(body: bytes) -> None:
    for allow, pattern in rules(b"user-agent: *\n" + body):
        assert isinstance(allow, bool)
        assert pattern.isascii()


@pytest.mark.parametrize(
    ("user_agent", "token"),
    [
        (" Scraper/0.1", "scraper"),
        ("My_Bot-2 (+https://example.com)", "my_bot-2"),
        ("Mozilla/5.0 (compatible; somebot/2.1; +https://example.com/bot)", "somebot"),
        ("Mozilla/5.0 (X11; Linux x86_64)", "mozilla"),
        ("", ""),
        ("(nobody)", ""),
    ],
)
def test_our_name(user_agent: str, token: str) -> None:
    assert product_token(user_agent) == token
