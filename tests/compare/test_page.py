"""The page of a comparison: whole, well formed, of itself alone, and run by nothing that stands in it."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from scraper.compare.model import Lane
from scraper.compare.outputs.charts_lanes import Track, timeline
from scraper.compare.outputs.charts_lines import Axes, Guide, Line, lines
from scraper.compare.outputs.page import to_html
from scraper.compare.outputs.picks import ORDER
from scraper.compare.outputs.svg import tag
from scraper.compare.outputs.words import tick
from tests.check.web.browser import Tab, chromium, starts
from tests.check.web.test_colours import contrast
from tests.compare.example import comparison, different, single
from tests.compare.test_outputs import EXAMPLES, hostile, replace
from tests.test_output_safety import HOSTILE, STEERING

CSS = (files("scraper.compare.outputs") / "page.css").read_text("utf-8")
SCHEMES = dict(zip(("light", "dark"), re.findall(r":root \{(.*?)\}", CSS, re.DOTALL), strict=True))
TEXT = ("text", "soft", "link", "good", "bad", "warn", *ORDER, "other")
PICTURES = ("fetch", "parse", "lock", "write", "decide", "band", "time", "system")
"""Those that say something. What waits in our own queues is nearly the ground: there is nothing to be seen there."""
SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)


class Reader(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_page_needs_nothing_else(name: str) -> None:
    page = to_html(EXAMPLES[name]())
    read = Reader(page)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(read.tags) - {"link"}
    links = {value for _, attribute, value in read.attributes if attribute in ("href", "src", "xlink:href", "action")}
    assert {link for link in links if not link.startswith("#")} == {"data:,"}
    assert [entry for entry in read.attributes if entry[1].startswith("on") or entry[1] == "style"] == []
    assert re.findall(r"url\((?!#)|@import|https?:", CSS) == []
    assert "default-src 'none'" in page
    assert len(page.encode()) < 1_000_000


@pytest.mark.parametrize("name", EXAMPLES)
def test_pictures_are_well_formed_and_say_what_they_show(name: str) -> None:
    page = to_html(EXAMPLES[name]())
    drawn = SVG.findall(page)
    assert drawn
    for picture in drawn:
        root = ElementTree.fromstring(picture)
        assert root.get("aria-label") or root.get("aria-hidden") == "true"
        assert not re.search(r"\b(nan|inf)\b", picture)
    read = Reader(page)
    assert read.tags.count("figcaption") == read.tags.count("figure")
    assert len({value for _, attribute, value in read.attributes if attribute == "id"}) == sum(
        attribute == "id" for _, attribute, _ in read.attributes
    )
    scopes = [value for tag, attribute, value in read.attributes if (tag, attribute) == ("th", "scope")]
    assert len(scopes) == read.tags.count("th") > 10


def test_the_whole_page_in_reading_order() -> None:
    text = " ".join("".join(Reader(to_html(comparison())).texts).split())
    wanted = (
        *("hybrid wins 2 of 3 workloads, 1 has no clear winner", "Example Server CPU 2.9 GHz", "seed 7"),
        *("nobody beyond doubt", "web:hosts=20,pages=1000", "the best case of each backend, of 29 cases"),
        *("Pages a second", "Speedup", "ideal", "ceiling", "Efficiency", "2 cores", "Time of a page", "USL"),
        *("Timeline", "How to read it.", "What holds each back", "CPU", "Peak memory"),
        *("Same outcomes. All 145 runs", "All cases of latency", "parsing", "83 % of the parsing time"),
        *("polite", "To be made again", "scraper compare --workloads", "Outlier: round 4", "36cf44b1c7"),
    )
    places: list[int] = []
    for phrase in wanted:
        places.append(text.find(phrase, places[-1] if places else 0))
        assert places[-1] >= 0, phrase


def test_where_outcomes_differ_it_says_so_and_crowns_nobody() -> None:
    page = to_html(different())
    text = " ".join("".join(Reader(page).texts).split())
    assert "Outcomes differ in parsing: no winner there" in text
    assert "http://127.0.0.9/203?q=<b>&x=1" in text
    assert "parsing/threads/8: 11 URLs in one run" in text
    assert "the local server took 41 % of the machine" in text
    assert 'class="badge"' not in page
    assert 'class="won"' not in page
    assert 'class="badge"' in to_html(comparison())


def test_one_row_is_a_page_too() -> None:
    text = " ".join("".join(Reader(to_html(single())).texts).split())
    assert "There was one run: nothing to compare" in text
    assert "Speedup" not in text
    assert "Timeline" not in text


def test_nothing_at_all_is_a_page_too() -> None:
    empty = replace(single(), rows=(), runs=(), workloads=())
    assert "0 cases measured, no verdict" in to_html(empty)


def test_several_numbers_of_workers_are_several_lines() -> None:
    found = comparison()
    more = tuple(
        replace(row, case=replace(row.case, workers=1)) for row in found.rows if row.case.name.startswith("latency/hyb")
    )
    text = "".join(Reader(to_html(replace(found, rows=found.rows + more))).texts)
    assert "hybrid x1 594" in text
    assert "hybrid x2 594" in text


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_change_nothing_of_the_page(text: str) -> None:
    """The same elements and attributes, whatever names, URLs and notes hold."""
    page = to_html(hostile(text))
    assert STEERING.search(page) is None
    assert skeleton(page) == skeleton_of_plain()


def skeleton(page: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Its elements, and the names of their attributes."""
    read = Reader(page)
    return read.tags, [(tag, name) for tag, name, _ in read.attributes]


