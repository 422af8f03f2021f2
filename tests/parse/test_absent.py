"""Soft 404s: the titles that mean it, and those that only sound like it."""

from __future__ import annotations

import pytest

from scraper.model import Response
from scraper.parse import make_parser
from scraper.parse.absent import says_nothing_is_here
from scraper.settings import Settings, Traps


@pytest.mark.parametrize(
    "title",
    [
        "404",
        "Error 404",
        "404 Not Found",
        "404: NOT_FOUND",
        "404 - File or directory not found.",
        "Page not found",
        "Page Not Found | Example",
        "Example \u2014 Page not found!",
        "Page not found \u00b7 GitHub Pages",
        "Oops! That page can\u2019t be found. \u2013 A blog",
        "(404) This page doesn't exist",
        "Seite nicht gefunden - Firma GmbH",
        "Fehler 404: Die Seite wurde nicht gefunden",
        "Erreur 404 - Page introuvable | Le Site",
        "P\u00e1gina no encontrada",
        "Pagina non trovata :: Sito",
        "P\u00e1gina n\u00e3o encontrada",
        "Pagina niet gevonden",
        "Nie znaleziono strony",
        "\u0421\u0442\u0440\u0430\u043d\u0438\u0446\u0430 \u043d\u0435 \u043d\u0430\u0439\u0434\u0435\u043d\u0430",
        "Sidan hittades inte",
        "Sayfa bulunamad\u0131",
        "404-\u9875\u9762\u4e0d\u5b58\u5728",
        "\u30da\u30fc\u30b8\u304c\u898b\u3064\u304b\u308a\u307e\u305b\u3093\u3067\u3057\u305f\u3002",
        "\ud398\uc774\uc9c0\ub97c \ucc3e\uc744 \uc218 \uc5c6\uc2b5\ub2c8\ub2e4",
    ],
)
def test_titles_that_say_so(title: str) -> None:
    assert says_nothing_is_here(title)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "How to fix a 404 error in nginx",
        "Lost and not found: a film",
        "HTTP 404 - Wikipedia",
        "Area code 404 - Wikipedia",
        "Peugeot 404 | Cars",
        "Room 4040",
        "Why your page was not found by search engines",
        "Custom 404 pages in Flask",
        "Sorry",
        "Error",
        "Errors and exceptions \u2014 Python documentation",
        "Status codes",
        "Nothing found? Try these tips",
        "Not found anywhere else: rare plants",
        "Sleeping Beauty introuvable, un roman",
        "Page not found " * 20,
    ],
)
def test_titles_that_only_mention_it(title: str) -> None:
    assert not says_nothing_is_here(title)


@pytest.mark.parametrize(("status", "on", "cut"), [(200, True, "soft-404"), (404, True, None), (200, False, None)])
def test_when_it_counts(status: int, on: bool, cut: str | None) -> None:
    parse = make_parser(Settings(traps=Traps(soft_404=on)))
    page = parse(Response("http://x.test/", status, {}, b"<title>Page not found</title><a href=/a>"))
    assert (page.cut, page.links) == (cut, ("http://x.test/a",))
