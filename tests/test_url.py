"""URLs: odd inputs by a table, what must always hold by chance, and another implementation as the referee."""

from __future__ import annotations

import ada_url
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scraper.url import MAX_LENGTH, MAX_TOTAL, canonical, host_key, hostname, join_all, origin

BASE = "http://example.com/a/b?q=1"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://example.com", "http://example.com/"),
        ("HTTP://Example.COM:80/a/../b?q#top", "http://example.com/b?q"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:80/", "https://example.com:80/"),
        ("http://example.com./", "http://example.com./"),
        ("  http://example.com/\n", "http://example.com/"),
        ("http://exa\tmple.com/a\nb", "http://example.com/ab"),
        ("http:\\\\example.com\\a", "http://example.com/a"),
        ("http:example.com", "http://example.com/"),
        ("http:////example.com", "http://example.com/"),
        ("http://example.com/%7Ea/%2e%2E/b", "http://example.com/b"),
        ("http://example.com/%7Ea", "http://example.com/%7Ea"),
        ("http://example.com/a b?c d#e f", "http://example.com/a%20b?c%20d"),
        ("http://example.com/%zz%", "http://example.com/%zz%"),
        ("http://example.com/é?é", "http://example.com/%C3%A9?%C3%A9"),
        ("http://Bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://日本語。jp/", "http://xn--wgv71a119e.jp/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://[0:0::0:1]/", "http://[::1]/"),
        ("http://user:pass@example.com/a", "http://example.com/a"),
        ("http://a@b@example.com/", "http://example.com/"),
        ("http://user@example.com:8080/u@v?w@x", "http://example.com:8080/u@v?w@x"),
        ("http://example.com/?", "http://example.com/?"),
        ("http://example.com/#", "http://example.com/"),
        ("http://example.com/?a=1#b?c", "http://example.com/?a=1"),
        ("http://example.com//a//b", "http://example.com//a//b"),
    ],
)
def test_canonical_form(text: str, url: str) -> None:
    assert canonical(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "example.com", "/a", "//example.com", "ftp://example.com/", "mailto:a@b.c", "javascript:alert(1)",
        "data:,x", "file:///etc/passwd", "about:blank", "http://", "http:///", "http://[", "http://[::1", "http://a b/",
        "http://a:b/", "http://a:65536/", "http://a%/", "http://256.1.1.1/", "http://xn--a/", "ws://a/", "http://a<b/",
        "\ud800", "http://a/\ud800",
    ],
)  # fmt: skip
def test_what_is_no_http_url(text: str) -> None:
    assert canonical(text) is None


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("", "http://example.com/a/b?q=1"),
        ("#x", "http://example.com/a/b?q=1"),
        ("?", "http://example.com/a/b?"),
        ("?r", "http://example.com/a/b?r"),
        (".", "http://example.com/a/"),
        ("..", "http://example.com/"),
        ("../../../c", "http://example.com/c"),
        ("c/./d/../e", "http://example.com/a/c/e"),
        ("/c", "http://example.com/c"),
        ("//other.test", "http://other.test/"),
        ("\\\\other.test\\c", "http://other.test/c"),
        ("https:c", "https://c/"),
        ("http:c", "http://example.com/a/c"),
        ("c:d", None),
        ("./c:d", "http://example.com/a/c:d"),
        ("http://[", None),
        ("mailto:x@y.z", None),
        (" c ", "http://example.com/a/c"),
    ],
)
def test_resolution(href: str, url: str | None) -> None:
    assert canonical(href, BASE) == url
    assert join_all(BASE, [href]) == ((url,) if url else ())


def test_each_link_once_and_in_order() -> None:
    assert join_all(BASE, ["c", "d#1", "./c", "d", "#", "mailto:x", "d#2", "\ud800"]) == (
        "http://example.com/a/c",
        "http://example.com/a/d",
        "http://example.com/a/b?q=1",
    )


