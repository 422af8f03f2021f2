"""A made-up web as it is asked for in one line: ``web:hosts=20,pages=2000,latency=lognormal(80ms),size=35KB``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from scraper.compare.latency import Latency, read_latency
from scraper.compare.site import ROBOTS, Site, most_links, path
from scraper.errors import ConfigError
from scraper.report.human import human_bytes, human_count, parse_size
from scraper.serving.answers import Answer, Source, message

__all__ = ["Fixture", "read_fixture"]

_GOLDEN = 0.6180339887498949
"""(sqrt(5) - 1) / 2: the parts of its multiples behind the point fill [0, 1) evenly, however many there are (Knuth,
The Art of Computer Programming 3, 6.4)."""
_START, _SPREAD = 0.230, 0.015
"""Where the sequence may start, so that even its first twenty hold no more of the long times than they should: found by
trying, with lognormal and exponential distributions."""
_KEPT = 256_000_000
"""Bytes of pages that the server makes before it begins; a larger web is made page by page, as it is asked for."""
_MOST = 1_000_000_000


class Fixture(msgspec.Struct, frozen=True):
    """A web that is the same each time.

    :ivar pages: in all, of all ``hosts``.
    :ivar size: bytes of a page; ``links`` is links a page.
    :ivar seed: another one gives other words and links, and the same latencies in another order.
    """

    hosts: int = 20
    pages: int = 2_000
    latency: Latency = Latency("lognormal", 0.08, 0.5)
    size: int = 35_000
    links: int = 80
    seed: int = 7

    def site(self, port: int) -> Site:
        """Its pages, where it is served."""
        return Site(self.hosts, self.pages, self.size, self.links, self.seed, port)

    def urls(self, port: int) -> list[str]:
        """All pages in measuring order: the hosts take turns, and each prefix has about the mean latency of all."""
        return self.site(port).urls()

    def latency_of(self, url: str) -> float:
        """Seconds from a request to its answer; robots files, which are asked for once in a run, take no time."""
        place = self._place(url)
        return 0.0 if place is None else self.delay(place)

    def delay(self, place: int) -> float:
        """Seconds that the page at a ``place`` of :meth:`urls` takes."""
        start = _START + _SPREAD * (self.seed * _GOLDEN % 1.0)
        return self.latency.at((start + place * _GOLDEN) % 1.0)

    def source(self) -> Source:
        """What a local server gives."""
        return _Pages(self)

    def _place(self, url: str) -> int | None:
        found = _URL.fullmatch(url)
        if found is None:
            return None
        host, number = int(found[1]) - 2, int(found[2] or 0)
        place = number * self.hosts + host
        there = 0 <= host < self.hosts and place < self.pages and url.endswith(path(number))
        return place if there else None

    def __str__(self) -> str:
        """In one line, as :func:`read_fixture` reads it."""
        size = f"{self.size // 1000}KB" if self.size % 1000 == 0 else str(self.size)
        return (
            f"web:hosts={self.hosts},pages={self.pages},latency={self.latency},"
            f"size={size},links={self.links},seed={self.seed}"
        )


def read_fixture(text: str) -> Fixture:
    """The web that is asked for; what is not said is as in :class:`Fixture`.

    >>> str(read_fixture("web:hosts=5,pages=100,latency=20ms"))
    'web:hosts=5,pages=100,latency=20ms,size=35KB,links=80,seed=7'

    :raises ConfigError: with what is wrong, where, and what there is.
    """
    kind, colon, _ = text.partition(":")
    if kind.strip() != "web":
        near = difflib.get_close_matches(kind.strip(), ["web"], n=1)
        raise _wrong(text, 0, f"unknown kind of fixture {kind!r}: {'did you mean' if near else 'there is'} web:")
    parts = list(_parts(text, len(kind) + len(colon)))
    values: dict[str, Any] = {}
    for part in parts:
        if part.key in values:
            raise _wrong(text, part.at, f"{part.key} is given twice")
        values[part.key] = _value(text, part)
    fixture = _fitting(values)
    for part in parts:
        if problem := _problem(fixture, part.key):
            raise _wrong(text, part.at, problem)
    return fixture


def _fitting(values: dict[str, Any]) -> Fixture:
    """What is not said fits what is: no more hosts than pages, no more links than a page has room for."""
    plain = Fixture()
    hosts = min(plain.hosts, values.get("pages", plain.pages))
    links = min(plain.links, most_links(values.get("size", plain.size)))
    return Fixture(**{"hosts": hosts, "links": links} | values)


class _Part(NamedTuple):
    """``key=value``, and where it begins."""

    key: str
    value: str
    at: int


def _parts(text: str, start: int) -> Iterator[_Part]:
    """What stands between the commas that are in no parentheses."""
    if not text[start:].strip():
        return
    for piece in _COMMA.split(text[start:]):
        key, equals, value = (word.strip() for word in piece.partition("="))
        at, start = start + len(piece) - len(piece.lstrip()), start + len(piece) + 1
        if key not in _READERS:
            near = difflib.get_close_matches(key, _READERS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_READERS)}"
            raise _wrong(text, at, f"unknown {key!r}: {hint}" if key else f"something is missing: {hint}")
        if not equals or not value:
            raise _wrong(text, at, f"{key} has no value: write {_EXAMPLES[key]}")
        yield _Part(key, value, at)


def _value(text: str, part: _Part) -> Any:
    try:
        return _READERS[part.key](part.value)
    except ConfigError as error:
        raise _wrong(text, part.at, f"{part.key}: {error}") from error


def _number(text: str) -> int:
    if re.fullmatch(r"\d{1,12}", text.replace("_", ""), re.ASCII) is None:
        raise ConfigError(f"{text!r} is no whole number")
    return int(text)


def _problem(fixture: Fixture, key: str) -> str | None:
    """What is wrong with the value of ``key``; None where nothing is."""
    if key in _BOUNDS:
        value, (low, high) = getattr(fixture, key), _BOUNDS[key]
        shown = human_bytes if key == "size" else human_count
        if not low <= value <= high:
            return f"{key} is {shown(value)}: from {shown(low)} to {shown(high)}"
    if key in ("hosts", "pages") and fixture.pages < fixture.hosts:
        return f"{human_count(fixture.pages, 'page')} for {human_count(fixture.hosts, 'host')}: at least one each"
    if key in ("pages", "size") and fixture.pages * fixture.size > _MOST:
        return f"all pages together take {human_bytes(fixture.pages * fixture.size)}: at most {human_bytes(_MOST)}"
    if key == "links" and fixture.links > most_links(fixture.size):
        fit = human_count(most_links(fixture.size), "link")
        return f"{fixture.links} links do not fit into {human_bytes(fixture.size)}: {fit} at most"
    return None


def _wrong(text: str, at: int, problem: str) -> ConfigError:
    return ConfigError(f"fixture {text!r}, at character {at + 1}: {problem}")


_COMMA = re.compile(r",(?![^(]*\))")
_READERS: dict[str, Callable[[str], Any]] = {
    "hosts": _number,
    "pages": _number,
    "latency": read_latency,
    "size": parse_size,
    "links": _number,
    "seed": _number,
}
_EXAMPLES = {name: f"{name}={value}" for name, value in zip(_READERS, (20, 2000, "80ms", "35KB", 80, 7), strict=True)}
_BOUNDS = {"hosts": (1, 250), "pages": (1, 100_000), "size": (200, 5_000_000), "links": (0, 1_000)}

_URL = re.compile(r"http://127\.0\.0\.(\d+)(?::\d+)?/(?:s\d/page-(\d+)\.html)?", re.ASCII)


class _Pages:
    """The answers of a fixture."""

    def __init__(self, fixture: Fixture) -> None:
        self._fixture = fixture
        self._answers: dict[str, Answer] = {}
        self._places: dict[str, int] = {}

    def hosts(self) -> list[str]:
        return [f"127.0.0.{host + 2}" for host in range(self._fixture.hosts)]

    def prepare(self, port: int) -> None:
        fixture, self._site = self._fixture, self._fixture.site(port)
        robots = Answer(message("text/plain", ROBOTS))
        self._answers = {f"{self._site.origin(host)}/robots.txt": robots for host in range(fixture.hosts)}
        self._places = {url: place for place, url in enumerate(self._site.urls())}
        if fixture.pages * fixture.size <= _KEPT:
            self._answers |= {url: self._make(place) for url, place in self._places.items()}

    def answer(self, url: str, turn: int) -> Answer | None:
        answer = self._answers.get(url)
        if answer is not None:
            return answer
        place = self._places.get(url)
        return None if place is None else self._make(place)

    def _make(self, place: int) -> Answer:
        return Answer(message("text/html; charset=utf-8", self._site.body(place)), self._fixture.delay(place))
