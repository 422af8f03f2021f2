"""Options that several commands have, with one meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import click
from click.core import ParameterSource

from scraper.cli.groups import option
from scraper.cli.kinds import DELAY, DURATION, HEADER, SIZE, Choice
from scraper.settings import CHECKS, Settings

__all__ = [
    "BACKENDS",
    "asked_for",
    "backend_option",
    "check_pace_options",
    "identity_options",
    "limit_options",
    "login_options",
    "message_options",
    "route_options",
    "seconds",
    "workers_option",
]

BACKENDS = ("auto", "sequential", "threads", "processes", "asyncio", "hybrid")

_DEFAULTS = Settings()
F = TypeVar("F", bound=Callable[..., Any])


class _Decorator(Protocol):
    def __call__(self, command: F, /) -> F: ...


def seconds(value: float) -> str:
    """A duration as options take it: ``30s``."""
    return f"{value:g}s"


def asked_for(context: click.Context, given: Iterable[str]) -> set[str]:
    """Of a command's parameters ``given``, those that the user gave."""
    return {name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}


def _stack(about: str, *options: _Decorator) -> _Decorator:
    """One decorator, documented by ``about``, that adds ``options``, in their order."""

    def decorate(command: F, /) -> F:
        for each in reversed(options):
            command = each(command)
        return command

    decorate.__doc__ = about
    return decorate


backend_option = _stack(
    "How requests run side by side.",
    option(
        "Pace",
        "--backend",
        type=Choice(BACKENDS),
        default="auto",
        usual="auto",
        help="How requests run side by side; auto chooses and -v says why.",
    ),
)
workers_option = _stack(
    "In how many processes.",
    option(
        "Pace",
        "--workers",
        type=int,
        usual=_DEFAULTS.workers,
        metavar="N",
        help="Processes, for processes and hybrid.",
    ),
)
check_pace_options = _stack(
    "How checks run side by side, and how politely.",
    backend_option,
    option(
        "Pace",
        "--concurrency",
        type=int,
        usual=CHECKS.concurrency,
        metavar="N",
        help="Requests in flight at most.",
    ),
    workers_option,
    option(
        "Pace",
        "--per-host",
        type=int,
        usual=_DEFAULTS.politeness.per_host,
        metavar="N",
        help="Requests in flight on one host at most.",
    ),
    option(
        "Pace",
        "--delay",
        type=DELAY,
        metavar="DURATION|auto",
        usual="auto",
        help="Time between two starts on one host; auto is half a second, and none on this machine itself.",
    ),
)
limit_options = _stack(
    "What one fetch may take.",
    option(
        "One fetch",
        "--timeout",
        type=DURATION,
        usual=f"{seconds(_DEFAULTS.limits.total)}, {seconds(_DEFAULTS.limits.read)} of silence",
        help="For the whole of it, silence included.",
    ),
    option(
        "One fetch",
        "--connect-timeout",
        type=DURATION,
        usual=seconds(_DEFAULTS.limits.connect),
        help="For connecting, TLS included.",
    ),
    option(
        "One fetch",
        "--max-size",
        type=SIZE,
        usual=f"{_DEFAULTS.limits.size // 1_000_000}MB",
        help="Of a body, before and after decompression.",
    ),
)
identity_options = _stack(
    "Who asks.",
    option(
        "Identity and safety",
        *("-H", "--header", "headers"),
        multiple=True,
        type=HEADER,
        help="A further request header; repeatable.",
    ),
    option(
        "Identity and safety",
        "--user-agent",
        usual=_DEFAULTS.identity.user_agent,
        metavar="TEXT",
        help="Who asks.",
    ),
)
login_options = _stack(
    "With which login.",
    option(
        "Identity and safety",
        "--auth",
        metavar="USER:PASSWORD",
        help="Login for the URLs' own origins (Basic); others on this machine may see it, so rather:",
    ),
    option("Identity and safety", "--auth-file", metavar="FILE", help="A file with that in its one line."),
)
route_options = _stack(
    "By which way, and whom one trusts.",
    option(
        "Identity and safety",
        "--proxy",
        metavar="URL",
        help="A proxy: http, socks5, socks5h or socks4; the environment is never asked.",
    ),
    option(
        "Identity and safety",
        "--ca-file",
        metavar="FILE",
        help="Further certificate authorities to trust (PEM).",
    ),
    option(
        "Identity and safety",
        "--allow-private",
        is_flag=True,
        help="Connect also to addresses that are not public, and that no URL given here names.",
    ),
)
message_options = _stack(
    "What is said on the way.",
    option("Messages", "-q", "--quiet", is_flag=True, help="Errors only."),
    option("Messages", "-v", "--verbose", is_flag=True, help="Notes too; tracebacks of internal errors."),
    option(
        "Messages",
        "--color",
        type=Choice(["auto", "always", "never"]),
        default="auto",
        usual="auto",
        help="Colours of what people read.",
    ),
)
