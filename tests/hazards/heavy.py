"""A page that takes long to parse, for worker processes to import: no test's tools, so that they start quickly."""

from __future__ import annotations

import time

from scraper.parse import Document

__all__ = ["WORK", "parse"]

WORK = 0.1
"""Seconds of a core that a page takes: twenty times the interval after which threads change places."""


def parse(found: Document) -> int:
    """Compute in pure Python; how far it has got."""
    turns, end = 0, time.thread_time() + WORK
    while time.thread_time() < end:
        turns += 1
    return turns
