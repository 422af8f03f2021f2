"""Links of all kinds: where they stand, which are followed, which are only noted; and that bad ones cost nothing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from scraper.model import LINK_KINDS, Page, Response
from scraper.parse import make_parser, tokens, turbo
from scraper.parse.fields import related
from scraper.parse.gather import candidates, refresh_target
from scraper.settings import Discovery, Parsing, Settings
from tests.parse.pages import ENGINES

engines = pytest.mark.parametrize("engine", ENGINES)
ALL = frozenset(LINK_KINDS)
HOST = "http://x.test/"


def read(markup: str, engine: str = "turbo", discovery: Discovery | None = None, **fields: str) -> Page:
    headers = {"content-type": "text/html; charset=utf-8", **{name.replace("_", "-"): fields[name] for name in fields}}
    settings = Settings(parsing=Parsing(engine), discovery=discovery or Discovery(all_links=True))
    return make_parser(settings)(Response(f"{HOST}dir/page", 200, headers, markup.encode()))


def found(page: Page) -> list[tuple[str, str]]:
    """Letters and URLs of what is followed, then kinds and URLs of the rest; of the URLs what is behind the host."""
    letters = page.kinds or "a" * len(page.links)
    both = [*zip(letters, page.links, strict=True), *page.others]
    return [(kind, url.removeprefix(HOST)) for kind, url in both]


@engines
@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<a href=/1><area href=/2><a href=/3>", [("a", "1"), ("a", "3"), ("m", "2")]),
        ("<iframe src=/1></iframe><iframe src=''></iframe><iframe src=about:blank></iframe>", [("f", "1")]),
        ("<frameset><frame src=/1><frame src=/2></frameset>", [("f", "1"), ("f", "2")]),
        ("<meta http-equiv=Refresh content='5; URL=/1'>", [("r", "1")]),
        ("<meta http-equiv=refresh content=5><meta http-equiv=refresh>", []),
        ("<form action=/1></form><form method=GET action=/2></form>", [("form", "1"), ("form", "2")]),
        ("<form action=/1 method=Post></form><form method=dialog action=/2></form><form></form>", []),
        ("<form action=/1 method=nonsense></form><form action='  '></form>", [("form", "1")]),
        ("<link rel=stylesheet href=/1><link href=/2><link rel=icon>", [("link", "1"), ("link", "2")]),
        ("<link rel='DNS-prefetch' href=/1><link rel='x preconnect' href=/2><link rel=canonical href=/3>", []),
        ("<img src=/1 srcset='/2 2x, /3 3x'><img alt=x>", [("img", "1"), ("img", "2"), ("img", "3")]),
        ("<picture><source srcset=/1,><img src=/2></picture>", [("img", "2"), ("img", "1")]),
        ("<video><source src=/1></video>", [("img", "1")]),
        ("<script src=/1></script><script>'/2'</script>", [("script", "1")]),
        ("<a href=/1><link href=/1><img src=/1>", [("a", "1")]),
        ("<img src=/1><script src=/1></script><img src=/1>", [("img", "1"), ("script", "1")]),
        ("<a href=/1 rel=nofollow><a href=/2>", [("a", "2"), ("nofollow", "1")]),
        ("<a href=/1 rel='x NoFollow'><area rel=nofollow href=/2>", [("nofollow", "1"), ("nofollow", "2")]),
        ("<a href=/1 rel=nofollow><a href=/1>", [("a", "1")]),
        ("<a href=/1 rel=nofollow><a href='/1#x'><a href=/2>", [("a", "1"), ("a", "2")]),
        ("<a href=/1 rel='ugc sponsored nofollower'>", [("a", "1")]),
        ("<a rel=nofollow><a rel=nofollow href=mailto:x>", []),
        ("<form action=/1 rel=nofollow></form>", [("nofollow", "1")]),
        ("<template><img src=/1><iframe src=/2></iframe><meta http-equiv=refresh content='0;/3'></template>", []),
        ("<base href=/b/><img src=1><iframe src=2></iframe>", [("f", "b/2"), ("img", "b/1")]),
    ],
)
def test_kinds(engine: str, markup: str, expected: list[tuple[str, str]]) -> None:
    assert found(read(markup, engine)) == expected
    flat, tree = tokens.read(markup), turbo.read(markup)._replace(tree=None)
    assert flat == tree


PARTS = {
    "a": "<a href=/a></a>",
    "area": "<area href=/area>",
    "frame": "<iframe src=/frame></iframe>",
    "refresh": "<meta http-equiv=refresh content='0;/refresh'>",
    "form": "<form action=/form></form>",
    "link": "<link href=/link>",
    "img": "<img src=/img>",
    "script": "<script src=/script></script>",
}


@pytest.mark.parametrize("kind", LINK_KINDS)
def test_each_kind_can_be_followed_alone(kind: str) -> None:
    page = read(
        "".join(PARTS.values()), discovery=Discovery(frozenset({kind}), all_links=True), link="</header>; rel=next"
    )
    assert page.links == (HOST + kind,)
    assert page.kinds == ("" if kind == "a" else LINK_KINDS[kind])
    assert {other for other, _ in page.others} == ALL - {kind}


def test_all_kinds_can_be_followed_together() -> None:
    page = read("".join(PARTS.values()), discovery=Discovery(ALL), link="</header>; rel=next")
    assert [url.removeprefix(HOST) for url in page.links] == list(LINK_KINDS)
    assert (page.kinds, page.others) == ("".join(LINK_KINDS.values()), ())


def test_nofollow_can_be_left_unheard() -> None:
    page = read("<meta name=robots content=nofollow><a href=/1 rel=nofollow>", discovery=Discovery(nofollow=False))
    assert (page.links, page.others, page.robots, page.cut) == ((f"{HOST}1",), (), "nofollow", None)


@given(markup=st.lists(st.sampled_from([*PARTS.values(), "<a href=/img rel=nofollow>", "<p>", "<a href=/link>"])))
@examples(max_examples=50, deadline=None)
def test_what_is_followed_is_not_among_the_others(markup: list[str]) -> None:
    pages = [read("".join(markup), engine) for engine in ENGINES]
    assert pages[0] == pages[1] == pages[2]
    assert not {url for _, url in pages[0].others} & set(pages[0].links)
    assert len(set(pages[0].others)) == len(pages[0].others)


HREFS = [
    *("", " ", "#", "?", "/", "//", "///", ":", "::", "http:", "http://", "http:///", "http://[", "http://a:99999/"),
    *("http://%", "http://a b/", "http://xn--a/", "http://\u00ad/", "http://1.2.3.4.5/", "http://256.1/", "https:x"),
    *("javascript:void(0)", "JavaScript:x", "java\nscript:x", "data:text/html,<a href=x>", "mailto:a@b", "tel:1"),
    *(
        "ftp://x/",
        "file:///etc/passwd",
        "about:blank",
        "blob:x",
        "ws://x/",
        "view-source:http://x/",
        "xyz:abc",
        "\\\\x",
    ),
    *(
        "\x00",
        "a\x00b",
        "\x7f",
        "\u2028",
        "\ud800",
        "\ufffe",
        "%",
        "%zz",
        "%00",
        "a%0d%0ab",
        "http://\x00/",
        "x" * 9_000,
    ),
]


@engines
@pytest.mark.parametrize("where", ["a href='{}'", "base href='{}'", "link rel=canonical href='{}'", "img src='{}'"])
def test_nothing_that_stands_in_a_page_costs_it(engine: str, where: str) -> None:
    for href in HREFS:
        markup = (f"<{where.format(href)}>" + "<a href=http://good.test/>").encode("utf-8", "replace").decode()
        page = read(markup, engine)
        assert "http://good.test/" in page.links
        for url in [*page.links, *(url for _, url in page.others), page.canonical or HOST]:
            assert url.startswith(("http://", "https://"))
            assert url.isascii()
            assert url.isprintable()
            assert len(url) <= 8_000


@engines
@pytest.mark.parametrize(
    ("base", "target"),
    [
        ("http://[", "http://x.test/dir/a"),
        ("javascript:x", "http://x.test/dir/a"),
        ("data:,x", "http://x.test/dir/a"),
        ("x" * 9_000, "http://x.test/dir/a"),
        ("//other.test/b/c", "http://other.test/b/a"),
        ("http://user:pw@other.test/", "http://other.test/a"),
        ("?q#f", "http://x.test/dir/a"),
        ("http://b\u00fccher.test/", "http://xn--bcher-kva.test/a"),
        ("\thttps:\n//x.test/y/ ", "https://x.test/y/a"),
    ],
)
def test_bases(engine: str, base: str, target: str) -> None:
    assert read(f"<base href='{base}'><a href=a>", engine).links == (target,)


@engines
@pytest.mark.parametrize(
    ("markup", "field", "target"),
    [
        ("<link rel=canonical href=/c>", "", "c"),
        ("<link rel='x Canonical' href='c#f'>", "", "dir/c"),
        ("<base href=/b/><link rel=canonical href=c>", "</h>; rel=next", "b/c"),
        ("<base href=/b/><link rel=canonical href=c>", "<h>; rel=canonical", "dir/h"),
        ("<link rel=canonical href='http://['><link rel=canonical><link rel=canonical href=/2>", "", "2"),
        ("<link rel=canonical href=mailto:x>", "<javascript:x>; rel=canonical", None),
        ("<link rel=canonical href=''>", "", None),
        ("<link rel=canonical href=http://x.test/dir/page>", "", "dir/page"),
        ("<a rel=canonical href=/c>", "", None),
        ("<link rel=canonical href='/c?PHPSESSID=1'>", "", "c"),
    ],
)
def test_canonical(engine: str, markup: str, field: str, target: str | None) -> None:
    assert read(markup, engine, link=field).canonical == (None if target is None else HOST + target)


@pytest.mark.parametrize(
    ("field", "links", "own"),
    [
        ("</a>; rel=next", ["/a"], []),
        ('</a>;rel="next prev", </b>;REL=alternate;title="x, </c>; rel=next"', ["/a", "/b"], []),
        ('</a>; rel="canonical"; rel=next', [], ["/a"]),
        ("</a>; rel=preconnect, </b>; rel=dns-prefetch", [], []),
        ("</a>", [], []),
        ("</a>; rel", [], []),
        ("</a>; rel=next; anchor='#x'", [], []),
        ('</a>; title="\\"; rel=x"; rel=next', ["/a"], []),
        ('</a>; rel="next', ["/a"], []),
        ("</a", [], []),
        ("garbage, </a>; rel=next", [], []),
        ("</a> garbage, </b>; rel=next", ["/b"], []),
        (",, , </a>; ; rel=next,", ["/a"], []),
        ("", [], []),
    ],
)
def test_link_fields(field: str, links: list[str], own: list[str]) -> None:
    assert related(field) == (links, own)


@engines
def test_fields_are_relative_to_the_page_itself(engine: str) -> None:
    fields = {"link": "<next>; rel=next", "refresh": "0; url=soon"}
    page = read("<base href=/b/>", engine, Discovery(ALL), **fields)
    assert found(page) == [("r", "b/soon"), ("h", "dir/next")]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("5; url=/x", "/x"), ("0;/x", "/x"), ("0, URL = '/x' y", "/x"), ('0;url="/x', "/x"), (" 1.5 /x", "/x"),
        ("0;urls", "urls"), ("0;url", "url"), ("5", None), ("5;", None), ("5; url=''", None), ("x;/y", None),
        ("-1;/x", None), ("5x;/y", None), ("", None), (";url=/x", None),
    ],
)  # fmt: skip
def test_refreshes(text: str, target: str | None) -> None:
    assert refresh_target(text) == target


@pytest.mark.parametrize(
    ("srcset", "urls"),
    [
        ("a", ["a"]), ("a, b 2x", ["a", "b"]), ("a,b", ["a,b"]), ("a 1x,b 2x", ["a", "b"]), (" ,, a 1w , ", ["a"]),
        ("data:,x 1x, b", ["data:,x", "b"]), ("a (x, y) 2x, b", ["a", "b"]), ("a (x, b", ["a"]), ("", []), (",", []),
        ("a,, b", ["a", "b"]),
    ],
)  # fmt: skip
def test_srcsets(srcset: str, urls: list[str]) -> None:
    assert candidates(srcset) == urls


def test_urls_are_cleaned() -> None:
    settings = Settings(discovery=Discovery(strip=("utm_*",), all_links=True))
    body = b"<a href='/a;jsessionid=1?utm_x=1&b=2'><img src='/i?utm_y'>"
    page = make_parser(settings)(Response(HOST, 200, {}, body))
    assert (page.links, page.others) == ((f"{HOST}a?b=2",), (("img", f"{HOST}i"),))


def test_a_page_crosses_borders_whole() -> None:
    page = read("".join(PARTS.values()) + "<link rel=canonical href=/c>", discovery=Discovery(ALL))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(page), type=Page) == page


@pytest.mark.parametrize("engine", ["turbo", "lexbor", "soup"])
def test_links_of_other_kinds_are_recorded_on_demand_only(engine: str) -> None:
    markup = "".join(PARTS.values()) + "<a href=/marked rel=nofollow><link rel=canonical href=/c>"
    plain = read(markup, engine, Discovery(), link="</header>; rel=next")
    whole = read(markup, engine, Discovery(all_links=True), link="</header>; rel=next")
    assert (plain.links, plain.kinds, plain.canonical) == (whole.links, whole.kinds, whole.canonical)
    assert plain.others == tuple(other for other in whole.others if other[0] == "nofollow") != whole.others
