"""What the parameters of ``scraper compare`` ask for: the work, the cases, and how they are measured."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from scraper.backends import NAMES
from scraper.compare.api import Plan
from scraper.compare.fixture import read_fixture
from scraper.compare.ladder import read_ladder
from scraper.compare.model import Workload
from scraper.compare.workloads import WORKLOADS, chosen
from scraper.errors import ConfigError
from scraper.options import make_settings
from scraper.settings import Politeness

__all__ = ["RECORDED", "SOURCES", "listed", "plan_of", "source_of", "work_of"]

SOURCES = ("targets", "fixture", "workload", "replay")
_FLAGS = {"targets": "URLs", "fixture": "--fixture", "workload": "--workload", "replay": "--replay"}
_OF_URLS = {"record": "--record", "depth": "--depth", "max_pages": "--max-pages"}
_USUAL = ("latency", "parse", "one-host")
"""Waiting and computing, many hosts and one, without a promise to them and with one."""
_FEWER = {"latency": (4, 16, 32, 64)}
"""Of the usual workloads the sweep is shorter: with the sequential rate five points, which is what a law needs."""
_BRIEF, _THOROUGH = (3, 0.5), (5, 1.0)
"""Rounds, and seconds a run: of the usual workloads, which are many, and of work of one's own."""
_LONGEST = 60.0
RECORDED = "recording"
"""The name of a workload that was recorded."""


def source_of(given: Mapping[str, Any]) -> str | None:
    """Which of :data:`SOURCES` is given; None for none.

    :raises UsageError: for more than one, and for what goes with another one only.
    """
    found = [name for name in SOURCES if given[name] not in (None, ())]
    if len(found) > 1:
        raise click.UsageError(f"{' and '.join(_FLAGS[name] for name in found)} are two kinds of work: compare one")
    source = found[0] if found else None
    for name, flag in _OF_URLS.items():
        if source != "targets" and given[name] is not None:
            raise click.UsageError(f"{flag} is for URLs and lists, which are fetched and recorded first")
    if given["polite"] and source in (None, "workload"):
        raise click.UsageError("--polite is for work of your own; of the named workloads, polite is polite")
    return source


def plan_of(given: Mapping[str, Any], source: str | None, command: str) -> Plan:
    """All that is to be done, but for what is recorded first: that is :data:`RECORDED`, without its file.

    :raises ConfigError: for what cannot be meant.
    """
    rounds, seconds = _BRIEF if source is None else _THOROUGH
    rounds = rounds if given["repeat"] is None else given["repeat"]
    seconds = seconds if given["seconds"] is None else given["seconds"]
    _check_numbers(given, seconds)
    works = tuple(_as_asked(work, given) for work in work_of(given, source))
    return Plan(
        workloads=works,
        backends=_backends(given["backends"]),
        rounds=rounds,
        warmup=given["warmup"],
        seconds=seconds,
        seed=given["seed"],
        command=command,
    )


def work_of(given: Mapping[str, Any], source: str | None) -> Iterable[Workload]:
    """The workloads of ``source``, as they are by themselves."""
    match source:
        case None:
            return [_shorter(work) for work in chosen(_USUAL)]
        case "workload":
            return chosen(_words(given["workload"]))
        case "fixture":
            fixture = str(read_fixture(given["fixture"]))
            return [Workload(name="fixture", about="A web made up for this comparison.", fixture=fixture)]
        case "replay":
            if not Path(given["replay"]).is_file():
                raise ConfigError(f"--replay {given['replay'] or 'of nothing'}: there is no such file")
            return [_recording(given["replay"])]
        case _:
            return [_recording(None)]


def _recording(file: str | None) -> Workload:
    about = "A recorded crawl, replayed with the times that its servers took."
    return Workload(name=RECORDED, about=about, recording=file)


def _shorter(work: Workload) -> Workload:
    return msgspec.structs.replace(work, concurrency=_FEWER.get(work.name, work.concurrency))


def _as_asked(work: Workload, given: Mapping[str, Any]) -> Workload:
    """``work`` with what the parameters say instead."""
    options = {name: given[name] for name in ("parser", "parse") if given[name] is not None}
    make_settings(**options)
    if given["polite"]:
        usual = Politeness()
        options |= {"delay": usual.delay_for("example.org"), "per_host": usual.per_host}
    changes: dict[str, Any] = {"options": {**work.options, **options}}
    for name in ("concurrency", "workers"):
        if given[name] is not None:
            changes[name] = read_ladder(given[name])
    return msgspec.structs.replace(work, **changes)


def _check_numbers(given: Mapping[str, Any], seconds: float) -> None:
    for name, least in (("repeat", 1), ("warmup", 0), ("depth", 0), ("max_pages", 1)):
        if given[name] is not None and given[name] < least:
            raise ConfigError(f"--{name.replace('_', '-')} must be {least} or more, not {given[name]}")
    if not 0.01 <= seconds <= _LONGEST:
        raise ConfigError(f"--seconds must be between 10ms and {_LONGEST:.0f}s, not {seconds:g}s")


def _backends(text: str | None) -> tuple[str, ...]:
    names = _words(text) if text is not None else ["all"]
    for name in names:
        if name not in (*NAMES, "all"):
            _unknown("backend", name, NAMES)
    return NAMES if "all" in names else tuple(dict.fromkeys(names))


def _words(text: str) -> list[str]:
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ConfigError(f"{text!r} is no list of names: write them as one,two")
    return words


def _unknown(what: str, name: str, known: Collection[str]) -> NoReturn:
    near = difflib.get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"choose of {', '.join(known)}"
    raise ConfigError(f"there is no {what} {name!r}: {advice}")


def listed() -> str:
    """The named workloads, a line each."""
    width = max(len(work.name) for work in WORKLOADS)
    return "".join(f"{work.name:<{width}}  {work.about}\n" for work in WORKLOADS)
