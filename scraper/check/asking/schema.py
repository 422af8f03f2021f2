"""The JSON Schema of a file of checks, made from the structs that decode it; editors check and complete by it.

``docs/checks.schema.json`` is what is published; a test says whether it is what is made here.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scraper.check.asking.config import Document, Seconds

__all__ = ["schema", "schema_text"]

_DURATION = {
    "description": "A duration: a number of seconds, or as 50ms, 1.5s, 2m, 1h30m, 14d.",
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": r"^\s*((\d+(\.\d+)?|\.\d+)\s*(ms|s|m|h|d)?\s*)+$"},
    ],
}
_EVERY = {"type": ["string", "number"], "description": "An interval, as 30s, or a cron line of five fields."}


def schema() -> dict[str, Any]:
    """The schema, of JSON Schema's draft 2020-12."""
    whole = msgspec.json.schema(Document, schema_hook=_hook)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Checks of scraper check and scraper watch",
        **whole,
    }


def schema_text() -> str:
    """The same as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _hook(kind: type) -> dict[str, Any]:
    return dict(_DURATION if kind is Seconds else _EVERY)
