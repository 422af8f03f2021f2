"""What is kept ready, and what is not made for nobody."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.check.model import Verdict
from scraper.check.views import Span, View
from scraper.check.web import board as module
from scraper.check.web.board import Board
from scraper.check.web.drawing import DAY_SECONDS, DAYS, bars
from scraper.check.web.pages import Pages, Part
from tests.check.web.stand import Facts, result, view


class Counting(Pages):
    """Pages that know what they were asked to draw."""

    def __init__(self) -> None:
        super().__init__("Status", "", "/", "stamp")
        self.drawn: Counter[str] = Counter()

    def row(self, view: View, now: float) -> Part:
        self.drawn[view.target.key] += 1
        return super().row(view, now)


def board_of(facts: Facts) -> tuple[Board, Counting]:
    pages = Counting()
    return Board(facts.reader(), pages), pages


def change(facts: Facts, name: str) -> None:
    facts.put(view(name, state="down", result=result(view(name).target, Verdict.DOWN)))


def test_rows_are_drawn_for_pages_alone_and_once_for_each_change() -> None:
    facts = Facts([view("a"), view("b")])
    board, pages = board_of(facts)
    board.metrics("")
    board.api_targets()
    board.warm()
    assert not pages.drawn
    board.index()
    change(facts, "b")
    assert board.refresh(["b"])
    board.index()
    board.fragments(board.version)
    assert pages.drawn == {"a": 1, "b": 2}


def test_what_was_wanted_lately_is_made_ahead() -> None:
    facts = Facts([view("a")])
    board, pages = board_of(facts)
    board.index()
    board.metrics("")
    change(facts, "a")
    board.refresh(["a"])
    board.warm()
    assert pages.drawn["a"] == 2
    board.index()
    assert pages.drawn["a"] == 2
    assert b'probe_success{group="",target="a"} 0.0' in board.metrics("").raw


def test_clients_that_ask_for_ever_other_things_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = Facts([view(f"target {number}") for number in range(20)])
    board, _ = board_of(facts)
    for _ in range(5):
        for one in facts:
            change(facts, one.target.name)
            board.refresh([one.target.key])
    boot, _, number = board.version.partition(".")
    since = {board.fragments(f"{boot}.{each}").raw for each in range(int(number) + 200)}
    assert len(since) <= 21, "what is older than all changes is one and the same"
    assert len(board._bodies) <= 21
    size = len(board.index().raw)
    monkeypatch.setattr(module, "_KEPT", 4 * size)
    for each in facts:
        board.target(each.target.key)
        assert sum(len(body.raw) for body in board._bodies.values()) <= 4 * size


days = st.lists(st.tuples(st.integers(-3, DAYS + 3), st.integers(0, 4), st.integers(0, 4)), max_size=100)


@given(days, st.booleans())
def test_bars_are_the_same_drawn_together_and_each(found: list[tuple[int, int, int]], grows: bool) -> None:
    """Days that are over are kept, and today is put behind them."""
    today = int(time.time() // DAY_SECONDS)
    told = {back: Span((today - back) * DAY_SECONDS, checks, min(up, checks)) for back, checks, up in found}
    if grows:
        told[0] = Span(today * DAY_SECONDS, 9, 9)
    spans = [told[back] for back in sorted(told, reverse=True)]
    expected = ["dn"] * DAYS
    for back, span in told.items():
        if 0 <= back < DAYS and span.checks:
            share = span.up / span.checks
            expected[DAYS - 1 - back] = "d0" if share == 1 else "d3" if share >= 0.5 else "d4"
    for each in (True, False):
        drawn = []
        for stroke in bars(spans, time.time(), each=each).split("<path ")[1:]:
            width = int(stroke.partition("h")[2].partition('"')[0])
            drawn += [stroke[7:9]] * ((width + 2) // 6)
        assert drawn == expected