@pytest.mark.parametrize("base", ["", "no base", "/a", "\ud800", "http://["])
def test_without_a_base_nothing_is_joined(base: str) -> None:
    assert join_all(base, ["http://example.com/"]) == ()


def test_what_is_too_long() -> None:
    room = MAX_LENGTH - len("http://a.test/")
    assert canonical(f"http://a.test/{'x' * room}") is not None
    assert canonical(f"http://a.test/{'x' * (room + 1)}") is None
    assert len(join_all("http://a.test/", ["x" * room, "x" * (room + 1), "#" + "x" * 9_000])) == 2


def test_links_of_a_page_are_bounded_together() -> None:
    links = join_all(f"http://a.test/{'x' * 7_000}/", map(str, range(10_000)))
    assert MAX_TOTAL < sum(map(len, links)) < MAX_TOTAL + MAX_LENGTH
    assert links[1].endswith("/1")


@pytest.mark.parametrize(
    ("url", "key", "name", "start"),
    [
        ("http://example.com/", "example.com", "example.com", "http://example.com"),
        ("https://example.com:8443/a:b/", "example.com:8443", "example.com", "https://example.com:8443"),
        ("http://[::1]/", "[::1]", "[::1]", "http://[::1]"),
        ("http://[::1]:81/x", "[::1]:81", "[::1]", "http://[::1]:81"),
        ("http://127.0.0.1:80/", "127.0.0.1:80", "127.0.0.1", "http://127.0.0.1:80"),
    ],
)
def test_parts(url: str, key: str, name: str, start: str) -> None:
    assert (host_key(url), hostname(url), origin(url)) == (key, name, start)


PARTS = [
    "http:", "https:", "//", "/", "..", ".", "?", "#", "@", ":", ":80", ":443", "%", "%2e", "%41", "[::1]", "a.test",
    "\\", "\t", " ", "é", "xn--", "127.1", "0x7f", "user:pass@", "a", "b=c", "&",
]  # fmt: skip
LETTERS = st.text(st.characters(max_codepoint=0x24F), max_size=3)  # what is newer, the two libraries date differently
PIECES = st.lists(LETTERS | st.sampled_from(PARTS), max_size=8).map("".join)
HREFS = st.one_of(PIECES, PIECES.map(lambda text: f"http://a.test/{text}"), PIECES.map(lambda text: f"https://{text}"))


def referee(text: str, base: str | None = None) -> str | None:
    """What the ada library, which passes all tests of the standard, makes of it, in our form."""
    try:
        url = ada_url.URL(text, base)
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:"):
        return None
    url.username = url.password = url.hash = ""
    return url.href if len(url.href) <= MAX_LENGTH else None


@given(text=HREFS)
def test_the_canonical_form_is_final(text: str) -> None:
    url = canonical(text)
    if url is not None:
        assert canonical(url) == url
        assert url.startswith(("http://", "https://"))
        assert "#" not in url
        assert "@" not in host_key(url)
        assert url.isascii()


@given(text=HREFS)
def test_the_referee_agrees_on_urls(text: str) -> None:
    assume("^" not in text and "xn--" not in text.lower())  # where the ada inside can_ada is older than the referee
    assert canonical(text) == referee(text)


@given(base=HREFS, href=HREFS)
def test_the_referee_agrees_on_links(base: str, href: str) -> None:
    assume("^" not in base + href and "xn--" not in (base + href).lower())
    url = canonical(base)
    assume(url is not None and not url.endswith("?"))  # can_ada loses an empty query of the base
    assert canonical(href, url) == referee(href, url)


@given(base=PIECES, hrefs=st.lists(HREFS, max_size=8))
def test_joining_many_is_joining_each(base: str, hrefs: list[str]) -> None:
    base = f"http://a.test/{base}"
    links = join_all(base, hrefs)
    assert links == tuple(dict.fromkeys(url for href in hrefs if (url := canonical(href, base)) is not None))
    assert join_all(base, links) == links
