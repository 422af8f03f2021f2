"""Pages that are small on the wire and were meant to take a parser's time or memory."""

from __future__ import annotations

import resource

import pytest

from fixtures.demo import SITE
from scraper import tuning
from scraper.join import MAX_TOTAL
from scraper.model import Response
from scraper.parse import guard, make_parser, tokens, turbo
from scraper.parse.directives import directives
from scraper.parse.engines import Findings
from scraper.parse.fields import related
from scraper.parse.links import MAX_LINKS
from scraper.settings import Parsing, Settings
from tests.parse.pages import ENGINES, EXPECTED, PAGES, answer, parse

SIZE = 400_000


def fill(start: str, *parts: str) -> bytes:
    """``start`` and then ``parts`` in turn, with their numbers put in, up to SIZE bytes."""
    found, size, number = [start], len(start), 0
    while size < SIZE:
        found.append(parts[number % len(parts)].replace("{}", str(number)))
        size += len(found[-1])
        number += 1
    return "".join(found).encode()


OPEN = "".join(f"<b {number:x}>" for number in range(600))
MANY = OPEN.replace(">", " 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w x y z>")
HOSTILE = {
    "paragraphs of open formatting": fill(f"<p>{OPEN}", "<p>x"),
    "the same with hidden attributes": fill("<p>" + OPEN.replace(" ", ' q=">" x\' '), "<p>x"),
    "the same with slashes and capitals": fill("<p>" + OPEN.replace("<b ", "<B/"), "<p>x"),
    "open formatting with many attributes": fill(f"<p>{MANY}", "<p>x"),
    "nobr between drawings": fill("<p>", "<nobr {}><svg><desc>"),
    "fonts without end": fill("", "<font size={}>", "<p>"),
    "html attributes": fill("", "<html a{}=1>"),
    "body attributes": fill("<body>", "<BODY a{}=1>"),
    "few tags, many html attributes": fill("<html><html", *[" a{}=1"] * 999, "><html"),
    "depth": fill("", "<div>"),
    "attributes": fill("<p", " a{}"),
    "comments": fill("", "<!--"),
    "scripts": fill("", "<script><!--<script>"),
    "tables": fill("", "<table>x<p>"),
    "templates": fill("", "<template>"),
    "drawings": fill("<svg>", "<g>"),
    "entities": fill("", "&notit;"),
    "titles": fill("<title>", "x "),
    "one endless link": fill("<a href='http://", "é"),
    "one endless path": fill("<a href='", "a/../"),
    "one link of many letters": ("<a href='//" + 25 * "".join(map(chr, range(0x4E00, 0x9FA5))) + "'>").encode(),
    "one label of punycode": ("<a href='h\nttp://x@xn--" + 990_000 * "a9" + "'>").encode(),
    "punycode": fill("<a href='http://", "xn--zca."),
    "white space": fill("<a href='http://a", "\t"),
    "metas": fill("", "<meta "),
    "brackets": fill("", "<"),
    "quotes": fill("<a ", "'\""),
}


LEADING = {
    "metas": fill("", "<meta name=robots content=d{}>"),
    "one meta": fill("<meta name=robots content='", "noindex,"),
    "one meta of spaces": fill("<meta name=robots content='", " "),
    "one long directive": fill("<meta name=robots content='", "noindex "),
    "refreshes": fill("", "<meta http-equiv=refresh content='0;url=/{}'>"),
    "one refresh": fill("<meta http-equiv=refresh content='0", " "),
    "one refresh of digits": fill("<meta http-equiv=refresh content='", "1."),
    "bases": fill("", "<base href=/{}/>"),
    "links": fill("", "<link href=/{}>"),
    "canonicals": fill("", "<link rel=canonical href='http://[{}'>"),
    "relations": fill("<link href=/x rel='", "x "),
    "images": fill("", "<img src=/{}>"),
    "candidates": fill("<img srcset='", "/{} {}w,"),
    "candidates of commas": fill("<img srcset='a", ","),
    "candidates of brackets": fill("<img srcset='a ", "("),
    "candidates of spaces": fill("<img srcset='a", " "),
    "sources": fill("", "<source srcset='/{} 2x'>"),
    "scripts that are elsewhere": fill("", "<script src=/{}></script>"),
    "frames": fill("", "<iframe src=/{}></iframe>"),
    "forms": fill("", "<form action=/{}></form>"),
    "links not to follow": fill("", "<a rel=nofollow href=/{}></a>"),
    "words of nofollow": fill("<a href=/x rel='", "nofollow "),
    "title of dashes": fill("<title>404", " - "),
    "title of notices": fill("<title>", "not found | "),
    "data": fill("<svg>", "<![CDATA["),
    "entities left open": fill("<a href='", "&amp"),
    "tags left open": fill("", "<a href=/{} "),
}


@pytest.mark.timeout(8)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", LEADING)
def test_what_leads_on_is_read_in_linear_time(name: str, engine: str) -> None:
    if (engine, name) != ("lexbor", "tags left open"):  # quadratic in attributes, as its module says
        page = parse(LEADING[name], engine)
        assert len(page.links) + len(page.others) <= MAX_LINKS
        assert len(page.robots or "") < 2_000


