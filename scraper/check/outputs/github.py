"""Lines by which GitHub's CI marks the line of a list whose target is in trouble."""

from __future__ import annotations

from collections.abc import Collection

from scraper.check.model import Result, Verdict
from scraper.check.outputs.junit import place_of
from scraper.check.outputs.words import note
from scraper.printing import printable

__all__ = ["annotation"]

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})
"""How GitHub wants the data and the properties of a workflow command escaped (actions/toolkit, ``command.ts``)."""


def annotation(result: Result, fail_on: Collection[Verdict] = (Verdict.DOWN,)) -> str | None:
    """``::error file=shops.txt,line=17,title=shop is down::timeout``, without a newline; None for what is up.

    :param fail_on: the verdicts that are errors; others are warnings.
    """
    if result.verdict is Verdict.UP:
        return None
    file, line = place_of(result.target.place)
    properties = {"file": file, "line": line} if file else {}
    properties["title"] = f"{result.target.title} is {result.verdict.value}"
    said = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    level = "error" if result.verdict in fail_on else "warning"
    message = note(result) or result.verdict.value
    if result.target.name:
        message += f" ({result.target.url})"
    return f"::{level} {said}::{_escaped(message, _DATA)}"


def _escaped(text: str, table: dict[int, str]) -> str:
    return printable(text).translate(table)
