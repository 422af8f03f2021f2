"""Ctrl-C and SIGTERM: the first lets what is in flight come in, the second stops at once; both leave a whole store."""

from __future__ import annotations

import contextlib
import re
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from scraper.cli.signals import ignore_late
from scraper.run import Run

__all__ = ["command_that_goes_on", "interruptible"]


@contextlib.contextmanager
def interruptible(run: Run, say: Callable[[str], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM end ``run`` in order; afterwards there is nothing left to end, and both are ignored.

    :param say: prints one line for the user; it is called inside the handler.
    """

    def handle(*_: Any) -> None:
        if run.stopped:
            say("stopping at once")
            run.break_off()
        else:
            run.stop()
            flying = run.crawl.in_flight
            what = f"finishing {flying} {'request' if flying == 1 else 'requests'} in flight" if flying else "ending"
            say(f"{what}; once more stops at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    try:
        yield
    finally:
        ignore_late()


def command_that_goes_on(
    words: Sequence[str], *, without_stdin: bool, headers: Sequence[tuple[str, str]] = (), proxy: str | None = None
) -> str:
    """The shell command that resumes the crawl that ``scraper`` with the arguments ``words`` began.

    It ends up on terminals and in logs, so the values of headers and the proxy's login are not in it; a comment in it
    says so.

    :param without_stdin: leave ``-`` out, because the store keeps the seeds that came from there.
    :param headers: those that ``words`` give.
    :param proxy: the one that ``words`` give.
    """
    kept = [word for before, word in zip(["", *words], words, strict=False) if not _stdin(before, word, without_stdin)]
    whole, kept = kept, [_masked(word, headers, proxy) for word in kept]
    secret = kept != whole
    if "--resume" not in kept:
        kept.insert(kept.index("crawl") + 1, "--resume")
    program = [Path(sys.argv[0]).name] if Path(sys.argv[0]).name == "scraper" else ["python", "-m", "scraper"]
    return shlex.join([*program, *kept]) + ("  # give once more what *** stands for" if secret else "")


def _masked(word: str, headers: Sequence[tuple[str, str]], proxy: str | None) -> str:
    """``word`` without the secret in it, however the option before it or in it is written."""
    for name, value in headers:
        if value and re.search(rf"{re.escape(name)}\s*:\s*{re.escape(value)}\s*\Z", word):
            return word.rstrip().removesuffix(value) + "***"
    if proxy and "@" in proxy and word.endswith(proxy):
        return word.removesuffix(proxy) + re.sub(r"[^/]*@", "***@", proxy)
    return word


def _stdin(before: str, word: str, gone: bool) -> bool:
    """Whether ``word`` names a standard input that need not be read again; ``-o -`` is the output."""
    return gone and word == "-" and before not in ("-o", "--output")
