"""Which URLs belong to the crawl: how far from the seeds, and by expressions.

Asked for every URL that is new, so what is dear is kept: the compiled expressions, and the domains of the last hosts.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

import msgspec

from scraper.errors import ConfigError
from scraper.suffixes import registrable
from scraper.url import bare_host, hostname

__all__ = ["Scope", "ScopeMode"]


class ScopeMode(enum.Enum):
    """How far from the seeds links are followed."""

    HOST = "host"
    """The seeds' hosts with their ports; ``www.`` in front makes no difference."""
    DOMAIN = "domain"
    """All hosts of the seeds' registrable domains, by the public suffix list. An address, a single label and a public
    suffix are domains of their own."""
    PATH = "path"
    """What lies in the folder of a seed or below it."""
    ANY = "any"
    """Everything."""


class Scope(msgspec.Struct, frozen=True):
    """Which URLs belong to the crawl. Make one with :meth:`around`.

    :ivar anchors: what the mode compares with: host keys, domains or URL prefixes of the seeds.
    :ivar include: regular expressions; where there are any, a URL must match one (``re.search``).
    :ivar exclude: regular expressions; a URL that matches one is out.
    """

    mode: ScopeMode = ScopeMode.HOST
    anchors: frozenset[str] = frozenset()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @classmethod
    def around(
        cls,
        seeds: Iterable[str],
        mode: ScopeMode = ScopeMode.HOST,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> Scope:
        """The scope that ``mode`` draws around the canonical URLs ``seeds``.

        :raises ConfigError: for an expression that does not compile.
        """
        include, exclude = tuple(include), tuple(exclude)
        for pattern in (*include, *exclude):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ConfigError(f"{pattern!r} is no regular expression: {error}") from error
        return cls(mode, frozenset(_ANCHOR[mode](seed) for seed in seeds), include, exclude)

    def widened(self, url: str) -> Scope:
        """The same scope with ``url`` for one more seed: where a seed redirects to is a seed too."""
        return msgspec.structs.replace(self, anchors=self.anchors | {_ANCHOR[self.mode](url)})

    def admits(self, url: str) -> bool:
        """Whether the canonical ``url`` belongs to the crawl."""
        return _reaches(self.mode, self.anchors, url) and self.selects(url)

    def selects(self, url: str) -> bool:
        """Whether ``include`` and ``exclude`` let ``url`` pass; all that seeds are asked."""
        return not (self.include or self.exclude) or self._selects(url) is None

    def refuses(self, url: str) -> str | None:
        """Why the canonical ``url`` does not belong to the crawl, in words; None if it does."""
        if not _reaches(self.mode, self.anchors, url):
            return f"outside the {_PLACES[self.mode]} of the seeds (--scope {self.mode.value})"
        return self._selects(url)

    def _selects(self, url: str) -> str | None:
        if self.include and not any(pattern.search(url) for pattern in _compiled(self.include)):
            return "does not match --include"
        for pattern in _compiled(self.exclude):
            if pattern.search(url):
                return f"matches --exclude {pattern.pattern!r}"
        return None


@lru_cache(maxsize=100)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _reaches(mode: ScopeMode, anchors: frozenset[str], url: str) -> bool:
    if mode is ScopeMode.PATH:
        return any(url.startswith(prefix) for prefix in anchors)
    return mode is ScopeMode.ANY or _ANCHOR[mode](url) in anchors


def _domain(url: str) -> str:
    host = hostname(url)
    return registrable(host) or host


def _folder(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[0] + "/"


_ANCHOR: dict[ScopeMode, Callable[[str], str]] = {
    ScopeMode.HOST: bare_host,
    ScopeMode.DOMAIN: _domain,
    ScopeMode.PATH: _folder,
    ScopeMode.ANY: lambda url: "",
}
_PLACES = {ScopeMode.HOST: "hosts", ScopeMode.DOMAIN: "domains", ScopeMode.PATH: "folders", ScopeMode.ANY: "web"}
