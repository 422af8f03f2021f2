"""The static files, read once: the few names that are served, and no path to anything else."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import NamedTuple

from scraper.check.web.board import Body, made

__all__ = ["Assets", "load_assets"]

_KINDS = {
    "status.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


class Assets(NamedTuple):
    """The files by name, and a stamp that is another when one of them is."""

    files: dict[str, Body]
    stamp: str


def load_assets() -> Assets:
    """Read the files of the package."""
    folder = files("scraper.check.web") / "static"
    bodies = {name: made(kind, (folder / name).read_bytes()) for name, kind in _KINDS.items()}
    joined = b"".join(body.raw for body in bodies.values())
    return Assets(bodies, hashlib.blake2s(joined, digest_size=6).hexdigest())
