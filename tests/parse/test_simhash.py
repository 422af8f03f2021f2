"""Fingerprints: few bits between pages that differ little, many between others."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest

from fixtures.demo import SITE
from scraper.model import Response
from scraper.parse import make_parser
from scraper.parse.simhash import of_text
from scraper.settings import Settings, Traps
from tests.parse.pages import ENGINES, PAGES

ARTICLES = [path for path in sorted(SITE.rglob("*.html")) if len(path.read_bytes()) > 2_000]
TEXT = " ".join(path.read_text("utf-8", "replace") for path in ARTICLES).split()


def bits(one: int | None, other: int | None) -> int:
    assert one is not None
    assert other is not None
    return (one ^ other).bit_count()


def fingerprint(path: Path, engine: str = "turbo") -> int | None:
    settings = Settings(traps=Traps(near=3))
    return make_parser(settings)(Response("http://x.test/", 200, {}, path.read_bytes())).simhash


def test_five_words_of_three_thousand() -> None:
    chance = random.Random(5)
    differences = []
    for _ in range(60):
        words = chance.choices(TEXT, k=3_000)
        edited = list(words)
        for place in chance.sample(range(3_000), 5):
            edited[place] = chance.choice(TEXT)
        differences.append(bits(of_text(" ".join(words)), of_text(" ".join(edited))))
    assert sum(difference <= 3 for difference in differences) >= 52
    assert max(differences) <= 8


def test_other_texts_are_far_away() -> None:
    chance = random.Random(6)
    prints = [of_text(" ".join(chance.choices(TEXT, k=3_000))) for _ in range(12)]
    assert min(bits(one, other) for one, other in combinations(prints, 2)) > 10


def test_pages_of_one_site_are_told_apart() -> None:
    prints = [found for path in ARTICLES if (found := fingerprint(path)) is not None]
    assert len(prints) >= 4
    assert min(bits(one, other) for one, other in combinations(prints, 2)) > 3


@pytest.mark.parametrize("unspaced", ["\u3042", "\u4e00", "\u0e01"])
def test_scripts_without_spaces(unspaced: str) -> None:
    chance = random.Random(7)
    letters = [chr(ord(unspaced) + chance.randrange(40)) for _ in range(3_000)]
    edited = list(letters)
    edited[1_500] = unspaced
    assert bits(of_text("".join(letters)), of_text("".join(edited))) <= 3


def test_what_does_not_matter() -> None:
    text = " ".join(TEXT[:1000])
    assert of_text(text) == of_text(text.upper().replace(" ", " \n\t")) or not text.isascii()
    assert of_text("a few words") is None
    assert of_text("") is None
    assert of_text("\ud800 d\u00e9j\u00e0 " * 100_000) is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_it_is_made_on_demand_and_by_all_engines_alike(engine: str) -> None:
    assert make_parser(Settings())(Response("http://x.test/", 200, {}, ARTICLES[0].read_bytes())).simhash is None
    assert fingerprint(ARTICLES[0], engine) == fingerprint(ARTICLES[0])
    assert fingerprint(PAGES / "svg.html") is None