def test_as_many_links_as_a_page_can_hold() -> None:
    every = "".join(f"<a href={number:x}><img src={number:x}i>" for number in range(60_000))
    page = parse(every.encode())
    assert MAX_LINKS - 1 <= len(page.links) + len(page.others) <= MAX_LINKS


def test_links_of_all_kinds_stay_within_bounds_together() -> None:
    base = f"<base href='/{'a' * 7000}/'>"
    page = parse(fill(base, "<a href={}>", "<img src={}>", "<a rel=nofollow href={}>", "<iframe src={}></iframe>"))
    size = sum(map(len, page.links)) + sum(len(url) for _, url in page.others)
    assert size < MAX_TOTAL + 8_000


@pytest.mark.timeout(8)
@pytest.mark.parametrize(
    "part",
    ["<a>; rel=next,", "<", ";", "<a>;", '<a>; rel="', '<a>; x="\\', ",", " ", "<a> ; ; ", "=", "<a>;a="],
)
def test_fields_are_read_in_linear_time(part: str) -> None:
    found = related(part * (200_000 // len(part)))
    assert len(found.links) <= 200_000 // len(part)
    directives([], part * (200_000 // len(part)), "us")
    headers = {"link": part * (64_000 // len(part)), "refresh": part * (64_000 // len(part))}
    page = make_parser(Settings())(Response("http://x.test/", 200, headers, b"<p>"))
    assert len(page.others) <= MAX_LINKS


@pytest.mark.timeout(8)  # a few hundredths are needed; without the guards it would take ten seconds and more
@pytest.mark.parametrize("name", HOSTILE)
def test_the_default_engine_gets_to_the_end(name: str) -> None:
    parse(HOSTILE[name])


@pytest.mark.parametrize("name", list(HOSTILE)[:9])
def test_the_guard_knows_the_worst(name: str) -> None:
    assert guard.heavy(HOSTILE[name])
    assert guard.heavy(HOSTILE[name].decode())


def test_the_guard_lets_ordinary_pages_pass() -> None:
    for path in [*SITE.rglob("*.html"), *PAGES.glob("*.html")]:
        assert not guard.heavy(path.read_bytes())
    assert not guard.heavy(b"<p class=x>text <b>bold</b> <a href=/x>link</a>\n" * 20_000)
    assert not guard.heavy(b"<i class='icon icon-a'></i><td>x</td>\n" * 5_000)


def test_links_of_one_page_stay_within_bounds() -> None:
    page = parse(fill(f"<base href='/{'a' * 7000}/'>", "<a href={}>"))
    assert MAX_TOTAL - 8_000 < sum(map(len, page.links)) < MAX_TOTAL + 8_000


@pytest.mark.timeout(8)
def test_deep_pages_are_kept_from_lexbor() -> None:
    assert parse(HOSTILE["depth"] + b"<a href=/end>", "lexbor").links == ("http://x.test/end",)


def look(markup: bytes) -> tuple[Findings, Findings]:
    """The findings with a tree and without, the trees themselves left out."""
    return turbo.read(markup)._replace(tree=None), tokens.read(markup)


def test_tokens_tell_the_same_as_the_tree() -> None:
    for path in [
        *SITE.rglob("*.html"),
        *(PAGES / name for name, page in EXPECTED.items() if page["charset"] == "utf-8"),
    ]:
        tree, flat = look(path.read_bytes())
        assert flat == tree


def test_tokens_know_templates_drawings_and_titles() -> None:
    markup = (
        b"<svg><title>no</title></svg><title>a &amp; b</title><template><a href=t></template></template>"
        b"<base><base href=one><base href=two><a href><A HREF='x' href=y><area href=z><textarea><a href=n></textarea>"
        b"<svg/><title>late</title>"
    )
    tree, flat = look(markup)
    assert flat == tree == Findings("a & b", "one", {"a": ["", "x"], "area": ["z"]}, {}, [], [], None)


def test_a_function_sees_the_beginning_of_a_heavy_page() -> None:
    read = make_parser(Settings(parsing=Parsing(function=f"{__name__}:first_and_last")))
    body = b"<h1>begin</h1>" + HOSTILE["fonts without end"] + b"<h2>end</h2><a href=/end>"
    page = read(answer(body))
    assert page.data == ["begin", None]
    assert page.links == ("http://x.test/end",)


def first_and_last(document: object) -> object:
    from scraper.parse import Document

    assert isinstance(document, Document)
    first, last = document.css_first("h1"), document.css_first("h2")
    return [first and first.text, last and last.text]


def test_the_heap_is_kept_and_bounded() -> None:
    assert tuning.keep_heap() in (True, False)
    body = (PAGES / "nav.html").read_bytes()
    for _ in range(50):
        parse(body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(500):
        parse(body)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64_000  # KB


def test_elsewhere_the_heap_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert tuning.keep_heap() is False
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert tuning.keep_heap() is False
