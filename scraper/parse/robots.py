"""Reading robots.txt (RFC 9309), as tolerant as the web needs it: the rules that hold for us, and the sitemaps.

It is read as bytes, line by line, whatever its content type says. What is no line of a robots file says nothing, so a
page of HTML in its place has no rules. Beyond the RFC, as large crawlers have it: words known to be misspelt, a colon
left out, ``Crawl-delay``, an allowed ``/index.html`` that allows its folder. What the rules mean for a URL is
:mod:`scraper.core.robots`' matter.
"""

from __future__ import annotations

import re

from scraper.model import Page, Response
from scraper.url import canonical

__all__ = ["MAX_RULES", "MAX_SITEMAPS", "MAX_SIZE", "parse", "product_token", "read"]

MAX_SIZE = 500 * 1024
"""Bytes that are read; the least that a crawler must (2.5)."""
MAX_RULES = 20_000
"""Different rules that are kept; a file of 500 KiB has hardly more that mean anything."""
MAX_SITEMAPS = 500
_MAX_LINE = 8 * 2_083
"""Bytes of a line that are read, as Google has it: eight times what the longest URL of old browsers takes."""

_AGENT, _ALLOW, _DISALLOW, _DELAY, _SITEMAP = range(5)
_NAMES = {
    **dict.fromkeys((b"user-agent", b"useragent", b"user agent"), _AGENT),
    b"allow": _ALLOW,
    **dict.fromkeys((b"disallow", b"dissallow", b"dissalow", b"disalow", b"diasllow", b"disallaw"), _DISALLOW),
    **dict.fromkeys((b"crawl-delay", b"crawldelay"), _DELAY),
    **dict.fromkeys((b"sitemap", b"site-map"), _SITEMAP),
}

_TOKEN = re.compile(rb"[A-Za-z0-9_-]+")
"""A product token; the RFC's (2.2.1) has no digits, but robots have, and ``bot2`` is not ``bot``."""
_EVERYBODY = re.compile(rb"\*(?!\S)")
_SECONDS = re.compile(rb"\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_OURSELVES = re.compile(r"Mozilla/\S+ \(compatible; *([A-Za-z0-9_-]+)|([A-Za-z0-9_-]+)")


def product_token(user_agent: str) -> str:
    """The name, in lower case, by which robots are told what holds for them; empty where ``user_agent`` has none.

    >>> product_token("scraper/0.1"), product_token("Mozilla/5.0 (compatible; somebot/2.1; +https://example.com/bot)")
    ('scraper', 'somebot')
    """
    found = _OURSELVES.match(user_agent.strip())
    return (found[1] or found[2]).lower() if found else ""


def read(response: Response, agent: str) -> Page:
    """:func:`parse` for an answer of the server."""
    return parse(response.body, agent, response.url)


def parse(body: bytes, agent: str, url: str | None = None) -> Page:
    """What ``body`` says to ``agent``: its sitemaps as links, and as data its ``rules`` and ``delay``.

    The groups of an agent count together; where it has none, those of ``*`` do (2.2.1).

    :param agent: our product token.
    :param url: where the file was found; a sitemap may be named relative to it.
    """
    found = _Groups(agent)
    sitemaps: dict[str, None] = {}
    for line in _lines(body):
        name, value = _split(line)
        meaning = _NAMES.get(name)
        if meaning is None:
            continue
        if meaning == _AGENT:
            found.address(value)
        elif meaning == _SITEMAP:
            named = canonical(value.decode("utf-8", "replace"), url) if value else None
            if named and len(sitemaps) < MAX_SITEMAPS:
                sitemaps[named] = None
        elif meaning == _DELAY:
            found.slow(value)
        else:
            found.rule(meaning == _ALLOW, value)
    group = found.ours or found.everybodys
    rules = [[allow, pattern] for allow, pattern in group.rules]
    return Page(links=tuple(sitemaps), data={"rules": rules, "delay": group.delay})


class _Group:
    """Rules in the order of the file, each once, and the longest delay."""

    def __init__(self) -> None:
        self.rules: dict[tuple[bool, str], None] = {}
        self.delay: float | None = None

    def add(self, allow: bool, pattern: str) -> None:
        if len(self.rules) < MAX_RULES:
            self.rules[allow, pattern] = None


class _Groups:
    """Where in the file we are: a row of ``User-agent`` lines says to whom the rules after it speak.

    Other lines than rules neither end a row nor a group (2.2.4).
    """

    def __init__(self, agent: str) -> None:
        self._agent = agent.lower().encode("utf-8", "replace")
        self.ours: _Group | None = None
        self.everybodys = _Group()
        self._addressed: list[_Group] = []
        self._in_row = False

    def address(self, name: bytes) -> None:
        if not self._in_row:
            self._addressed, self._in_row = [], True
        if _EVERYBODY.match(name):
            self._speak_to(self.everybodys)
        elif (token := _TOKEN.match(name)) and token[0].lower() == self._agent:
            self.ours = self.ours or _Group()
            self._speak_to(self.ours)

    def _speak_to(self, group: _Group) -> None:
        if group not in self._addressed:
            self._addressed.append(group)

    def rule(self, allow: bool, value: bytes) -> None:
        self._in_row = False
        if not value or not self._addressed:
            return
        if not value.isascii():
            value = _NOT_ASCII.sub(lambda octet: b"%%%02X" % ord(octet[0]), value)
        pattern = value.decode("ascii")
        folder, index, _ = pattern.rpartition("/index.htm")
        for group in self._addressed:
            group.add(allow, pattern)
            if allow and index:
                group.add(allow, f"{folder}/$")

    def slow(self, value: bytes) -> None:
        if number := _SECONDS.match(value):
            for group in self._addressed:
                group.delay = max(group.delay or 0.0, float(number[0]))


def _lines(body: bytes) -> list[bytes]:
    """The lines of the first 500 KiB; one that is cut there does not count."""
    if len(body) > MAX_SIZE:
        head = body[: MAX_SIZE + 1]
        body = head[: max(head.rfind(b"\n"), head.rfind(b"\r")) + 1]
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        body = body.decode("utf-16", "replace").encode()
    return body.removeprefix(_mark(body)).replace(b"\0", b"").splitlines()


def _mark(body: bytes) -> bytes:
    """The byte order mark, or what some editor has left of it."""
    return next((mark for mark in (b"\xef\xbb\xbf", b"\xef\xbb", b"\xef") if body.startswith(mark)), b"")


def _split(line: bytes) -> tuple[bytes, bytes]:
    """Name and value; both empty where ``line`` is none of ours."""
    text = line[: _MAX_LINE - 1].partition(b"#")[0]
    name, colon, value = text.partition(b":")
    if colon:
        return name.strip().lower(), value.strip()
    words = text.split(None, 2)
    return (words[0].lower(), words[1]) if len(words) == 2 else (b"", b"")
