"""The JSON file: all of a comparison, to be read by programs, and by us when a page is made once more."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import msgspec

from scraper.compare.model import SCHEMA, Comparison, Timeline
from scraper.errors import ConfigError
from scraper.printing import escaped, utf8

__all__ = ["from_json", "schema", "schema_text", "to_json"]


def to_json(comparison: Comparison) -> bytes:
    """The comparison as JSON, indented, in ASCII wherever a terminal could be steered; it ends with a newline."""
    try:
        return _written(comparison)
    except UnicodeEncodeError:  # a lone surrogate: a name of a file that is no UTF-8, on the command line
        return _written(msgspec.convert(_mended(msgspec.to_builtins(comparison)), Comparison))


def _written(comparison: Comparison) -> bytes:
    """Lanes are a line each: they are most of the file, and a line for each number would double it."""
    plain = msgspec.json.encode(msgspec.structs.replace(comparison, timelines=()))
    lines = msgspec.json.format(plain, indent=2)
    if comparison.timelines:  # no string can hold the line: its newline would be escaped
        drawn = b",\n    ".join(map(_timeline, comparison.timelines))
        lines = lines.replace(_NO_TIMELINES, _NO_TIMELINES[:-1] + b"\n    " + drawn + b"\n  ]")
    return escaped(lines) + b"\n"


_NO_TIMELINES = b'\n  "timelines": []'


def _timeline(timeline: Timeline) -> bytes:
    lanes = b",\n      ".join(map(msgspec.json.encode, timeline.lanes))
    fields = {name: msgspec.json.encode(value) for name, value in msgspec.structs.asdict(timeline).items()}
    fields["lanes"] = b"[\n      " + lanes + b"\n    ]" if lanes else b"[]"
    return b"{" + b", ".join(b'"%s": %s' % (name.encode(), value) for name, value in fields.items()) + b"}"


def _mended(value: Any) -> Any:
    """``value`` with every text as UTF-8 can hold it."""
    match value:
        case str():
            return utf8(value)
        case dict():
            return {utf8(key) if isinstance(key, str) else key: _mended(each) for key, each in value.items()}
        case list() | tuple():
            return [_mended(each) for each in value]
        case _:
            return value


def from_json(data: bytes, name: str = "the file") -> Comparison:
    """What :func:`to_json` wrote.

    :param name: what the file is called, for the message.
    :raises ConfigError: when it is no comparison, or one of a form that this version cannot read.
    """
    try:
        found = msgspec.json.decode(data, type=_Form).schema
        if found != SCHEMA:
            raise ConfigError(f"{name} holds a comparison of schema {found}, this version reads {SCHEMA}")
        return msgspec.json.decode(data, type=Comparison)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{name} holds no comparison: {error}; it is written by --json") from error


class _Form(msgspec.Struct):
    schema: int


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the file."""
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Result of scraper compare"}
    found = msgspec.json.schema(Comparison)
    for struct in found["$defs"].values():
        if "description" in struct:
            struct["description"] = cleandoc(struct["description"])
    return about | found


def schema_text() -> str:
    """The same as it is published, ``docs/compare.schema.json``."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
