"""Frames come out as they went in, wherever the pipe cuts them, and half a frame is none."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from scraper.backends.frames import Frames, pack
from scraper.model import Failed, Fetched, Outcome, Page, Reason, Request, Timings
from scraper.stats import Stats

OUTCOMES: list[Outcome] = [
    Fetched(
        Request("http://a/"), 200, Page("A", ("http://a/b",), "utf-8", {"x": [1, None]}), timings=Timings(1, 2, 3, 4)
    ),
    Failed(Request("http://a/b", 1, "http://a/"), Reason.TIMEOUT, "read"),
]


@given(st.lists(st.integers(0, 2), max_size=6), st.lists(st.integers(0, 400), max_size=12))
def test_frames_survive_any_cut(sizes: list[int], cuts: list[int]) -> None:
    counted = Stats(fetches=2)
    sent = b"".join(pack(OUTCOMES[:size], counted) for size in sizes)
    edges = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    frames = Frames()
    found = [frame for at, end in itertools.pairwise(edges) for frame in frames.feed(sent[at:end])]
    assert [frame.outcomes for frame in found] == [OUTCOMES[:size] for size in sizes]
    assert all(frame.stats == counted for frame in found)


@given(st.integers(1, 100))
def test_what_is_cut_off_is_no_frame(missing: int) -> None:
    frames = Frames()
    assert [len(frame.outcomes) for frame in frames.feed(pack([], Stats()) + pack(OUTCOMES, Stats())[:-missing])] == [0]
