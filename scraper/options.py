"""What a user may ask for, as plain keywords: shared by the Python functions and the command line.

:func:`make_settings` turns them into :class:`scraper.settings.Settings` and is the one place that checks them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypedDict, cast

import msgspec

from scraper.checks import SECRET, check, read
from scraper.errors import ConfigError
from scraper.settings import Scope, Settings

__all__ = ["KEPT", "Options", "make_settings", "settled"]


class Options(TypedDict, total=False):
    """The keywords of :func:`scraper.crawl` and :func:`scraper.acrawl`; what is left out is as in ``Settings()``.

    Times are in seconds, sizes in bytes. None stands for no limit, or for nothing.
    """

    depth: int | None
    """Links from the nearest seed at most; 0 is just the seeds."""
    max_pages: int | None
    """URLs fetched at most, in this run: a resumed crawl has a budget of its own."""
    max_time: float | None
    """Seconds after which nothing new is started, in this run."""
    scope: Literal["host", "domain", "path", "any"]
    """How far from the seeds links are followed; see :class:`scraper.settings.ScopeMode`."""
    include: Iterable[str]
    """Regular expressions of which a URL must match one."""
    exclude: Iterable[str]
    """Regular expressions of which a URL must match none."""
    concurrency: int
    """Requests in flight at most."""
    workers: int
    """Processes, for the backends that have them."""
    per_host: int
    """Requests in flight on one host at most."""
    per_address: int | None
    """Requests in flight on one IP address at most, whatever the hosts; None chooses: four times ``per_host``."""
    delay: float | None
    """Seconds between two starts on one host; None adapts it to the server, and makes none on this machine itself."""
    max_host_failures: int | None
    """Failures in a row after which a host is given up; None never."""
    max_crawl_delay: float
    """Seconds of a ``Crawl-delay`` that are kept; hosts that ask for more are left alone."""
    ignore_robots: str | None
    """Why robots.txt is neither asked for nor obeyed; None obeys."""
    follow: str | Iterable[str]
    """Kinds of links that are followed, of :data:`scraper.model.LINK_KINDS`, or ``all``; a text is a comma list."""
    all_links: bool
    """Record links of the kinds that are not followed, too."""
    follow_nofollow: bool
    """Follow what ``rel=nofollow``, meta robots and ``X-Robots-Tag`` ask not to follow."""
    strip_params: str | Iterable[str]
    """Query parameters that are taken out of URLs: ``ref``, ``utm_*``; ``tracking`` stands for the usual ones."""
    sitemaps: bool
    """Read the sitemaps that robots.txt names, or ``/sitemap.xml``."""
    sitemap: str | Iterable[str]
    """URLs of sitemaps to read."""
    trap: Mapping[str, int | bool | None]
    """Rules against traps, the fields of :class:`scraper.settings.Traps`, with their numbers; None switches one off."""
    near_duplicates: bool
    """Take pages for duplicates that are nearly the same."""
    timeout: float
    """Seconds for one whole fetch; if that is said, a server may also be silent for so long."""
    connect_timeout: float
    """Seconds for connecting, TLS included."""
    max_size: int
    """Bytes of one body, as received and decompressed, each."""
    retries: int
    """Further tries of one URL at most."""
    headers: Mapping[str, str] | Iterable[tuple[str, str]]
    """Further request headers."""
    user_agent: str
    auth: str | tuple[str, str] | None
    """``user:password`` for the seeds' origins, by the Basic scheme."""
    cookies: bool
    """Keep cookies and send them back."""
    proxy: str | None
    """URL of an http, socks5, socks5h or socks4 proxy; the environment is never asked."""
    allow_private: bool
    """Connect to addresses that are not public, too."""
    ca_file: str | None
    """PEM file with further certificate authorities to trust."""
    parser: str
    """``turbo``, ``lexbor`` or ``soup``; see :mod:`scraper.parse`."""
    parse: str | None
    """A function of one's own, ``module:function``; it runs on the workers, in every backend."""


