"""A cookie jar: RFC 6265, 5.1 to 5.4, and where it is stricter its successor (draft-ietf-httpbis-rfc6265bis: "bis").

The life of a cookie: a ``Set-Cookie`` value is read, bound to the host that sent it or to a domain above it, refused
where it oversteps, kept until it expires or is pushed out, and sent to whom it is bound and to nobody else.

Stricter than both, on purpose: cookies without a name are ignored, as are those with anything but ASCII in name or
value, which HTTP clients send in different encodings. ``SameSite`` and ``HttpOnly`` say nothing to a crawler.
Values are logins: they stand in no ``repr``. The jar reads no clock and knows no public suffixes: it is given both.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice

from scraper.url import hostname, is_address

__all__ = ["Jar"]

PER_DOMAIN = 50
"""Cookies of one domain at most (RFC 6265, 6.1)."""
IN_ALL = 3_000
"""Cookies of all domains at most (RFC 6265, 6.1)."""
PER_ANSWER = 50
"""``Set-Cookie`` values of one answer that are read."""
HEADER = 8_192
"""Characters of the Cookie header; servers refuse longer ones."""
NAME_AND_VALUE = 4_096
"""Characters of name and value together (bis, 5.6)."""
ATTRIBUTE = 1_024
"""Characters of an attribute's value (bis, 5.6); longer ones are ignored."""
LONGEST = 400 * 86_400.0
"""Seconds that a cookie is kept at most (bis, 5.5)."""

_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_AGE = re.compile(r"-?[0-9]+")


class _Cookie:
    """One cookie as it is kept; no ``repr`` shows it.

    :ivar domain: lower case, without a leading dot; with ``host_only`` the one host that it is for.
    :ivar expires: seconds since the epoch; infinite for one without a date: the crawl is its session.
    :ivar made: its place in the order of creation, which a new value does not change.
    :ivar used: when it was last set or sent.
    """

    __slots__ = ("domain", "expires", "host_only", "made", "name", "path", "secure", "used", "value")

    def __init__(self, name: str, value: str) -> None:
        self.name, self.value = name, value
        self.domain = ""
        self.path = "/"
        self.host_only = True
        self.secure = False
        self.expires = float("inf")
        self.made = 0
        self.used = 0.0

    @property
    def key(self) -> tuple[str, str, bool]:
        """What makes it the same cookie as another of its domain (bis, 5.7, step 23)."""
        return self.name, self.path, self.host_only


