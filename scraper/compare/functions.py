"""Functions of a user, as the named workloads have them: the same work on every page, counted in steps and not in time.

What they take is said for a core of 2020 or so; on another it is another time, and the same for every backend.
"""

from __future__ import annotations

import hashlib
import time
import zlib

from scraper.parse.document import Document

__all__ = ["a_little", "held", "released", "waits"]

_STEPS = 50_000
_FEW = 20_000
_TURNS = 16_000
_PAUSE = 0.02


def held(page: Document) -> dict[str, int]:
    """Some 5 ms of pure Python, which holds the interpreter's lock all the time."""
    return {"sum": _spin(_seed(page), _STEPS)}


def a_little(page: Document) -> dict[str, int]:
    """Some 2 ms of it."""
    return {"sum": _spin(_seed(page), _FEW)}


def released(page: Document) -> dict[str, str]:
    """Some 5 ms in C, without the interpreter's lock: a password's hash, for something to do (RFC 8018, 5.2)."""
    return {"hash": hashlib.pbkdf2_hmac("sha256", _path(page).encode(), b"scraper", _TURNS).hex()}


def waits(page: Document) -> dict[str, int]:
    """20 ms of waiting, as for another service."""
    time.sleep(_PAUSE)
    return {"sum": _seed(page)}


def _path(page: Document) -> str:
    """What of its URL is the same wherever the local server listens."""
    return page.url.partition("//")[2].partition("/")[2]


def _seed(page: Document) -> int:
    return zlib.crc32(_path(page).encode())


def _spin(value: int, steps: int) -> int:
    """A linear congruential generator (Knuth, TAOCP 2, 3.3.4), ``steps`` times."""
    for _ in range(steps):
        value = (value * 1_664_525 + 1_013_904_223) & 0xFFFF_FFFF
    return value
