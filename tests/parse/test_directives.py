"""What pages say to robots: in their markup, in their headers, to all and to us."""

from __future__ import annotations

import pytest

from scraper.model import Response
from scraper.parse import make_parser
from scraper.parse.directives import directives
from scraper.settings import Identity, Parsing, Settings
from tests.parse.pages import ENGINES


def metas(*contents: str) -> list[tuple[str, str]]:
    return [("robots", content) for content in contents]


@pytest.mark.parametrize(
    ("contents", "field", "said"),
    [
        ([], None, ""),
        (["noindex"], None, "noindex"),
        (["NoIndex , NOFOLLOW,noindex,"], None, "nofollow,noindex"),
        (["none"], None, "nofollow,noindex"),
        (["noindex"], "nofollow", "nofollow,noindex"),
        (["all"], "none", "all,nofollow,noindex"),
        ([], "noindex, nofollow", "nofollow,noindex"),
        ([], "otherbot: noindex", ""),
        ([], "otherbot: noindex, nofollow", ""),
        ([], "nofollow, otherbot: noindex", "nofollow"),
        ([], "otherbot: noindex, ourbot: nofollow, noarchive", "noarchive,nofollow"),
        ([], "OurBot : None", "nofollow,noindex"),
        ([], "unavailable_after: 25 Jun 2030 15:00:00 PST", "unavailable_after:25 jun 2030 15:00:00 pst"),
        ([], "otherbot: unavailable_after: 25 Jun 2030 15:00:00 PST", ""),
        ([], "ourbot: unavailable_after: 25 Jun 2030 15:00:00 PST", "unavailable_after:25 jun 2030 15:00:00 pst"),
        (["max-snippet:-1, max-image-preview: large"], None, "max-image-preview:large,max-snippet:-1"),
        (["", " ", ",,,", "\x1b[31m", "no index", "=noindex", "n\u00f6index", "x" * 41], ",", ""),
        (["noindex"] * 100_000, None, "noindex"),
        (
            [",".join(f"d{number}" for number in range(100))],
            None,
            ",".join(sorted(f"d{number}" for number in range(20))),
        ),
        (["noindex," * 100_000], "nofollow," * 8_000, "nofollow,noindex"),
    ],
)
def test_directives(contents: list[str], field: str | None, said: str) -> None:
    assert ",".join(directives(metas(*contents), field, "ourbot")) == said


@pytest.mark.parametrize(("name", "heard"), [("robots", True), ("ourbot", True), ("otherbot", False), ("", False)])
def test_a_meta_is_for_all_or_for_one(name: str, heard: bool) -> None:
    assert directives([(name, "noindex")], None, "ourbot") == (("noindex",) if heard else ())


def test_without_a_name_nothing_is_said_to_us_alone() -> None:
    assert directives([("", "noindex")], ": noindex", "") == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_pages_that_are_not_to_be_followed(engine: str) -> None:
    settings = Settings(parsing=Parsing(engine), identity=Identity("OurBot/2 (x)"))
    body = b"<meta name=' ROBOTS ' content=noarchive><META NAME=ourbot CONTENT=NoFollow><meta name=x><a href=/a>"
    page = make_parser(settings)(Response("http://x.test/", 200, {"x-robots-tag": "ourbot: noindex"}, body))
    assert (page.robots, page.cut) == ("noarchive,nofollow,noindex", "nofollow")
    assert page.links == ("http://x.test/a",)