class Jar:
    """The cookies of one crawl.

    ::

        jar = Jar(is_public_suffix)
        jar.store("https://example.org/login", ["id=7; Path=/; Secure"], now)
        jar.header("https://example.org/", now)  # "id=7"

    :param is_public_suffix: whether anybody may register names under a host name, as under ``co.uk``.
    """

    def __init__(self, is_public_suffix: Callable[[str], bool]) -> None:
        self._is_public_suffix = is_public_suffix
        self._domains: OrderedDict[str, dict[tuple[str, str, bool], _Cookie]] = OrderedDict()
        self._count = 0
        self._made = 0

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<Jar of {self._count} cookies>"

    def store(self, url: str, set_cookies: Iterable[str], now: float) -> None:
        """Take over what the answer to the canonical ``url`` sets; what it may not set is ignored.

        :param set_cookies: the values of its ``Set-Cookie`` headers, one by one.
        :param now: when it came, in seconds since the epoch.
        """
        host, path, https = _target(url)
        for text in islice(set_cookies, PER_ANSWER):
            cookie = _read(text, now)
            if cookie is None or (cookie.secure and not https):
                continue
            if not self._bind(cookie, host) or not _keeps_its_prefix(cookie):
                continue
            cookie.path = cookie.path or _default_path(path)
            if https or not self._shadows(cookie):
                self._keep(cookie, now)

    def header(self, url: str, now: float) -> str | None:
        """The value of the Cookie header for the canonical ``url``; None where there is nothing to send.

        Longer paths come first, then what was made earlier (RFC 6265, 5.4). What does not fit any more is left out.
        """
        if not self._domains:
            return None
        host, path, https = _target(url)
        found = [cookie for cookie in self._of(host) if cookie.expires > now]
        found = [cookie for cookie in found if (https or not cookie.secure) and _path_match(path, cookie.path)]
        found.sort(key=lambda cookie: (-len(cookie.path), cookie.made))
        pairs: list[str] = []
        room = HEADER + 2
        for cookie in found:
            room -= len(cookie.name) + len(cookie.value) + 3
            if room < 0:
                break
            cookie.used = now
            pairs.append(f"{cookie.name}={cookie.value}")
        return "; ".join(pairs) or None

    def _of(self, host: str) -> Iterator[_Cookie]:
        """The cookies that are bound to ``host`` (RFC 6265, 5.4, step 1)."""
        for domain in _upwards(host):
            if domain in self._domains:
                self._domains.move_to_end(domain)
                for cookie in self._domains[domain].values():
                    if domain == host or not cookie.host_only:
                        yield cookie

    def _bind(self, cookie: _Cookie, host: str) -> bool:
        """Bind ``cookie`` to the ``host`` that set it, or to its Domain; False where that is not its own to set.

        (RFC 6265, 5.3, steps 4 to 6; GHSA-mfjm-vh54-3f96, CVE-2023-46218.)
        """
        if cookie.domain and cookie.domain != host:
            cookie.host_only = False
            return _domain_match(host, cookie.domain) and not self._is_public_suffix(cookie.domain.rstrip("."))
        cookie.host_only = not cookie.domain or is_address(host) or self._is_public_suffix(host.rstrip("."))
        cookie.domain = host
        return True

    def _shadows(self, cookie: _Cookie) -> bool:
        """Whether ``cookie``, set without TLS, would be read in the place of one set with it (bis, 5.7, step 16)."""
        return any(
            other.secure and other.name == cookie.name and _path_match(cookie.path, other.path)
            for domain in self._around(cookie)
            for other in self._domains[domain].values()
        )

    def _around(self, cookie: _Cookie) -> Iterator[str]:
        """The known domains above ``cookie``'s, and those below that it would be sent to as well."""
        yield from (domain for domain in _upwards(cookie.domain) if domain in self._domains)
        if not cookie.host_only:
            below = f".{cookie.domain}"
            yield from (domain for domain in self._domains if domain.endswith(below))

    def _keep(self, cookie: _Cookie, now: float) -> None:
        """Put ``cookie`` in the place of the same one; one that has expired only takes that away."""
        kept = self._domains.setdefault(cookie.domain, {})
        before = kept.pop(cookie.key, None)
        self._made += 1
        cookie.made, cookie.used = before.made if before else self._made, now
        self._count -= before is not None
        if cookie.expires > now:
            kept[cookie.key] = cookie
            self._count += 1
            self._make_room(kept, now)
        if not kept:
            del self._domains[cookie.domain]

    def _make_room(self, kept: dict[tuple[str, str, bool], _Cookie], now: float) -> None:
        """Keep the limits: of a domain the least worth goes, of all domains the one not used for longest."""
        if len(kept) > PER_DOMAIN:
            least = min(kept.values(), key=lambda one: (one.expires > now, one.secure, one.used, one.made))
            del kept[least.key]
            self._count -= 1
        while self._count > IN_ALL:
            self._count -= len(self._domains.popitem(last=False)[1])


def _read(text: str, now: float) -> _Cookie | None:
    """A ``Set-Cookie`` value (RFC 6265, 5.2); None for one to be ignored whole. An empty path is still to be made."""
    if _CONTROLS.search(text):
        return None
    pair, *attributes = text.split(";")
    name, equals, value = pair.partition("=")
    name, value = name.strip(" \t"), value.strip(" \t")
    if not equals or not name or not pair.isascii() or len(name) + len(value) > NAME_AND_VALUE:
        return None
    said = dict(_attributes(attributes))
    cookie = _Cookie(name, value)
    cookie.secure = "secure" in said
    cookie.domain = said.get("domain", "").removeprefix(".").lower()
    cookie.path = said.get("path", "") if said.get("path", "").startswith("/") else ""
    cookie.expires = _expiry(said, now)
    return cookie if cookie.domain.isascii() else None