@cache
def skeleton_of_plain() -> tuple[list[str], list[tuple[str, str]]]:
    return skeleton(to_html(hostile("plain")))


def test_an_element_escapes_what_stands_in_it() -> None:
    made = tag("text", '<b>&"\x1b', cls='a"><script>', text_anchor="end")
    assert made == ('<text class="a&#34;&gt;&lt;script&gt;" text-anchor="end">&lt;b&gt;&amp;&#34;\ufffd</text>')


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("names", "least"), [(TEXT, 4.5), (PICTURES, 2.4)])
def test_contrast(scheme: str, names: tuple[str, ...], least: float) -> None:
    """Of text as WCAG 2.2 wants it (1.4.3); areas lie on one another, and have words and places beside them."""
    colours = dict(re.findall(r"--(\w+): (#\w+)", SCHEMES[scheme]))
    low = {name: found for name in names if (found := contrast(colours[name], colours["card"])) < least}
    assert low == {}


# the charts alone


def axes(log: tuple[bool, bool]) -> Axes:
    return Axes("said", "N", "rate", tick, log=log)


@pytest.mark.parametrize("log", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize(
    "points",
    [[(1, 5.0)], [(1, 0.0), (2, 0.0)], [(1, 1e-9), (64, 1e9)], [(8, 3.0), (8, 3.0)]],
    ids=["one", "nothing", "far apart", "the same"],
)
def test_lines_stay_inside_their_picture(points: list[tuple[float, float]], log: tuple[bool, bool]) -> None:
    drawn = lines(
        [Line("a", "asyncio", points, dots=points, curve=points)], [Guide("ideal", [(1, 1.0), (64, 64.0)])], axes(log)
    )
    width, height = map(float, re.findall(r'viewBox="0 0 (\d+) (\d+)"', drawn)[0])
    for x, y in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", drawn):
        assert math.isfinite(float(x))
        if not -7 <= float(x) <= 7:  # marks are drawn around 0
            assert 0 <= float(x) <= width
            assert 0 <= float(y) <= height


def test_no_points_are_no_picture() -> None:
    assert lines([], [], axes((True, True))) == ""
    assert timeline([Track("a", "threads", "", ())], 2) == ""


def busy(count: int) -> tuple[Lane, ...]:
    """Lanes with very much in them: ``count`` short spans each, in one second."""
    states, each = ("wait", "write"), 1_000_000 // count
    spans = tuple((states[index % 2], index * each, index * each + each // 2) for index in range(count))
    return (Lane("slow", (("fetch", 0, 1_000_000),)), *(Lane(f"thread {number}", spans) for number in range(64)))


@pytest.mark.unmeasured
def test_a_timeline_keeps_to_its_room() -> None:
    track = Track("threads 64", "threads", "", busy(1_000))
    assert len(timeline([track], 2, room=60_000)) <= 60_000 < len(timeline([track], 2, room=10**7))


@pytest.mark.unmeasured
def test_a_large_comparison_stays_under_a_megabyte() -> None:
    found = comparison()
    names = [f"latency{number}" for number in range(10)]

    def moved(values: Iterable[Any]) -> tuple[Any, ...]:
        mine = [value for value in values if value.case.workload == "latency"]
        return tuple(replace(value, case=replace(value.case, workload=name)) for name in names for value in mine)

    large = replace(
        found,
        workloads=tuple(replace(found.workloads[0], name=name) for name in names),
        rows=moved(found.rows),
        runs=moved(found.runs),
        timelines=moved(tuple(replace(each, lanes=busy(12)) for each in found.timelines)),
        fits=tuple(replace(fit, workload=name) for name in names for fit in found.fits),
        verdicts=tuple(replace(found.verdicts[0], workload=name) for name in names),
    )
    page = to_html(large)
    assert page.count("How to read it") == 10
    assert len(page.encode()) < 1_000_000


def test_lanes_show_who_computes_at_once() -> None:
    """Two lanes that take turns at one interpreter are one core's worth, however long each of them held a parse."""
    first = Lane("thread 1", (("parse", 0, 50_000), ("lock", 50_000, 100_000)))
    both = [first, replace(first, name="thread 2"), Lane("engine", ())]
    drawn = timeline([Track("threads 2", "threads", "", both)], 2)
    assert "lanes that compute at once: 1.00 on average" in drawn
    assert "thread 2: parse 50 %, lock 50 %" in drawn
    queued = [replace(first, spans=(("parse", 0, 100_000),)), Lane("engine", ())]
    assert "lanes that compute at once: 0.50 on average" in timeline([Track("a", "threads", "", queued, core=0.5)], 2)
    apart = [Lane("process 1", (("parse", 0, 100_000),)), Lane("process 2", (("parse", 0, 100_000),))]
    assert "lanes that compute at once: 2.00 on average" in timeline([Track("p", "processes", "", apart)], 2)


def test_a_timeline_shows_a_whole_page_of_the_backend_where_it_takes_longest() -> None:
    quick = Lane("thread 1", tuple(("fetch", at, at + 400) for at in range(0, 100_000, 500)))
    crowded = Lane("request 1", (("fetch", 0, 40_000), ("parse", 40_000, 40_200), ("fetch", 60_000, 100_000)))
    engine = Lane("engine", (("decide", 50_000, 52_000),))
    tracks = [Track("s", "sequential", "", (quick, engine)), Track("a", "asyncio", "", (crowded, engine))]
    drawn = timeline(tracks, 2)
    assert "What every worker did in 60 ms" in drawn
    assert drawn.count('class="s-decide"') == 2


# a real browser


@pytest.mark.slow
def test_in_a_browser_it_fits_and_asks_for_nothing(tmp_path: Path) -> None:
    if not starts():
        pytest.skip("there is no Chromium here that starts")
    pages = {"whole": comparison(), "hostile": hostile("<script>alert(1)</script>" + "x" * 300)}
    for name, found in pages.items():
        (tmp_path / f"{name}.html").write_text(to_html(found), "utf-8")

    async def look(tab: Tab) -> None:
        grounds = set()
        for name in pages:
            await tab.open(f"file://{tmp_path}/{name}.html")
            for width in (320, 768, 2_560):
                await tab.size(width, 900)
                assert await tab.value("document.documentElement.scrollWidth") <= width, (name, width)
            for dark in (False, True):
                await tab.dark(dark)
                grounds.add(await tab.value("getComputedStyle(document.body).backgroundColor"))
            assert await tab.value("document.scripts.length") == 0
            assert tab.events.count("Network.requestWillBeSent") == 1  # the page itself
        assert grounds == {"rgb(245, 246, 248)", "rgb(14, 18, 23)"}
        assert tab.complaints == []

    async def run() -> None:
        async with chromium(tmp_path / "profile") as tab:
            await look(tab)

    asyncio.run(run())
