"""The three HTML engines, each behind one function from markup to :class:`Findings`.

========  ==============================  ===========================================================================
engine    library                         why
========  ==============================  ===========================================================================
turbo     turbohtml                       the fastest; builds the tree that a browser builds (WHATWG)
lexbor    selectolax (lexbor)             the same tree, from other hands; lets other threads run while it parses
soup      BeautifulSoup on lxml           the one people know; some fifty times slower, and no WHATWG tree
========  ==============================  ===========================================================================

``html.parser`` is no engine: it is quadratic on unclosed markup. An engine's library is loaded when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from scraper.errors import ConfigError
from scraper.parse.guard import heavy

__all__ = ["Engine", "Findings", "Read", "engine"]


class Findings(NamedTuple):
    """What an engine found in a page, as it stands there; nothing of it in a ``<template>``.

    :ivar title: the text of the first ``<title>`` that is not a drawing's.
    :ivar base: the ``href`` of the first ``<base>`` that has one.
    :ivar links: the targets by their kinds (:data:`scraper.model.LINK_KINDS`), each kind in the order of the document.
    :ivar nofollow: those of them whose element has ``rel=nofollow``, by their kinds too.
    :ivar canonical: the targets of ``<link rel=canonical>``.
    :ivar metas: name, in lower case, and content of each ``<meta>`` that has both.
    :ivar tree: the engine's own document; None of a page that is too heavy for one.
    """

    title: str | None
    base: str | None
    links: dict[str, list[str]]
    nofollow: dict[str, list[str]]
    canonical: list[str]
    metas: list[tuple[str, str]]
    tree: Any


Engine: TypeAlias = Callable[[bytes | str], Findings]
"""From UTF-8 bytes or text, without byte order mark, to findings. Never raises on what a page holds."""

Read: TypeAlias = Callable[[bytes | str, frozenset[str]], Findings]
"""An engine that is told which tags to ask for, of :data:`scraper.parse.gather.TAGS`."""


def engine(name: str, tags: frozenset[str]) -> Engine:
    """The engine called ``name``, which asks for ``tags``.

    :raises ConfigError: when there is none, or its library is not installed.
    """
    try:
        load = _ENGINES[name]
    except KeyError:
        raise ConfigError(f"there is no parser {name!r}; there are {', '.join(_ENGINES)}") from None
    try:
        return _guarded(load(), tags)
    except ImportError as error:
        raise ConfigError(f"the parser {name!r} cannot be loaded: {error}") from error


def _guarded(read: Read, tags: frozenset[str]) -> Engine:
    """``read``, but for pages that are too heavy for a tree."""
    from scraper.parse import tokens

    def read_or_skim(markup: bytes | str) -> Findings:
        return tokens.read(markup, tags) if heavy(markup) else read(markup, tags)

    return read_or_skim


def _turbo() -> Read:
    from scraper.parse.turbo import read

    return read


def _lexbor() -> Read:
    from scraper.parse.lexbor import read

    return read


def _soup() -> Read:
    from scraper.parse.soup import read

    return read


_ENGINES: dict[str, Callable[[], Read]] = {"turbo": _turbo, "lexbor": _lexbor, "soup": _soup}
