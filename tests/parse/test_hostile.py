"""Pages that are small on the wire and were meant to take a parser's time or memory."""

from __future__ import annotations

import resource

import pytest

from fixtures.demo import SITE
from scraper import tuning
from scraper.parse import guard, make_parser, tokens, turbo
from scraper.parse.engines import Findings
from scraper.settings import Parsing, Settings
from scraper.url import MAX_TOTAL
from tests.parse.pages import EXPECTED, PAGES, answer, parse

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
    "punycode": fill("<a href='http://", "xn--zca."),
    "white space": fill("<a href='http://a", "\t"),
    "metas": fill("", "<meta "),
    "brackets": fill("", "<"),
    "quotes": fill("<a ", "'\""),
}


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
