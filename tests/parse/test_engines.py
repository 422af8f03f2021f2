"""Three engines, one answer: title, links and charset of pages by hand, by the folder, and by chance."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings

from fixtures.demo import SITE
from scraper.errors import ConfigError
from scraper.parse import make_parser
from scraper.parse.encoding import clip
from scraper.settings import Limits, Parsing, Settings
from tests.parse.pages import ENGINES, EVERY_LINK, EXPECTED, MARKUP, PAGES, SOUP, answer, parse

engines = pytest.mark.parametrize("engine", ENGINES)


@engines
@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_pages(engine: str, name: str) -> None:
    expected = EXPECTED[name]
    response = answer((PAGES / name).read_bytes(), expected["content_type"], expected["url"])
    page = make_parser(Settings(parsing=Parsing(engine), discovery=EVERY_LINK))(response)
    assert (page.title, page.charset) == (expected["title"], expected["charset"])
    assert list(page.links) == expected["links"]


@engines
@pytest.mark.parametrize(
    ("markup", "links"),
    [
        ("<a href=a>", ["dir/a"]),
        ("<A HREF='/a'><AREA HREF=\"/b\">", ["a", "b"]),
        ("<a href=/a#x><a href=/a><a href=/a#y>", ["a"]),
        ("<a href><a href=''>", ["dir/page"]),
        ("<a>", []),
        ("<a href=mailto:a@b><a href=javascript:x><a href=ftp://x.test/><a href=tel:1><a href='http://['>", []),
        ("<a href=/&amp;&lt;&#228;>", ["&%3C%C3%A4"]),
        ("<a href=' /a\n'>", ["a"]),
        ("<link href=/a><img src=/b><script src=/c></script><form action=/d>", []),
        ("<base href=/base/><a href=a>", ["base/a"]),
        ("<base><base target=x><base href=/first/><base href=/second/><a href=a>", ["first/a"]),
        ("<a href=a><base href=/late/>", ["late/a"]),
        ("<base href='http://[bad'><a href=a>", ["dir/a"]),
        ("<base href=mailto:x><a href=a>", ["dir/a"]),
        ("<base href=''><a href=a>", ["dir/a"]),
        ("<template><base href=/t/><a href=/t></template><a href=a>", ["dir/a"]),
        ("<svg><a href=/s></a></svg>", ["s"]),
        ("<noscript><a href=/n></a></noscript>", ["n"]),
        ("<!-- <a href=/a> --><script>'<a href=/b>'</script><style><a href=/c></style>", []),
        ("<a href=http://x.test:80/a><a href=HTTP://X.TEST/a>", ["a"]),
        ("<a href=http://user:pass@x.test/a>", ["a"]),
    ],
)
def test_links(engine: str, markup: str, links: list[str]) -> None:
    assert list(parse(markup, engine).links) == [f"http://x.test/{link}" for link in links]


@engines
@pytest.mark.parametrize(
    ("markup", "title"),
    [
        ("<title>a</title>", "a"),
        ("<title>\n  a\t b\u00a0 c\n</title>", "a b c"),
        ("<title>a &amp; <b>b</b></title>", "a & <b>b</b>"),
        ("", None),
        ("<title></title>", None),
        ("<title> \n </title>", None),
        ("<title>a</title><title>b</title>", "a"),
        ("<svg><title>drawing</title></svg><title>page</title>", "page"),
        ("<svg><title>drawing</title></svg>", None),
        ("<template><title>t</title></template><title>page</title>", "page"),
        (f"<title>{'x' * 499} yz</title>", "x" * 499),
        (f"<title>{'x' * 1000}</title>", "x" * 500),
    ],
)
def test_titles(engine: str, markup: str, title: str | None) -> None:
    assert parse(markup, engine).title == title


@given(markup=MARKUP)
@settings(max_examples=100, deadline=None)
def test_engines_agree_on_what_nests(markup: str) -> None:
    turbo, lexbor, soup = (parse(f"<!DOCTYPE html><title>t</title><body>{markup}", engine) for engine in ENGINES)
    assert turbo == lexbor == soup


@given(markup=SOUP)
@settings(max_examples=300, deadline=None)
def test_whatwg_engines_agree_on_tag_soup(markup: str) -> None:
    assert parse(markup, "turbo") == parse(markup, "lexbor")


@given(markup=SOUP)
@settings(max_examples=100, deadline=None)
def test_beautiful_soup_takes_what_comes(markup: str) -> None:
    assert parse(markup, "soup").charset == "utf-8"


@engines
def test_the_demo_site(engine: str) -> None:
    reader, referee = (
        make_parser(Settings(parsing=Parsing(engine), discovery=EVERY_LINK)),
        make_parser(Settings(discovery=EVERY_LINK)),
    )
    for path in SITE.rglob("*.html"):
        response = answer(path.read_bytes(), "text/html", f"http://x.test/{path.relative_to(SITE)}")
        assert reader(response) == referee(response)


@engines
def test_only_the_first_bytes_are_parsed(engine: str) -> None:
    body = "<a href=/é>".encode() + b"<a href=/later>"
    read = make_parser(Settings(parsing=Parsing(engine), limits=Limits(parsed=11)))
    assert read(answer(body)).charset == "utf-8"
    assert make_parser(Settings(parsing=Parsing(engine), limits=Limits(parsed=12)))(answer(body)).links == (
        "http://x.test/%C3%A9",
    )


@pytest.mark.parametrize("text", ["aé", "a€", "a𝄞"])
def test_a_character_is_not_cut_in_two(text: str) -> None:
    body = text.encode()
    assert {clip(body, size).decode() for size in range(1, len(body) + 2)} == {"a", text}


def test_bytes_that_are_no_utf8_are_cut_all_the_same() -> None:
    assert len(clip(b"\x80" * 100, 50)) >= 47
    assert clip(b"\x80" * 4, 2) == b""


def test_an_unknown_engine_is_an_error_of_the_caller() -> None:
    with pytest.raises(ConfigError, match=r"there is no parser 'html\.parser'; there are turbo, lexbor, soup"):
        make_parser(Settings(parsing=Parsing("html.parser")))


def test_an_engine_is_loaded_only_when_it_is_used() -> None:
    code = (
        "import sys; from scraper.parse import make_parser; from scraper.settings import Settings\n"
        "make_parser(Settings())\n"
        "print([name for name in ('bs4', 'lxml', 'selectolax') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"
