"""What a user may ask for, as plain keywords: shared by the Python functions and the command line.

:func:`make_settings` turns them into :class:`scraper.settings.Settings` and is the one place that checks them.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Mapping
from os import PathLike
from types import NoneType
from typing import Any, Literal, TypedDict, cast

import msgspec

from scraper.errors import ConfigError
from scraper.settings import Scope, ScopeMode, Settings
from scraper.url import canonical

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
    delay: float | None
    """Seconds between two starts on one host; None chooses: half a second, nothing on this machine itself."""
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
    proxy: str | None
    """URL of an http proxy; the environment is never asked."""
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
        _check(name, value)
        group, field = _PLACES[name].split(".")
        groups.setdefault(group, {})[field] = _READ[name](value) if name in _READ else value
    if "timeout" in options:  # one knob: nobody who allows a fetch a minute means 20 silent seconds to end it
        groups["limits"]["read"] = options["timeout"]
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
    return cast(Options, plain)


_ITERABLES = frozenset({"include", "exclude", "headers"})
_PLACES = {
    "depth": "budget.depth",
    "max_pages": "budget.pages",
    "max_time": "budget.time",
    "scope": "scope.mode",
    "include": "scope.include",
    "exclude": "scope.exclude",
    "concurrency": "settings.concurrency",
    "workers": "settings.workers",
    "per_host": "politeness.per_host",
    "delay": "politeness.delay",
    "timeout": "limits.total",
    "connect_timeout": "limits.connect",
    "max_size": "limits.size",
    "retries": "retry.retries",
    "headers": "identity.headers",
    "user_agent": "identity.user_agent",
    "proxy": "identity.proxy",
    "ca_file": "identity.ca_file",
    "parser": "parsing.parser",
    "parse": "parsing.function",
}
KEPT = frozenset(_PLACES) - {"headers", "proxy", "max_pages", "max_time"}
"""Options that a store may keep: the first two of the others may hold secrets, the last two are for one run."""

_AT_LEAST: dict[str, float] = {
    "depth": 0,
    "max_pages": 1,
    "max_time": 0,
    "concurrency": 1,
    "workers": 1,
    "per_host": 1,
    "delay": 0,
    "timeout": 0.001,
    "connect_timeout": 0.001,
    "max_size": 1,
    "retries": 0,
}


_SECONDS = frozenset({"max_time", "delay", "timeout", "connect_timeout"})
"""Numbers that may have a fraction."""


_TEXT = ((str,), "a text")
_TEXTS = ((str, Iterable), "regular expressions, each a text")
_KINDS: dict[str, tuple[tuple[Any, ...], str]] = {
    "scope": ((str, ScopeMode), "one of host, domain, path, any"),
    "include": _TEXTS,
    "exclude": _TEXTS,
    "headers": ((Mapping, Iterable), "pairs of name and value, such as {'Accept-Language': 'en'}"),
    "user_agent": _TEXT,
    "proxy": ((str, NoneType), "the URL of a proxy, or None"),
    "ca_file": ((str, PathLike, NoneType), "the name of a file, or None"),
    "parser": _TEXT,
    "parse": ((str, NoneType), "the name of a function, 'module:function': workers import it afresh"),
}
"""The types of values that are no numbers, and how a message calls them."""


def _check(name: str, value: Any) -> None:
    types, called = _KINDS.get(name, ((object,), ""))
    if not isinstance(value, types) or isinstance(value, bytes):
        shown = repr(value) if name in KEPT else type(value).__name__  # no secret in a message
        raise ConfigError(f"{name} must be {called}, not {shown}")
    least = _AT_LEAST.get(name)
    if least is None or (value is None and name in {"depth", "max_pages", "max_time", "delay"}):
        return
    what = name.replace("_", "-")
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
        raise ConfigError(f"{what} must be {least} or more, not {value}")
    if name not in _SECONDS and not isinstance(value, int):
        raise ConfigError(f"{what} must be a whole number, not {value}")


def _scope(value: str | ScopeMode) -> ScopeMode:
    try:
        return ScopeMode(value)
    except ValueError:
        raise ConfigError(f"there is no scope {value!r}: choose one of host, domain, path, any") from None


def _patterns(value: str | Iterable[str]) -> tuple[str, ...]:
    patterns = (value,) if isinstance(value, str) else tuple(value)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ConfigError(f"{pattern!r} is no regular expression: write it as a text")
    return patterns


def _headers(value: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(value.items()) if isinstance(value, Mapping) else tuple(value)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise ConfigError(f"headers must be {_KINDS['headers'][1]}")
    for name, text in pairs:
        if not _TOKEN.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a header")
        if name.lower() in _OURS:
            raise ConfigError(f"the header {name} is set by the crawl itself")
        _visible(f"the header {name}", text)
    return pairs


def _user_agent(value: str) -> str:
    return _visible("the user agent", value)


def _visible(what: str, text: str) -> str:
    """``text``, if a header can hold it (RFC 9110, 5.5): a line end in it would be another header."""
    if found := _UNSENDABLE.search(text):
        raise ConfigError(f"{what} holds a character that cannot be sent: {found[0]!r}")  # the rest may be secret
    return text


def _proxy(value: str | None) -> str | None:
    if value is not None and (not value.startswith("http://") or canonical(value) is None):
        shown = re.sub(r"[^/]*@", "***@", value)  # a login
        raise ConfigError(f"{shown!r} is no URL of an http proxy, such as http://proxy.example:3128")
    return value


def _ca_file(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        ssl.create_default_context(cafile=value)
    except FileNotFoundError:
        raise ConfigError(f"there is no CA file {value}") from None
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(f"{value} holds no PEM certificates that can be read: {error}") from error
    return value


def _function(value: str | None) -> str | None:
    from scraper.parse import load_function  # here: parsers are heavy, and are not loaded without need

    if value is not None:
        load_function(value)
    return value


_READ: dict[str, Any] = {
    "parse": _function,
    "scope": _scope,
    "include": _patterns,
    "exclude": _patterns,
    "headers": _headers,
    "user_agent": _user_agent,
    "proxy": _proxy,
    "ca_file": _ca_file,
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
