"""The keys of checks, and how their values are read: the same in lists, in TOML and on the command line.

In lists and on the command line a value is a text; TOML has numbers, switches and arrays besides, and each reader takes
both. What was read are fields of :class:`scraper.check.model.Target`.
"""

from __future__ import annotations

import difflib
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from scraper.check.model import Statuses
from scraper.errors import ConfigError
from scraper.printing import printable, shortened
from scraper.report.human import parse_duration

__all__ = ["KEYS", "REPEATABLE", "read_key", "read_keys", "unknown"]

_Reader: TypeAlias = Callable[[Any], dict[str, Any]]
"""From a value to the fields of a target that it sets."""

REPEATABLE = frozenset({"match", "json"})
"""Keys that a line may have more than once."""

_LONGEST_NAME = 200
_MOST_TRIES = 100
_DAY = 86_400.0
_LONGEST = 10 * 365 * _DAY


def read_key(key: str, value: Any) -> dict[str, Any]:
    """The fields of a target that ``key`` sets.

    >>> read_key("slower-than", "2s")
    {'slower_than': 2.0}

    :raises ConfigError: for a key that is not there, and for a value that it cannot have.
    """
    if key not in KEYS:
        raise ConfigError(unknown(key, KEYS))
    return KEYS[key](value)


def read_keys(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields of a target that ``values`` set, and what is wrong with those that do not."""
    fields: dict[str, Any] = {}
    wrong = []
    for key, value in values.items():
        try:
            fields.update(read_key(key, value))
        except ConfigError as error:
            wrong.append(str(error))
    return fields, wrong


def unknown(key: str, known: Iterable[str]) -> str:
    """What to say of a key that nobody knows: the nearest one, or all."""
    known = list(known)
    plain = key.strip().lower().replace("_", "-")
    near = _SYNONYMS.get(plain) if _SYNONYMS.get(plain) in known else None
    near = near or next(iter(difflib.get_close_matches(plain, known, n=1)), None)
    return f"unknown key {_shown(key)}: " + (f"did you mean {near!r}?" if near else f"there are {', '.join(known)}")


_SYNONYMS = {
    **dict.fromkeys(("status", "accept", "code", "codes"), "expect"),
    **dict.fromkeys(("title", "label"), "name"),
    **dict.fromkeys(("body", "text", "contains", "regex"), "match"),
    **dict.fromkeys(("retries", "attempts"), "tries"),
    **dict.fromkeys(("slow", "latency"), "slower-than"),
    **dict.fromkeys(("interval", "cron"), "every"),
    **dict.fromkeys(("cert", "certificate"), "cert-days"),
    "redirects": "follow",
}


def _shown(value: Any) -> str:
    return shortened(repr(value), 80)


def _name(key: str) -> _Reader:
    def read(value: Any) -> dict[str, Any]:
        text = " ".join(str(value).split())
        if len(text) > _LONGEST_NAME:
            raise ConfigError(f"{key}: {_shown(value)} is longer than {_LONGEST_NAME} characters")
        if printable(text) != text:
            raise ConfigError(f"{key}: {_shown(value)} holds a character that cannot be shown")
        if not text:
            raise ConfigError(f"{key}: it is empty")
        return {key: text}

    return read


def _expect(value: Any) -> dict[str, Any]:
    parts = value if isinstance(value, list | tuple) else [value]
    words = [word.strip() for part in parts for word in str(part).split(",")]
    return {"expect": Statuses(tuple(map(_range, words)))}


def _range(word: str) -> tuple[int, int]:
    found = _STATUSES.fullmatch(word)
    if found is None:
        meant = _meant(word)
        raise ConfigError(
            f"expect: {_shown(word)} is no status and no range of them, such as 200..399"
            + (f"; did you mean {meant!r}?" if meant else "")
        )
    low, high = int(found[1]), int(found[2] or found[1])
    if not 100 <= low <= high <= 599:
        raise ConfigError(f"expect: {_shown(word)}: statuses go from 100 up to 599")
    return low, high


def _meant(word: str) -> str | None:
    """``2xx`` and ``200-299``, as other programs have it."""
    if found := re.fullmatch(r"([1-5])xx", word, re.IGNORECASE):
        return f"{found[1]}00..{found[1]}99"
    if found := re.fullmatch(r"(\d{3})\s*(?:-|:|\.\.\.|\.\.=|\u2013)\s*(\d{3})", word):
        return f"{found[1]}..{found[2]}"
    return None


_STATUSES = re.compile(r"(\d{3})(?:\.\.(\d{3}))?", re.ASCII)


def _match(value: Any) -> dict[str, Any]:
    given = value if isinstance(value, list | tuple) else [value]
    texts, patterns = [], []
    for text in filter(None, given):
        if found := _REGEX.fullmatch(text):
            patterns.append(_pattern(text, found[1], found[2]))
        else:
            texts.append(text)
    return {"texts": tuple(texts), "patterns": tuple(patterns)}


def _pattern(text: str, pattern: str, flags: str) -> str:
    whole = f"(?{flags}){pattern}" if flags else pattern
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read differently
            re.compile(whole)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(f"match: {_shown(text)} is no regular expression: {error}") from error
    return whole


_REGEX = re.compile(r"/(.+)/([ims]*)", re.DOTALL)


def _json(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {"values": tuple((_path(path), _plain(each)) for path, each in value.items())}
    given = value if isinstance(value, list | tuple) else [value]
    return {"values": tuple(map(_pair, filter(None, given)))}


def _pair(text: str) -> tuple[str, str]:
    found = _PAIR.fullmatch(text)
    if found is None:
        raise ConfigError(f"json: {_shown(text)} is no PATH=VALUE, such as status=ok or items[0].price=10")
    return _path(found[1]), found[2]


def _path(path: str) -> str:
    from scraper.parse.conditions import parse_path  # here: the parsers beside it are heavy

    try:
        parse_path(path)
    except ValueError as error:
        raise ConfigError(f"json: {error}") from None
    return path.strip()


_PAIR = re.compile(r"((?:[^=\[]|\[(?:\"[^\"]*\"|'[^']*'|[^\]\"'=]*)\])*)=(.*)", re.DOTALL)
"""Of a path and a value; a name in brackets and quotes may hold the sign between them."""


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _duration(key: str, field: str, least: float, unit: float = 1.0, off: bool = False) -> _Reader:
    """A reader of durations.

    :param unit: seconds that a plain number stands for; it is the unit of the field, too.
    :param off: whether ``off``, or False, says that there is none.
    """

    def read(value: Any) -> dict[str, Any]:
        if off and (value is False or str(value).strip().lower() in ("off", "no", "never")):
            return {field: None}
        number = _number(key, value, unit)
        if not least <= number * unit <= _LONGEST:
            raise ConfigError(f"{key}: {_shown(value)} is too {'short' if number * unit < least else 'long'}")
        return {field: number}

    return read


def _number(key: str, value: Any, unit: float) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return float(str(value).strip()) if _PLAIN.fullmatch(str(value).strip()) else parse_duration(str(value)) / unit
    except (ConfigError, ValueError, OverflowError):
        such = "14 (days), 14d or 36h" if unit == _DAY else "10 (seconds), 50ms, 1.5s or 2m"
        raise ConfigError(f"{key}: {_shown(value)} is no duration: write {such}") from None


_PLAIN = re.compile(r"\d+(?:\.\d*)?|\.\d+", re.ASCII)


def _method(value: Any) -> dict[str, Any]:
    word = str(value).strip().lower()
    if word not in ("get", "head", "auto"):
        raise ConfigError(f"method: {_shown(value)} is none of get, head, auto")
    return {"method": word}


def _tries(value: Any) -> dict[str, Any]:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= _MOST_TRIES:
        raise ConfigError(f"tries: {_shown(value)} is no whole number from 1 to {_MOST_TRIES}")
    return {"tries": int(text)}


def _follow(value: Any) -> dict[str, Any]:
    word = str(value).strip().lower()
    if word not in _SWITCH:
        raise ConfigError(f"follow: {_shown(value)} is neither yes nor no")
    return {"follow": _SWITCH[word]}


_SWITCH = {**dict.fromkeys(("yes", "true", "on"), True), **dict.fromkeys(("no", "false", "off"), False)}


def _every(value: Any) -> dict[str, Any]:
    from scraper.check.timing.every import read_every  # here: the triggers are heavy, and a check once has none

    text = f"{value:.10g}" if isinstance(value, float) else str(value).strip()
    read_every(text)
    return {"every": text}


KEYS: dict[str, _Reader] = {
    "name": _name("name"),
    "group": _name("group"),
    "expect": _expect,
    "match": _match,
    "json": _json,
    "slower-than": _duration("slower-than", "slower_than", 0.001, off=True),
    "cert-days": _duration("cert-days", "cert_days", 0.0, unit=_DAY, off=True),
    "method": _method,
    "tries": _tries,
    "pause": _duration("pause", "pause", 0.0),
    "follow": _follow,
    "timeout": _duration("timeout", "timeout", 0.001),
    "every": _every,
}
"""The keys, in the order in which they are listed, each with its reader."""