def make_settings(base: Settings | None = None, /, **options: Any) -> Settings:
    """``base`` (or the defaults) with ``options`` (see :class:`Options`) put in their places.

    :raises ConfigError: for an unknown option, and for a value that cannot be meant.
    """
    groups: dict[str, dict[str, Any]] = {}
    for name, value in options.items():
        if name not in _PLACES:
            raise ConfigError(f"there is no option {name!r}")
        check(name, value)
        for place, entry in _placed(name, read(name, value)):
            group, field = place.split(".")
            groups.setdefault(group, {})[field] = entry
    settings = base or Settings()
    changes = groups.pop("settings", {})
    for group, fields in groups.items():
        changes[group] = msgspec.structs.replace(getattr(settings, group), **fields)
    settings = msgspec.structs.replace(settings, **changes)
    Scope.around((), settings.scope.mode, settings.scope.include, settings.scope.exclude)  # do they compile?
    return settings


def settled(options: Options) -> Options:
    """``options`` whose iterables can be read more than once."""
    plain: dict[str, Any] = {**options}
    for name in _ITERABLES & plain.keys():
        if isinstance(plain[name], Iterable) and not isinstance(plain[name], str | bytes | Mapping):
            plain[name] = tuple(plain[name])
    if isinstance(plain.get("trap"), Mapping):
        plain["trap"] = dict(plain["trap"])  # what a store can keep
    return cast(Options, plain)


_ITERABLES = frozenset({"include", "exclude", "headers", "follow", "strip_params", "sitemap"})
_PLACES = {
    "depth": "budget.depth",
    "max_pages": "budget.pages",
    "max_time": "budget.time",
    "scope": "scope.mode",
    "include": "scope.include",
    "exclude": "scope.exclude",
    "follow": "discovery.follow",
    "all_links": "discovery.all_links",
    "follow_nofollow": "discovery.nofollow",
    "strip_params": "discovery.strip",
    "sitemaps": "discovery.sitemaps",
    "sitemap": "discovery.given",
    "trap": "traps",
    "near_duplicates": "traps.near",
    "concurrency": "settings.concurrency",
    "workers": "settings.workers",
    "per_host": "politeness.per_host",
    "per_address": "politeness.per_address",
    "delay": "politeness.delay",
    "max_host_failures": "politeness.host_failures",
    "max_crawl_delay": "politeness.longest_crawl_delay",
    "ignore_robots": "politeness.unasked",
    "timeout": "limits.total",
    "connect_timeout": "limits.connect",
    "max_size": "limits.size",
    "retries": "retry.retries",
    "headers": "identity.headers",
    "user_agent": "identity.user_agent",
    "auth": "identity.auth",
    "cookies": "identity.cookies",
    "proxy": "identity.proxy",
    "ca_file": "identity.ca_file",
    "allow_private": "safety.private",
    "parser": "parsing.parser",
    "parse": "parsing.function",
}
_NEAR = 3
"""Bits of 64 in which nearly equal pages differ (Manku, Jain and Das Sarma, 2007, found 3 right for the web)."""


def _placed(name: str, value: Any) -> list[tuple[str, Any]]:
    """The fields of the settings that an option sets, with their values."""
    place = _PLACES[name]
    match name:
        case "timeout":  # one knob: nobody who allows a fetch a minute means 20 silent seconds to end it
            return [(place, value), ("limits.read", value)]
        case "ignore_robots":
            return [(place, value), ("politeness.robots", value is None)]
        case "follow_nofollow":
            return [(place, not value)]
        case "near_duplicates":
            return [(place, _NEAR if value else None)]
        case "trap":
            return [(f"{place}.{rule}", limit) for rule, limit in value.items()]
        case _:
            return [(place, value)]


KEPT = frozenset(_PLACES) - SECRET - {"max_pages", "max_time"}
"""Options that a store may keep: those of the first set may hold logins, the last two are for one run."""
