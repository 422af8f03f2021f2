"""How the values of options are checked and read: one table of types, one of least numbers, one of readers.

Nothing of a value that may be a secret stands in a message.
"""

from __future__ import annotations

import difflib
import re
import ssl
from collections.abc import Iterable, Mapping
from os import PathLike
from types import NoneType
from typing import Any, NoReturn

from scraper.errors import ConfigError
from scraper.model import LINK_KINDS
from scraper.seeds import seed_url
from scraper.settings import ScopeMode, Traps

__all__ = ["SECRET", "TRACKING", "TRAPS", "check", "read"]

SECRET = frozenset({"headers", "proxy", "auth"})
"""Options whose values may be logins."""

TRACKING = (
    *("utm_*", "mtm_*", "pk_*", "hsa_*", "_hs*", "stm_*", "ga_*", "at_campaign", "at_medium", "_ga", "_gl", "gclid"),
    *("gclsrc", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "yclid", "ysclid", "twclid", "ttclid", "li_fat_id"),
    *("igshid", "igsh", "epik", "irclickid", "mc_cid", "mc_eid", "mkt_tok", "oly_anon_id", "oly_enc_id", "vero_id"),
    *("_openstat", "wickedid", "s_cid", "rb_clickid", "__s", "_kx"),
)
"""Parameters by which visitors are followed; they name no page. What the word ``tracking`` stands for."""

TRAPS = tuple(name for name in Traps.__struct_fields__ if name != "this_year")
"""The rules against traps; ``this_year`` is what one of them measures from."""

_AT_LEAST: dict[str, float] = {
    **dict.fromkeys(("depth", "max_time", "delay", "max_crawl_delay", "retries"), 0),
    **dict.fromkeys(("timeout", "connect_timeout"), 0.001),
    **dict.fromkeys(("max_pages", "concurrency", "workers", "per_host", "per_address"), 1),
    **dict.fromkeys(("max_host_failures", "max_size"), 1),
}
_OR_NONE = frozenset({"depth", "max_pages", "max_time", "delay", "per_address", "max_host_failures"})
_SECONDS = frozenset({"max_time", "delay", "max_crawl_delay", "timeout", "connect_timeout"})
"""Numbers that may have a fraction."""

_TEXT = ((str,), "a text")
_TEXTS = ((str, Iterable), "regular expressions, each a text")
_SWITCH = ((bool,), "True or False")
_RULES = "a mapping from rules to numbers, None or False for those that are off, such as {'length': 500}"
_TYPES: dict[str, tuple[tuple[Any, ...], str]] = {
    "scope": ((str, ScopeMode), "one of host, domain, path, any"),
    "include": _TEXTS,
    "exclude": _TEXTS,
    "headers": ((Mapping, Iterable), "pairs of name and value, such as {'Accept-Language': 'en'}"),
    "user_agent": _TEXT,
    "auth": ((str, tuple, list, NoneType), "'user:password', or a pair of both, or None"),
    "cookies": _SWITCH,
    "proxy": ((str, NoneType), "the URL of a proxy, or None"),
    "ca_file": ((str, PathLike, NoneType), "the name of a file, or None"),
    "allow_private": _SWITCH,
    "parser": _TEXT,
    "parse": ((str, NoneType), "the name of a function, 'module:function': workers import it afresh"),
    "ignore_robots": ((str, NoneType), "the reason why, as a text, or None"),
    "follow": ((str, Iterable), f"kinds of links: {', '.join(LINK_KINDS)}"),
    "all_links": _SWITCH,
    "follow_nofollow": _SWITCH,
    "strip_params": ((str, Iterable), "names of parameters, each a text"),
    "sitemaps": _SWITCH,
    "sitemap": ((str, Iterable), "URLs, each a text"),
    "trap": ((Mapping,), _RULES),
    "near_duplicates": _SWITCH,
}
"""The types of values that are no numbers, and how a message calls them."""


def check(name: str, value: Any) -> None:
    """Whether ``value`` is one that the option ``name`` can have, by its type and size.

    :raises ConfigError: when it is not.
    """
    types, called = _TYPES.get(name, ((object,), ""))
    if not isinstance(value, types) or isinstance(value, bytes):
        shown = type(value).__name__ if name in SECRET else repr(value)
        raise ConfigError(f"{name} must be {called}, not {shown}")
    least = _AT_LEAST.get(name)
    if least is not None and not (value is None and name in _OR_NONE):
        _check_number(name.replace("_", "-"), value, least, whole=name not in _SECONDS)


def read(name: str, value: Any) -> Any:
    """``value`` as the settings have it.

    :raises ConfigError: when it cannot be meant.
    """
    return _READERS[name](value) if name in _READERS else value


def _check_number(what: str, value: Any, least: float, *, whole: bool = True) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < float("inf"):
        raise ConfigError(f"{what} must be {least} or more, not {value}")
    if whole and not isinstance(value, int):
        raise ConfigError(f"{what} must be a whole number, not {value}")


def _unknown(what: str, value: str, known: Iterable[str]) -> NoReturn:
    """Refuse a word, and name the nearest one that is known, or all."""
    known = list(known)
    near = difflib.get_close_matches(value, known, n=1)
    raise ConfigError(f"there is no {what} {value!r}: {f'did you mean {near[0]!r}?' if near else _choose(known)}")


def _choose(known: Iterable[str]) -> str:
    return f"choose of {', '.join(known)}"


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