def _attributes(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Names in lower case with values; of a repeated one the last counts, which is what a dict keeps."""
    for part in parts:
        name, _, value = part.partition("=")
        name, value = name.strip(" \t").lower(), value.strip(" \t")
        if len(value) > ATTRIBUTE:
            continue
        if name == "max-age" and not _MAX_AGE.fullmatch(value):
            continue  # RFC 6265, 5.2.2: as if it were not there; an earlier one counts
        if name == "expires" and _date(value) is None:
            continue
        yield name, value


def _expiry(said: dict[str, str], now: float) -> float:
    """When it ends: by Max-Age before Expires (RFC 6265, 5.3, step 3)."""
    if "max-age" in said:
        seconds = int(said["max-age"])
        return now + min(LONGEST, seconds) if seconds > 0 else float("-inf")
    date = _date(said["expires"]) if "expires" in said else None
    return float("inf") if date is None else min(now + LONGEST, date)


_DELIMITERS = re.compile(r"[\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?![0-9])")
_DAY = re.compile(r"([0-9]{1,2})(?![0-9])")
_MONTH = re.compile(r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", re.IGNORECASE | re.ASCII)
_YEAR = re.compile(r"([0-9]{2,4})(?![0-9])")
_PARTS = (_TIME, _DAY, _MONTH, _YEAR)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@lru_cache(maxsize=16)  # each is asked for twice
def _date(text: str) -> float | None:
    """Seconds since the epoch, by the algorithm of RFC 6265, 5.1.1; None for what is no date by it."""
    found: dict[re.Pattern[str], tuple[str, ...]] = {}
    for token in _DELIMITERS.split(text):
        for part in _PARTS:  # each token is the first part that is still missing and that it can be
            match = part.match(token) if part not in found else None
            if match:
                found[part] = match.groups()
                break
    if len(found) < len(_PARTS):
        return None
    hour, minute, second = map(int, found[_TIME])
    year = int(found[_YEAR][0])
    year += 1900 if 70 <= year <= 99 else 2000 if year <= 69 else 0
    month = _MONTHS.index(found[_MONTH][0].lower()) + 1
    if year < 1601:
        return None
    try:
        return datetime(year, month, int(found[_DAY][0]), hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _keeps_its_prefix(cookie: _Cookie) -> bool:
    """Whether ``cookie`` is what the prefix of its name says (bis, 4.1.3 and 5.7, steps 20 and 21)."""
    name = cookie.name.lower()
    if name.startswith("__host-"):
        return cookie.secure and cookie.host_only and cookie.path == "/"
    return cookie.secure or not name.startswith("__secure-")


def _target(url: str) -> tuple[str, str, bool]:
    """Host name, path and whether it is https."""
    return hostname(url), "/" + url.split("/", 3)[3].partition("?")[0], url.startswith("https:")


def _upwards(host: str) -> Iterator[str]:
    """``host`` and the domains above it; an address stands alone, and so does what no resolver knows (RFC 1035)."""
    yield host
    if len(host) < 256 and not is_address(host):
        _, dot, host = host.partition(".")
        while dot:
            yield host
            _, dot, host = host.partition(".")


def _domain_match(host: str, domain: str) -> bool:
    """RFC 6265, 5.1.3."""
    return host == domain or (host.endswith(f".{domain}") and not is_address(host))


def _path_match(path: str, cookie_path: str) -> bool:
    """RFC 6265, 5.1.4."""
    if not path.startswith(cookie_path):
        return False
    return len(path) == len(cookie_path) or cookie_path.endswith("/") or path[len(cookie_path)] == "/"


def _default_path(path: str) -> str:
    """The folder of ``path`` (RFC 6265, 5.1.4)."""
    return path[: path.rindex("/")] or "/"
