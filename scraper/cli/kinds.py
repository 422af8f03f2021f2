"""The kinds of values that options take, as people write them."""

from __future__ import annotations

import difflib
from typing import Any

import click

from scraper.errors import ConfigError
from scraper.report.human import parse_duration, parse_size

__all__ = ["ADDRESSES", "DELAY", "DURATION", "FAILURES", "HEADER", "SIZE", "TRAP", "VERDICTS", "Choice"]


class Choice(click.Choice[str]):
    """One of some words; a slip of the pen is told the nearest of them."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        message = super().get_invalid_choice_message(value, ctx)
        near = difflib.get_close_matches(str(value), [str(choice) for choice in self.choices], n=1)
        return f"{message} Did you mean {near[0]!r}?" if near else message


class _Duration(click.ParamType[float | None]):
    """``50ms``, ``1.5``, ``2m``: seconds as a float."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return parse_duration(str(value))
        except (ConfigError, ValueError) as error:
            self.fail(str(error), param, ctx)


class _Delay(_Duration):
    """A duration, or ``auto``, which is None."""

    name = "auto|duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return None if value == "auto" else super().convert(value, param, ctx)


class _OrWord(click.ParamType[int | None]):
    """A whole number, or a word that is None."""

    def __init__(self, word: str) -> None:
        self.word, self.name = word, f"N|{word}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == self.word:
            return None
        try:
            return int(value)
        except ValueError:
            self.fail(f"{value!r} is neither a whole number nor {self.word!r}", param, ctx)


class _Trap(click.ParamType[tuple[str, int | bool]]):
    """``length=500``, ``years=off``: a rule and its number; True and False stand for ``on`` and ``off``."""

    name = "rule=N|off"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int | bool]:
        rule, _, limit = str(value).partition("=")
        if limit in ("on", "off"):
            return rule.strip(), limit == "on"
        try:
            return rule.strip(), int(limit)
        except ValueError:
            self.fail(f"{value!r}: a rule is written as 'length=500' or 'length=off'", param, ctx)


class _Verdicts(click.ParamType[tuple[str, ...]]):
    """``down,cert``: verdicts of checks; ``any`` is all but up, ``none`` none of them."""

    name = "verdicts"
    words = ("down", "blocked", "cert", "slow", "any", "none")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return value
        found = [word.strip().lower() for word in str(value).split(",")]
        for word in found:
            if word not in self.words:
                near = difflib.get_close_matches(word, self.words, n=1)
                self.fail(
                    f"{word!r} is none of {', '.join(self.words)}." + (f" Did you mean {near[0]!r}?" if near else ""),
                    param,
                    ctx,
                )
        return tuple(found)


class _Size(click.ParamType[int]):
    """``16MB``, ``512k``, ``1000``: bytes as an int."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return parse_size(str(value))
        except (ConfigError, ValueError) as error:
            self.fail(str(error), param, ctx)


class _Header(click.ParamType[tuple[str, str]]):
    """``Name: value``, as in curl: a pair."""

    name = "'name: value'"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, colon, text = str(value).partition(":")
        if not colon or not name.strip():
            # not the text itself: a token that was given without its name is a secret all the same
            self.fail("a header is written as 'Name: value'; this one has no colon, or no name before it", param, ctx)
        return name.strip(), text.strip()


DURATION, DELAY, SIZE, HEADER, TRAP = _Duration(), _Delay(), _Size(), _Header(), _Trap()
ADDRESSES, FAILURES, VERDICTS = _OrWord("auto"), _OrWord("off"), _Verdicts()
