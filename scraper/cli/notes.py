"""What the command line says to the person in front of it: on stderr, as much as ``-q`` and ``-v`` ask for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from scraper.printing import printable

__all__ = ["Notes", "shown", "tell"]


def shown(text: str) -> str:
    """``text`` as a terminal may see it, line by line: names of files and of the web can hold anything."""
    return "\n".join(map(printable, text.split("\n")))


def tell(text: str, *, styled: bool = False) -> None:
    """Write ``text`` to stderr. Where that is full or nobody reads it, nobody is told, and all else goes on.

    :param styled: it has colours, and nothing else in it could steer a terminal.
    """
    with contextlib.suppress(OSError, ValueError):
        click.echo(text if styled else shown(text), err=True, color=styled or None)  # or click would strip them


class Notes:
    """Says notes; errors are said by the caller in :mod:`scraper.cli`, whatever was asked for."""

    def __init__(self, *, quiet: bool, verbose: bool) -> None:
        self.quiet, self.verbose = quiet, verbose

    @classmethod
    def asked_for(cls, given: Mapping[str, Any]) -> Notes:
        """The notes that a command's parameters ask for.

        :raises UsageError: for both ``-q`` and ``-v``.
        """
        if given["quiet"] and given["verbose"]:
            raise click.UsageError("-q and -v exclude each other")
        return cls(quiet=given["quiet"], verbose=given["verbose"])

    def say(self, text: str, *, styled: bool = False) -> None:
        """Say what everybody should know, unless they asked for quiet; see :func:`tell`."""
        if not self.quiet:
            tell(text, styled=styled)

    def explain(self, text: str) -> None:
        """Say what those who asked for more should know."""
        if self.verbose:
            tell(text)

    def interject(self, text: str) -> None:
        """:meth:`say` inside a signal handler: past the stream, which may be in the middle of something else."""
        if not self.quiet:
            start = "\r\x1b[K" if sys.stderr.isatty() else ""  # a live line may stand there, and the terminal's ^C
            with contextlib.suppress(OSError, ValueError):
                os.write(sys.stderr.fileno(), f"{start}{shown(text)}\n".encode(errors="backslashreplace"))
