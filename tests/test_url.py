"""URLs: odd inputs by a table, what must always hold by chance, and another implementation as the referee."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import ada_url
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scraper.join import MAX_TOTAL, join_all
from scraper.url import MAX_LENGTH, canonical, host_key, hostname, origin, resolve, stripper

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
        ("http://example.com/%7Ea%7eb", "http://example.com/~a~b"),
        ("http://example.com/%41%5a%61%7A%30%39%2D%2e%5F?%7e", "http://example.com/AZaz09-._?~"),
        ("http://example.com/%c3%a9?%c3%2f", "http://example.com/%C3%A9?%C3%2F"),
        ("http://example.com/%2f%2B%25%32%35%20", "http://example.com/%2F%2B%2525%20"),
        ("http://example.com/%%37%65%7%65%3%31%", "http://example.com/%%37e%7%65%3%31%"),
        ("http://example.com/%u0041%zz%4", "http://example.com/%u0041%zz%4"),
        ("http://example.com/a b?c d#e f", "http://example.com/a%20b?c%20d"),
        ("http://example.com/%zz%", "http://example.com/%zz%"),
        ("http://example.com/é?é", "http://example.com/%C3%A9?%C3%A9"),
        ("http://Bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/"),
        ("http://XN--a.Example./xn--A", "http://xn--a.example./xn--A"),
        ("https:\\\\me@10.0.0.xN--pokxncvks:81\\xN--", "https://10.0.0.xn--pokxncvks:81/xN--"),
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
        "http://a:b/", "http://a:65536/", "http://a%/", "http://256.1.1.1/", "http://xn--a.ß/", "http://xn--a%/",
        "http://xn--a.ª/", "http://xn--a.%C2%AA/", "ht\ttp://xn--a.ß/",
        "http://x0--.xn--a", "ws://a/", "http://a<b/",
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
    """What the ada library, which passes all tests of the standard, makes of it."""
    try:
        url = ada_url.URL(text, base)
    except ValueError:
        return None
    if url.protocol not in ("http:", "https:"):
        return None
    return url.href


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
    assume("^" not in text)  # where the ada inside can_ada is older than the referee
    assert only_http(resolve(text)) == referee(text)


@given(base=HREFS, href=HREFS)
def test_the_referee_agrees_on_links(base: str, href: str) -> None:
    assume("^" not in base + href)
    url = canonical(base)
    assume(url is not None and not url.endswith("?"))  # can_ada loses an empty query of the base
    assert only_http(resolve(href, url)) == referee(href, url)


def only_http(url: str | None) -> str | None:
    return url if url is not None and url.startswith(("http:", "https:")) else None


@given(text=HREFS)
def test_what_is_equal_decodes_to_the_same(text: str) -> None:
    once, twice = resolve(text), canonical(text)
    if twice is not None and once is not None and "@" not in host_key(once):
        assert unquote_to_bytes(twice) == unquote_to_bytes(once.partition("#")[0])


def test_links_of_a_host_that_decodes_to_nothing() -> None:
    strip = stripper(["x"], sessions=False)
    found = join_all("http://xn--a/b/c", ["d", "//XN--A/?x", "http://b.test/#", "http://[", "mailto:x"], strip)
    assert found == ("http://xn--a/b/d", "http://xn--a/", "http://b.test/")
    assert join_all("http://b.test/", ["//xn--a", "//xn--a%"]) == ("http://xn--a/",)
    assert canonical("", "http://xn--a/b#c") == "http://xn--a/b"


@given(base=PIECES, hrefs=st.lists(HREFS, max_size=8))
def test_joining_many_is_joining_each(base: str, hrefs: list[str]) -> None:
    base = f"http://a.test/{base}"
    links = join_all(base, hrefs)
    assert links == tuple(dict.fromkeys(url for href in hrefs if (url := canonical(href, base)) is not None))
    assert join_all(base, links) == links


SESSION = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("", ""),
        ("?", "?"),
        ("?a=1&b", "?a=1&b"),
        ("?utm_source=x", ""),
        ("?utm_source=x&", ""),
        ("?a=1&utm_source=x&b=2&utm_&c", "?a=1&b=2&c"),
        ("?utm=1&xutm_a=1&a=utm_b", "?utm=1&xutm_a=1&a=utm_b"),
        ("?a?utm_b=1", "?a?utm_b=1"),
        ("?gclid=1&gclid&gclid=", ""),
        ("?GCLID=1&gclids=1&gcli=1", "?GCLID=1&gclids=1&gcli=1"),
        ("?a.c=1&abc=1", "?abc=1"),
        ("?&&gclid&&", "?&&&"),
        (f"?PHPSESSID={SESSION}&a", "?a"),
        ("?a&phpsessid=", "?a"),
        ("?ASPSESSIONIDQQGQQUZK=x&a", "?a"),
        ("?CFID=1&a&CFTOKEN=2", "?a"),
        (f"?sid={SESSION}", ""),
        (f"?SID={SESSION[:16]}&session_id={SESSION}&a", "?a"),
        ("?sid=12&sid=a-long-title-of-a-page-2024&sid=1234567890123456", None),
        ("?sid=&sid&sid=abcdefghijklmnopqrstuvwxyz", None),
        (f"?side={SESSION}&q={SESSION}", None),
        ("?sessionid=123e4567-e89b-12d3-a456-426614174000", ""),
        ("?sessionid=dGhpcyBpcyBub3Q-_zE0Mg%3D%3D", ""),
        ("shop;jsessionid=1A2B!33!44", "shop"),
        ("shop;jsessionid=1A2B?x=;jsessionid=2", "shop?x=;jsessionid=2"),
        ("shop;JSESSIONID=1A2B;v=1.2/a;v", "shop;v=1.2/a;v"),
        ("a/..;jsessionid=1/b", "b"),
        ("(S(lit3py55t21z5v55vlm25s55))/page.aspx", "page.aspx"),
        ("(A(lit3py55t21z5v55vlm25s55)S(lit3py55t21z5v55vlm25s55))/page.aspx?(S(x))", "page.aspx?(S(x))"),
        ("(S(lit3py55t21z5v55vlm25s55));jsessionid=1/", ""),
        ("(S(short))/page.aspx;x", None),
        ("Python_(language)", None),
    ],
)
def test_what_does_not_name_a_page_is_taken_out(path: str, left: str | None) -> None:
    strip = stripper(["utm_*", "gclid", "a.c"], sessions=True)
    assert strip is not None
    assert strip(f"http://a.test/{path}") == f"http://a.test/{path if left is None else left}"


def test_only_what_was_asked_for_is_taken_out() -> None:
    url = f"http://a.test/(S(lit3py55t21z5v55vlm25s55))/;jsessionid=1?utm_source=x&sid={SESSION}"
    names, sessions, everything = stripper(["utm_*"], sessions=False), stripper([], sessions=True), stripper("*", False)
    assert names is not None
    assert names(url) == url.replace("utm_source=x&", "")
    assert sessions is not None
    assert sessions(url) == "http://a.test/?utm_source=x"
    assert everything is not None
    assert everything(url) == url.partition("?")[0]
    assert stripper([], sessions=False) is stripper([""], sessions=False) is None


def test_hosts_are_not_stripped() -> None:
    strip = stripper([], sessions=True)
    assert strip is not None
    for url in ("http://a;jsessionid=b/;", "http://(s(lit3py55t21z5v55vlm25s55))/(x"):
        assert canonical(url) == url
        assert strip(url) == url


ODD_PATHS = st.lists(
    st.sampled_from(
        ["/", "?", "&", "=", ";jsessionid=", "sid=", SESSION, "utm_", "(S(lit3py55t21z5v55vlm25s55))", "..", ".", "a"]
    ),
    max_size=12,
).map("".join)


@given(path=ODD_PATHS)
def test_stripping_is_final_and_canonical(path: str) -> None:
    strip = stripper(["utm_*"], sessions=True)
    url = canonical(f"http://a.test/{path}")
    assert url is not None
    assert strip is not None
    once = strip(url)
    assert strip(once) == once == canonical(once)
    assert join_all("http://a.test/", [url, once], strip) == (once,)
