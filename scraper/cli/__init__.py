"""The command line: one file a command; nothing here but arguments, calls and exit codes.

Data goes to stdout; progress, notes, the summary and errors go to stderr. Exit codes:

==== ==================================================================================
0    all went well
1    the crawl ran and found failures: URLs without an answer, or with a status of 400 and more,
     or pages on which the user's own function failed; the backends of a comparison differ
2    usage or configuration: nothing ran
3    the crawl broke off: the disk, the workers, or a bug; what was recorded stands
130  interrupted; what was recorded stands
141  nobody reads our output any more (``scraper crawl ... | head -1``), as if by SIGPIPE
==== ==================================================================================
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

from scraper import __version__
from scraper.cli.check import check
from scraper.cli.codes import BROKEN, INTERRUPTED, PIPE_CLOSED, USAGE
from scraper.cli.compare import compare
from scraper.cli.crawl import crawl
from scraper.cli.notes import tell
from scraper.cli.signals import ignore_late, kept
from scraper.cli.watch import watch
from scraper.cli.why import why
from scraper.errors import ConfigError, ScraperError

__all__ = ["cli", "main", "run"]

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What the help and a dry run may meet when they are printed; a store's troubles are told by the store."""


class _PipeClosed(Exception):
    """Nobody reads the help or the dry run any more."""


@contextlib.contextmanager
def _past_click() -> Iterator[None]:
    """Bring a closed pipe past click, which would end the process with 1."""
    try:
        yield
    except BrokenPipeError as error:
        raise _PipeClosed from error


class _Commands(click.Group):
    """A group whose commands may meet a closed pipe, when they are read (``--help``) and when they are run."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _past_click():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _past_click():
            return super().invoke(ctx)


@click.group(cls=_Commands, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="scraper")
def cli() -> None:
    """Fetch many pages, politely, and know what happened.

    `scraper crawl --help` and `scraper check --help` tell the rest.
    """


cli.add_command(check)
cli.add_command(compare)
cli.add_command(crawl)
cli.add_command(watch)
cli.add_command(why)


def main() -> NoReturn:
    """Run the command line and leave the process with its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 - for as long as the process lives
    code = _run(sys.argv[1:])
    ignore_late()
    _flush(sys.stderr)
    if not _flush(sys.stdout):
        code = code or PIPE_CLOSED
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` spell, and give its exit code; trouble becomes one message on stderr.

    Signal handlers are as before afterwards.
    """
    with kept():
        return _run(arguments)


def _run(arguments: Sequence[str]) -> int:
    try:
        code = cli.main(list(arguments), prog_name="scraper", obj=list(arguments), standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        message = io.StringIO()
        error.show(message)  # past our own border: it repeats arguments as they were given
        tell(message.getvalue().rstrip("\n"))
        return USAGE
    except ScraperError as error:
        tell("\n".join([f"error: {error}", *getattr(error, "__notes__", ())]))
        return USAGE if isinstance(error, ConfigError) else BROKEN
    except (click.Abort, KeyboardInterrupt):
        tell("interrupted")
        return INTERRUPTED
    except _PipeClosed:
        return PIPE_CLOSED
    except OSError as error:
        if error.errno not in _NO_ROOM:
            return _bug(error, arguments)
        tell(f"error: standard output: {error.strerror}")
        return BROKEN
    except Exception as error:  # noqa: BLE001 - a bug of ours: the last place that can say so in one line
        return _bug(error, arguments)


def _bug(error: Exception, arguments: Sequence[str]) -> int:
    if any(argument == "--verbose" or _is_v(argument) for argument in arguments):
        tell("".join(traceback.format_exception(error)).rstrip("\n"))
    what = f"{type(error).__name__}: {error}".replace("\n", " ")
    tell(f"internal error: {what}; run with -v for the traceback")
    return BROKEN


def _is_v(argument: str) -> bool:
    """Whether it is ``-v``, maybe among other short flags."""
    return argument.startswith("-") and not argument.startswith("--") and "v" in argument[1:]


def _flush(stream: object) -> bool:
    """Write out what ``stream`` still holds.

    :returns: False when nobody reads it; it is led to nowhere then, or the interpreter would complain at its end.
    """
    try:
        stream.flush()  # type: ignore[attr-defined]
    except (OSError, ValueError, AttributeError):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
        return False
    return True