def _words(name: str, value: str | Iterable[str]) -> list[str]:
    """The words of a comma list, or of several."""
    texts = (value,) if isinstance(value, str) else tuple(value)
    for text in texts:
        if not isinstance(text, str):
            raise ConfigError(f"{name} must be {_TYPES[name][1]}, not {text!r}")
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def _follow(value: str | Iterable[str]) -> frozenset[str]:
    kinds: set[str] = set()
    for word in _words("follow", value):
        if word != "all" and word not in LINK_KINDS:
            _unknown("kind of link", word, (*LINK_KINDS, "all"))
        kinds |= {word} if word != "all" else set(LINK_KINDS)
    if not kinds:
        raise ConfigError(f"follow names no kind of link: {_choose((*LINK_KINDS, 'all'))}; depth 0 follows none")
    return frozenset(kinds)


def _strip_params(value: str | Iterable[str]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for word in _words("strip_params", value):
        if not _PARAMETER.fullmatch(word):
            raise ConfigError(f"{word!r} is no name of a parameter, such as 'ref', or 'utm_*' for all that begin so")
        names.update(dict.fromkeys(TRACKING if word == "tracking" else (word,)))
    return tuple(names)


def _sitemap(value: str | Iterable[str]) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else tuple(value)
    for text in texts:
        if not isinstance(text, str):
            raise ConfigError(f"sitemap must be {_TYPES['sitemap'][1]}, not {text!r}")
    return tuple(dict.fromkeys(map(seed_url, texts)))


def _trap(value: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of :class:`scraper.settings.Traps`; ``soft-404`` may be written so."""
    fields = {}
    for rule, limit in value.items():
        name = str(rule).replace("-", "_")
        if name not in TRAPS:
            _unknown("trap", str(rule), (trap.replace("_", "-") for trap in TRAPS))
        fields[name] = _limit(name, str(rule), limit)
    return fields


def _limit(name: str, rule: str, limit: Any) -> Any:
    usual = getattr(Traps(), name)
    if isinstance(usual, bool):
        if limit is not None and not isinstance(limit, bool):
            raise ConfigError(f"the trap {rule} is on or off; it has no number")
        return bool(limit)
    if limit is None or limit is False:
        return None
    if limit is True and usual is not None:
        return usual
    _check_number(f"the trap {rule}", limit, _LEAST_OF_TRAPS.get(name, 1))
    if name == "near" and limit > _MOST_BITS:
        raise ConfigError(f"the trap near must be {_MOST_BITS} bits or less, not {limit}: more would be any page")
    return limit


_LEAST_OF_TRAPS = {"near": 0, "years": 0}
_MOST_BITS = 16


def _ignore_robots(value: str | None) -> str | None:
    """A reason that a person gave; not the next argument, which a forgotten reason would make it."""
    if value is None:
        return None
    reason = " ".join(value.split())
    if sum(map(str.isalpha, reason)) < 3 or reason.startswith("-") or ("://" in reason and " " not in reason):
        raise ConfigError(
            f"ignore-robots wants the reason why robots.txt need not be kept, such as 'our own site', not {value!r}; "
            "it is stored with the crawl"
        )
    return reason


def _auth(value: str | tuple[str, str] | None) -> tuple[str, str] | None:
    """User and password for the Basic scheme (RFC 7617): no colon in the user's name, no controls anywhere."""
    if value is None:
        return None
    parts = value.split(":", 1) if isinstance(value, str) else [*value]
    if len(parts) != 2 or not all(isinstance(part, str) for part in parts) or not parts[0] or ":" in parts[0]:
        raise ConfigError("auth must be 'user:password'")
    for part in parts:
        if not part.isprintable() or any("\ud800" <= char <= "\udfff" for char in part):
            raise ConfigError("auth holds a character that cannot be sent")
    return parts[0], parts[1]


def _headers(value: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    pairs = tuple(value.items()) if isinstance(value, Mapping) else tuple(value)
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise ConfigError(f"headers must be {_TYPES['headers'][1]}")
    for name, text in pairs:
        if not _TOKEN.fullmatch(name):
            raise ConfigError(f"{name!r} is no name of a header")
        if name.lower() in _OURS:
            raise ConfigError(f"the header {name} is set by the crawl itself")
        _visible(f"the header {name}", text)
    return pairs


def _visible(what: str, text: str) -> str:
    """``text``, if a header can hold it (RFC 9110, 5.5): a line end in it would be another header."""
    if found := _UNSENDABLE.search(text):
        raise ConfigError(f"{what} holds a character that cannot be sent: {found[0]!r}")  # the rest may be secret
    return text


def _proxy(value: str | None) -> str | None:
    if value is not None and not _PROXY.fullmatch(value):
        shown = re.sub(r"[^/]*@", "***@", value)  # a login
        raise ConfigError(
            f"{shown!r} is no URL of a proxy, such as http://proxy.example:3128 or socks5h://127.0.0.1:1080 "
            f"({', '.join(_PROXIES)})"
        )
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


_READERS: dict[str, Any] = {
    "parse": _function,
    "scope": _scope,
    "include": _patterns,
    "exclude": _patterns,
    "follow": _follow,
    "strip_params": _strip_params,
    "sitemap": _sitemap,
    "trap": _trap,
    "ignore_robots": _ignore_robots,
    "headers": _headers,
    "user_agent": lambda value: _visible("the user agent", value),
    "auth": _auth,
    "proxy": _proxy,
    "ca_file": _ca_file,
}
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_PARAMETER = re.compile(r"[^\s=&#?*]+\*?")
_PROXIES = ("http", "socks5", "socks5h", "socks4")
_PROXY = re.compile(
    rf"(?:{'|'.join(_PROXIES)})://(?:[^\s/@]*@)?(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{{1,5}})?/?", re.ASCII
)
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
