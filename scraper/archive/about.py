"""What a recording says of itself, in its first record: who recorded, what, and how (ISO 28500, 6.2: ``warcinfo``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from scraper import __version__
from scraper.fetch.headers import RequestHeaders
from scraper.settings import Settings

__all__ = ["About"]

_FORMAT = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"
_OPTIONS, _SEED = "scraper-options", "scraper-seed"


class About(msgspec.Struct, frozen=True):
    """A crawl as far as it matters to those who replay it; no logins.

    :ivar options: those that say what was asked for, by the names of :class:`scraper.options.Options`.
    :ivar headers: what every request had, as (name, value).
    """

    seeds: tuple[str, ...] = ()
    options: dict[str, Any] = {}
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, settings: Settings, seeds: Iterable[str]) -> About:
        """The crawl of ``seeds`` by ``settings``."""
        options = {
            "depth": settings.budget.depth,
            "scope": settings.scope.mode.value,
            "parser": settings.parsing.parser,
            "parse": settings.parsing.function,
            "sitemap": list(settings.discovery.given),
            "sitemaps": settings.discovery.sitemaps,
            "cookies": settings.identity.cookies,
            "ignore_robots": None if settings.politeness.robots else settings.politeness.unasked or "",
            "max_size": settings.limits.size,
        }
        return cls(tuple(seeds), options, tuple(RequestHeaders(settings.identity).open.items()))

    def fields(self) -> bytes:
        """The block of the record: ``application/warc-fields``, a line each (ISO 28500, annex A)."""
        robots = self.options.get("ignore_robots")
        fields = [
            ("software", f"scraper/{__version__}"),
            ("format", "WARC File Format 1.1"),
            ("conformsTo", _FORMAT),
            ("robots", "classic" if robots is None else "ignore"),
            *((f"http-header-{name.lower()}", value) for name, value in self.headers),
            (_OPTIONS, msgspec.json.encode(self.options).decode()),
            *((_SEED, seed) for seed in self.seeds),
        ]
        return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()

    @classmethod
    def read(cls, block: bytes) -> About:
        """What :meth:`fields` wrote; of other tools' records as much as there is of it."""
        seeds: list[str] = []
        options: dict[str, Any] = {}
        for line in block.decode(errors="replace").split("\r\n"):
            name, _, value = line.partition(": ")
            if name == _SEED:
                seeds.append(value)
            elif name == _OPTIONS:
                options = _options(value)
        return cls(tuple(seeds), options)


def _options(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}
