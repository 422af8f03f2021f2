r"""A line of a list of checks: ``URL key=value ... # comment``.

A value with spaces, or with a ``#`` behind one, is quoted: ``name="our shop"`` or ``match='/#\d+ left/'``. In double
quotes ``\"`` is a quote and ``\\`` a backslash; other backslashes are themselves, so that regular expressions can be
written as they are. A quote counts only where a value begins: ``name=Joe's`` is a name.
"""

from __future__ import annotations

import re

from scraper.lists import BadText
from scraper.printing import shortened

__all__ = ["split_line"]


def split_line(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The URL, as it was written, and the pairs behind it.

    >>> split_line('http://a.example/#x expect=200 name="our shop" # the old one')
    ('http://a.example/#x', [('expect', '200'), ('name', 'our shop')])

    :raises BadText: for what is no pair.
    """
    url = _URL.match(text)
    assert url is not None  # a pattern that matches everything
    if _KEY.match(text):
        raise BadText(f"a line begins with its URL, and not with {_shown(url[0])}")
    at, pairs = url.end(), []
    while at < len(text) and not _END.match(text, at):
        found = _PAIR.match(text, at)
        if found is None:
            raise BadText(_why_not(text[at:].strip()))
        pairs.append((found["key"], _value(found)))
        at = found.end()
    return url[0], pairs


_URL = re.compile(r"\S*")
_KEY = re.compile(r"[a-z-]+=")
_END = re.compile(r"\s*(?:#|\Z)")
_PAIR = re.compile(
    r"""\s+(?P<key>[^\s="'#][^\s="']*)=(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?!["'])(?P<bare>\S*))(?!\S)"""
)


def _value(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r'\\(["\\])', r"\1", found["double"])
    return found["bare"] if found["single"] is None else found["single"]


def _why_not(rest: str) -> str:
    word = rest.split()[0]
    shown = _shown(word)
    if re.match(r"[^\s=\"']+=[\"']", rest):
        return f"the quotes of {shown} are not closed, or something follows them without a space"
    return f'{shown} behind the URL is no key=value, such as expect=200 or name="our shop"'


def _shown(word: str) -> str:
    return repr(shortened(word, 60))
