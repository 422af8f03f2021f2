"""A comparison as a table and as JSON, and the words of both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.compare.model import Case, Comparison, Interval
from scraper.compare.outputs.document import from_json, schema_text, to_json
from scraper.compare.outputs.lead import headline
from scraper.compare.outputs.marks import spread_out
from scraper.compare.outputs.picks import parts
from scraper.compare.outputs.svg import Linear, Log, ticks
from scraper.compare.outputs.text import table
from scraper.compare.outputs.words import between, count, milliseconds, number, spread, tick
from scraper.errors import ConfigError
from tests.compare.example import comparison, different, single
from tests.test_output_safety import HOSTILE, STEERING

EXAMPLES: dict[str, Callable[[], Comparison]] = {"whole": comparison, "different": different, "single": single}
PUBLISHED = Path(__file__).parents[2] / "docs" / "compare.schema.json"
replace = msgspec.structs.replace


def hostile(text: str) -> Comparison:
    """A comparison with ``text`` wherever something from outside can stand."""
    found = different()
    workload = replace(found.workloads[0], name=text, about=text, fixture=None, recording=text, options={text: text})

    def case(old: Case) -> Case:
        return replace(old, workload=text, backend=text if old.backend == "hybrid" else old.backend)

    return replace(
        found,
        command=text,
        machine=replace(found.machine, system=text, processor=text, python=text, versions={text: text}, commit=text),
        workloads=(workload,),
        rows=tuple(replace(row, case=case(row.case), finding=replace(row.finding, text=text)) for row in found.rows),
        runs=tuple(replace(run, case=case(run.case), differences=(text,) * 3) for run in found.runs),
        verdicts=(replace(found.verdicts[0], workload=text, text=(text,)),),
        fits=tuple(
            replace(fit, workload=text, backend=text if fit.backend == "hybrid" else fit.backend)
            for fit in comparison().fits
        ),
        timelines=tuple(
            replace(each, case=case(each.case), lanes=tuple(replace(lane, name=text) for lane in each.lanes))
            for each in comparison().timelines
            if each.case.workload == "parsing"
        ),
        notes=(text,),
    )


# words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (number(9.8712), "9.87"),
        (number(9.9951), "10.0"),
        (number(58.06), "58.1"),
        (number(99.96), "100"),
        (number(3022.2), "3,022"),
        (number(float("nan")), "-"),
        (tick(50.0), "50"),
        (tick(0.25), "0.25"),
        (tick(100.0), "100"),
        (milliseconds(0), "0"),
        (milliseconds(0.00031), "0.31"),
        (milliseconds(0.0021), "2.1"),
        (milliseconds(12.4), "12,400"),
        (count(987), "987"),
        (count(12_345), "12.3k"),
        (count(1_234_567), "1.2M"),
        (spread(Interval(712.4, 698, 726)), "712 ± 14"),
        (spread(Interval(9.44, 9.17, 9.71)), "9.44 ± 0.27"),
        (spread(Interval(9.44, 9.44, 9.44)), "9.44"),
        (between(Interval(1.24, 1.19, 1.29)), "1.24 (95 %: 1.19 to 1.29)"),
        (between(Interval(1.24, 1.24, 1.24)), "1.24"),
    ],
)
def test_numbers_are_written_as_people_read_them(said: str, expected: str) -> None:
    assert said == expected


def only(found: Comparison, workload: str) -> Comparison:
    return replace(
        found,
        workloads=tuple(each for each in found.workloads if each.name == workload),
        rows=tuple(row for row in found.rows if row.case.workload == workload),
        verdicts=tuple(verdict for verdict in found.verdicts if verdict.workload == workload),
    )


def test_the_headline_says_who_won_and_by_how_much() -> None:
    assert headline(comparison()) == "hybrid wins 2 of 3 workloads, 1 has no clear winner"
    level = tuple(replace(verdict, winner=None) for verdict in comparison().verdicts)
    assert headline(replace(comparison(), verdicts=level)) == "no clear winner in 3 workloads"
    assert re.fullmatch(
        r"latency: hybrid 64x2 is ahead with 59\d pages/s, 1\.0\d \(95 %: 1\.0\d to 1\.0\d\) times asyncio, "
        r"6\d\.\d times sequential",
        headline(only(comparison(), "latency")),
    )
    assert headline(only(comparison(), "polite")) == "polite: nobody is ahead beyond doubt"
    assert headline(single()) == "1 case measured, no verdict"


def test_where_outcomes_differ_nobody_has_won() -> None:
    found = comparison()
    odd = replace(found, rows=tuple(replace(row, same=row.case.backend != "threads") for row in found.rows))
    assert all(part.winner is None for part in parts(odd))
    assert headline(odd) == "Outcomes differ in latency, parsing, polite: no winner there"
    assert headline(different()) == "Outcomes differ in parsing: no winner there"
    rows = (replace(row, same=row.case.workload != "parsing") for row in found.rows)
    assert headline(replace(found, rows=tuple(rows))) == (
        "hybrid wins 1 of 2 workloads, 1 has no clear winner; outcomes differ in parsing: no winner there"
    )


# the table


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_table_keeps_to_its_width(name: str, width: int) -> None:
    lines = table(EXAMPLES[name](), width=width).splitlines()
    assert [line for line in lines if len(line) > width] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_winners_and_differences_are_told_without_colour() -> None:
    plain = table(comparison(), width=100)
    assert "\x1b" not in plain
    assert re.search(r"^\* hybrid +64x2 ", plain, re.MULTILINE)
    assert len(re.findall(r"^\* ", plain, re.MULTILINE)) == 2
    other = table(different(), width=100)
    assert re.search(r"^  threads +8 .* NO$", other, re.MULTILINE)
    assert "parsing/threads/8: outcomes differ: 11 URLs in one run" in other
    assert "http://127.0.0.4/17" in other
    assert not re.search(r"^\* ", other, re.MULTILINE)


def test_colour_changes_no_word() -> None:
    for example in EXAMPLES.values():
        coloured = table(example(), color=True, width=100)
        assert re.sub(r"\x1b\[\d+m", "", coloured) == table(example(), width=100)
        assert "\x1b" in coloured


def test_what_has_no_room_is_named() -> None:
    assert "no room for switches/1k, eff.)" in " ".join(table(comparison(), width=100).split())
    wide = table(comparison(), width=160)
    assert "no room" not in wide
    assert "switches/1k" in wide


def test_a_sweep_is_a_table_of_its_own_with_its_laws() -> None:
    lines = table(comparison(), width=100).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("pages/s at"))
    assert lines[start].split()[2:] == ["1", "2", "4", "8", "16", "32", "64"]
    assert [line.split()[0] for line in lines[start + 1 : start + 5]] == ["threads", "processes", "asyncio", "hybrid"]
    laws = next(index for index, line in enumerate(lines) if line.startswith("law of"))
    assert lines[laws].split()[2:] == ["rate", "serial,", "contention", "coherence", "peak", "N"]
    threads = " ".join(lines[laws + 1].split())
    assert threads.startswith("threads USL 9.40 (9.31 to 9.49) 0.28 % (")
    assert [line.split()[0] for line in lines[laws + 1 : laws + 5]] == ["threads", "processes", "asyncio", "hybrid"]


def test_the_end_says_what_it_takes_to_do_it_again() -> None:
    text = table(comparison(), width=200)
    for wanted in ("Example Server CPU 2.9 GHz, 2 cores", "commit 36cf44b1c7", "aiohttp 3.14.4", "seed 7", "180 runs"):
        assert wanted in text
    assert "again: scraper compare --workloads latency" in text
    assert "note: Outlier: round 4 of latency/threads/32" in text
    assert "web:hosts=20,pages=1000" in text
    assert "warning" not in text
    assert "warning: the local server took 41 % of the machine" in table(different(), width=200)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_table_is_steered_by_nothing(text: str) -> None:
    assert STEERING.search(table(hostile(text), width=100)) is None


# JSON


@pytest.mark.parametrize("name", EXAMPLES)
def test_json_is_read_back_as_it_was(name: str) -> None:
    found = EXAMPLES[name]()
    written = to_json(found)
    assert from_json(written) == found
    assert json.loads(written)["schema"] == 1
    assert written.endswith(b"}\n")


def test_a_lane_is_one_line() -> None:
    lines = to_json(comparison()).decode().splitlines()
    lanes = [line for line in lines if line.lstrip().startswith('["')]
    assert len(lanes) == sum(len(timeline.lanes) for timeline in comparison().timelines)
    assert len(lines) < 12_000


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_json_is_exact_and_steers_nothing(text: str) -> None:
    written = to_json(hostile(text))
    assert STEERING.search(written.decode()) is None
    kept = text.encode("utf-8", "replace").decode()
    assert from_json(written).notes == (kept,)
    assert from_json(written).timelines[0].lanes[0].name == kept


def _other(**changes: Any) -> bytes:
    return json.dumps(json.loads(to_json(single())) | changes).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.json holds no comparison"),
        (b"[1]", "a.json holds no comparison"),
        (b'{"a": 1}', "missing required field `schema`"),
        (b"\xff\xfe", "a.json holds no comparison"),
        (b"[" * 100_000, "a.json holds no comparison"),
        (_other(schema=2), "a.json holds a comparison of schema 2, this version reads 1"),
        (_other(rows=7), r"Expected `array`, got `int` - at `\$.rows`; it is written by --json"),
    ],
    ids=["empty", "a list", "something else", "no text", "deep", "of another form", "of other values"],
)
def test_what_is_no_comparison_is_said_so(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_json(data, "a.json")


def test_the_published_schema_is_up_to_date() -> None:
    """``schema_text()`` is what belongs into the file."""
    assert PUBLISHED.read_text("utf-8") == schema_text()


# what charts are made of


@given(
    wanted=st.lists(st.floats(0, 300), min_size=1, max_size=8),
    gap=st.floats(1, 20),
)
def test_names_cover_no_other(wanted: list[float], gap: float) -> None:
    places = spread_out(wanted, gap, -400, 700)
    ordered = sorted(places)
    assert all(after - before >= gap * 0.999 for before, after in pairwise(ordered))
    pairs = sorted(zip(wanted, places, strict=True))
    assert [place for _, place in pairs] == sorted(places) or len(set(wanted)) < len(wanted)
    if all(b - a > gap for a, b in pairwise(sorted(wanted))):
        assert places == pytest.approx(wanted)


@given(low=st.floats(1e-6, 1e6), factor=st.floats(1.001, 1e9), most=st.integers(2, 12))
def test_ticks_are_few_round_and_inside(low: float, factor: float, most: int) -> None:
    high = low * factor
    for scale in (Linear(0, high, 0, 100), Log(low, high, 0, 100)):
        found = ticks(scale, most)
        assert found == sorted(found)
        assert len(found) <= most + 1 or isinstance(scale, Log)
        assert all(-1e-9 <= scale(value) <= 100 for value in found)


@pytest.mark.parametrize("scale", [Linear(0, 0, 0, 100), Log(1, 1, 0, 100)])
def test_a_scale_of_one_value_is_a_scale(scale: Linear | Log) -> None:
    assert 0 <= scale(scale.low) <= 100
    assert ticks(scale)


def test_fewer_requests_than_workers_belong_to_the_same_line() -> None:
    """A case with one request in flight has one worker, however many were asked for."""
    rows = tuple(
        replace(row, case=replace(row.case, workers=min(row.case.workers, row.case.concurrency)))
        for row in comparison().rows
    )
    swept = parts(replace(comparison(), rows=rows))[0].series
    assert [(series.name, len(series.rows)) for series in swept] == [
        ("sequential", 1),
        *((name, 7) for name in ("threads", "processes", "asyncio", "hybrid")),
    ]
    assert all([row.case.concurrency for row in series.rows] == [1, 2, 4, 8, 16, 32, 64] for series in swept[1:])


def test_who_is_level_with_the_second_has_not_won() -> None:
    found = only(comparison(), "parsing")
    level = replace(found, verdicts=(replace(found.verdicts[0], over_second=Interval(1.04, 0.98, 1.1)),))
    assert headline(level).startswith("parsing: hybrid 8x2 is first, not beyond doubt, with 55.0 pages/s")
    assert "(* first, not beyond doubt;" in table(level)
