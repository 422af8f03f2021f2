"""The exit codes; :mod:`scraper.cli` says what they mean."""

from __future__ import annotations

__all__ = ["BROKEN", "FAILURES", "INTERRUPTED", "PIPE_CLOSED", "USAGE"]

FAILURES, USAGE, BROKEN, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141
