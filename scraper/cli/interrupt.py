"""Ctrl-C and SIGTERM: the first lets what is in flight come in, the second stops at once; both leave a whole store.

A third ends the process hard, and so does an alarm when the second has not ended it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scraper.cli.signals import ENDING, ignore_late
from scraper.run import Run

__all__ = ["command_as_shown", "command_that_goes_on", "interruptible"]


_PATIENCE = 3.0
"""Seconds after the second signal until the process is ended hard: longer than a backend needs to end its workers."""


@contextlib.contextmanager
def interruptible(run: Run[Any], say: Callable[[str], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end ``run`` in order; afterwards there is nothing left to end, and both are ignored.

    :param say: prints one line for the user; it is called inside the handler.
    """
    ending = _Ending(run, say)
    _handle(ending.first)
    try:
        yield
    finally:
        ignore_late()
        ending.disarm()


class _Ending:
    """What the signals do, one after the other; each method is a handler, on the run's thread."""

    def __init__(self, run: Run[Any], say: Callable[[str], None]) -> None:
        self._run, self._say = run, say
        self._before: Any = None

    def first(self, *_: Any) -> None:
        """Let what is in flight come in."""
        self._run.stop()
        _handle(self.second)
        flying = self._run.core.in_flight
        what = f"finishing {flying} {'request' if flying == 1 else 'requests'} in flight" if flying else "ending"
        self._say(f"{what}; once more stops at once")

    def second(self, *_: Any) -> None:
        """Stop at once; where a page's function keeps the thread to itself, the alarm or one more signal does."""
        _handle(self.last)
        self._before = signal.signal(signal.SIGALRM, self.last)
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
        self._say("stopping at once")
        self._run.break_off()

    def last(self, *_: Any) -> None:
        """End the process where it stands. The stores are made to survive that, and workers end with their parent."""
        ignore_late()
        self._run.save()
        self._say("interrupted: ended without waiting for what did not end")
        os._exit(130)

    def disarm(self) -> None:
        """Forget the alarm, if it is set."""
        if self._before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)


def _handle(handler: Callable[..., None]) -> None:
    for number in ENDING:
        signal.signal(number, handler)


def command_that_goes_on(
    words: Sequence[str],
    *,
    without_stdin: bool,
    headers: Sequence[tuple[str, str]] = (),
) -> str:
    """The shell command that resumes the crawl that ``scraper`` with the arguments ``words`` began.

    It ends up on terminals and in logs, so the values of headers, the login and the proxy's are not in it; a comment in
    it says so.

    :param without_stdin: leave ``-`` out, because the store keeps the seeds that came from there.
    :param headers: those that ``words`` give.
    """
    pairs = [pair for pair in zip(["", *words], words, strict=False) if not _stdin(*pair, without_stdin)]
    kept = [_masked(before, word, headers) for before, word in pairs]
    secret = kept != [word for _, word in pairs]
    if "--resume" not in kept:
        kept.insert(kept.index("crawl") + 1, "--resume")
    return shlex.join([*_program(), *kept]) + ("  # give once more what *** stands for" if secret else "")


def command_as_shown(words: Sequence[str], headers: Sequence[tuple[str, str]] = ()) -> str:
    """The shell command that ``words`` are of, without the secrets in it; see :func:`command_that_goes_on`."""
    pairs = zip(["", *words], words, strict=False)
    return shlex.join([*_program(), *(_masked(before, word, headers) for before, word in pairs)])


def _program() -> list[str]:
    name = Path(sys.argv[0]).name
    return [name] if name == "scraper" else ["python", "-m", "scraper"]


def _masked(before: str, word: str, headers: Sequence[tuple[str, str]]) -> str:
    """``word``, which stands behind ``before``, without the secret in it; also of an option that a later one undoes."""
    for name, value in headers:
        if value and re.search(rf"{re.escape(name)}\s*:\s*{re.escape(value)}\s*\Z", word):
            return word.rstrip().removesuffix(value) + "***"
    if before == "--proxy" or word.startswith("--proxy="):
        return re.sub("(?<=//).*@", "***@", word, flags=re.DOTALL)
    if before == "--auth" or word.startswith("--auth="):
        return "***" if before == "--auth" else "--auth=***"
    return word


def _stdin(before: str, word: str, gone: bool) -> bool:
    """Whether ``word`` names a standard input that need not be read again; ``-o -`` is the output."""
    return gone and word == "-" and before not in ("-o", "--output")
