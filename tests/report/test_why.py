from __future__ import annotations

import msgspec
import pytest

from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request
from scraper.options import make_settings
from scraper.report.why import Answer, near_misses, why
from scraper.run import around
from scraper.store.record import record_of
from scraper.url import canonical

HOME = "http://a.test/"
SEEDS = [HOME]


def url(path: str) -> str:
    return f"{HOME}{path}"


def fetched(path: str = "", depth: int = 0, location: str | None = None, **page: object) -> Fetched:
    via = HOME if path else None
    made = None if location else Page("T", **page)  # type: ignore[arg-type]
    return Fetched(Request(url(path), depth, via), 302 if location else 200, made, location)


ROBOTS = Fetched(
    Request(url("robots.txt"), kind=Kind.ROBOTS), 200, Page(data={"rules": [[False, "/barred"]], "delay": None})
)
LOG: list[Outcome] = [
    ROBOTS,
    fetched(
        links=(url("open"), url("barred"), "http://b.test/", url("p?q=1"), url("x/" * 30), url("redirect")),
        kinds="aarmaa",
        others=(("nofollow", url("unwanted")), ("img", url("a.png")), ("script", url("open"))),
    ),
    fetched("deep", 2, links=(url("deeper"),)),
    fetched("quiet", 1, links=(url("hushed"), url("open")), cut="nofollow"),
    fetched("redirect", 1, location=url("target")),
    Fetched(Request(url("map.xml"), kind=Kind.SITEMAP), 200, Page(links=(url("mapped"),))),
    Failed(Request(url("slow"), 1, HOME, attempt=3), Reason.TIMEOUT, "nothing in 10 s", at=1.0),
    Failed(Request(url("late"), 1, HOME), Reason.CONNECT, "refused"),
    Failed(Request(url("gone.xml"), kind=Kind.SITEMAP), Reason.DNS, "no such name", at=1.0),
    Refused(Request(url("private"), 1, HOME), Reason.ROBOTS, "robots.txt forbids it"),
    Fetched(Request(url("known/"), 1, HOME), 200, Page()),
]


def asked(path: str, **options: object) -> Answer:
    settings = around(make_settings(**{"depth": 2, **options}), SEEDS)
    target = path if "://" in path else url(path)
    return why(target, map(record_of, LOG), settings, SEEDS, record_of(ROBOTS))


@pytest.mark.parametrize(
    ("path", "verdict", "words"),
    [
        ("", "fetched", "it was fetched, status 200 (given as a seed, depth 0)"),
        ("quiet", "fetched", "it asks that its links are not followed"),
        ("redirect", "fetched", "it redirects to http://a.test/target"),
        ("slow", "failed", "failed, timeout: nothing in 10 s (found on http://a.test/, depth 1, in 3 attempts)"),
        ("late", "failed", "it was not asked for: its site's robots.txt could not be had (connect: refused) (found on"),
        ("map.xml", "fetched", "it was asked for as a sitemap: status 200, 1 entry"),
        ("gone.xml", "failed", "it was asked for as a sitemap: failed, dns, no such name"),
        ("robots.txt", "fetched", "it was asked for as a robots file: status 200"),
        ("private", "refused", "it was refused, robots: robots.txt forbids it"),
        ("private", "refused", "http://a.test/robots.txt had status 200"),
        ("open", "waiting", "the crawl did not come to it: "),
        ("target", "waiting", "the crawl did not come to it: "),
        ("mapped", "waiting", "the crawl did not come to it: "),
        ("p?q=1", "waiting", "more than 1000 different queries"),
        ("barred", "robots", "robots.txt would forbid it"),
        ("unwanted", "not-followed", "marked rel=nofollow (--follow-nofollow)"),
        ("a.png", "not-followed", "links of the kind img are not followed (--follow)"),
        ("hushed", "not-followed", "it asks that its links are not followed"),
        ("deeper", "depth", "beyond the depth limit of 2"),
        ("http://b.test/", "scope", "outside the hosts of the seeds"),
        ("x/" * 30, "trap", "segments: 30 path segments, more than 25"),
        ("open?PHPSESSID=1", "same", "it is taken for http://a.test/open"),
        ("never", "unlinked", "nobody links to it"),
        ("http://c.test/never", "unlinked", "and the scope leaves it out"),
    ],
)
def test_each_url_has_its_reason(path: str, verdict: str, words: str) -> None:
    answer = asked(path)
    assert (answer.verdict, words in answer.text) == (verdict, True), answer


def test_other_settings_give_other_reasons() -> None:
    assert asked("deeper", depth=None).verdict == "waiting"
    assert asked("http://b.test/", scope="any").verdict == "waiting"
    assert asked("open", exclude="open$").text == "the scope leaves it out: it matches --exclude 'open$'"
    assert asked("x/" * 30, trap={"segments": None, "repeats": None}).verdict == "waiting"
    assert asked("open?ref=1", strip_params="ref").same_as == url("open")


def test_sources_are_told_the_open_ways_first() -> None:
    answer = asked("open")
    assert [(source.page, source.kind, source.refused is None) for source in answer.sources] == [
        (HOME, "a", True),
        (HOME, "script", False),
        (url("quiet"), "a", False),
    ]
    assert asked("p?q=1").sources[0].kind == "area"
    assert [source.kind for source in asked("target").sources] == ["redirect"]
    assert [source.kind for source in asked("mapped").sources] == ["sitemap"]


def test_no_more_than_five_sources_are_told() -> None:
    pages = [record_of(fetched(f"{number}", 1, links=(url("new"),))) for number in range(9)]
    answer = why(url("new"), pages, around(make_settings(), SEEDS), SEEDS)
    assert (len(answer.sources), answer.sources_count) == (5, 9)


def test_a_seed_without_a_record_is_waiting() -> None:
    assert why(HOME, [], around(make_settings(), SEEDS), SEEDS).verdict == "waiting"


@pytest.mark.parametrize("path", ["https://a.test/known/", "http://www.a.test/known/", "known", "known/?x=1", "KNOWN/"])
def test_near_misses_are_told(path: str) -> None:
    assert asked(path).near == (url("known/"),)


def test_near_misses_are_canonical_and_other_urls() -> None:
    for text in (HOME, url("a/b?c=1"), "https://www.b.test/index.html", "http://c.test:8080/A/"):
        near = near_misses(text)
        assert text not in near
        assert all(canonical(each) == each for each in near)


def test_an_answer_is_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(asked("open")))["sources"][0]["page"] == HOME
