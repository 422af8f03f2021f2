"""Options that several commands have, with one meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from scraper.cli.groups import option
from scraper.cli.kinds import DURATION, HEADER, SIZE, Choice
from scraper.settings import Settings

__all__ = [
    "BACKENDS",
    "backend_option",
    "engine_for_checks",
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
_Decorator = Callable[[F], F]


def seconds(value: float) -> str:
    """A duration as options take it: ``30s``."""
    return f"{value:g}s"


def engine_for_checks(name: str, count: int) -> tuple[str, str]:
    """The backend that ``name`` means for ``count`` checks, and why."""
    if name != "auto":
        return name, "as asked for"
    if count == 1:
        return "sequential", "there is one URL to check"
    return "asyncio", "checks wait much and compute little: one core is enough"


def _stack(about: str, *options: Any) -> Any:
    """One decorator, documented by ``about``, that adds ``options``, in their order."""

    def decorate(command: Any) -> Any:
        for each in reversed(options):
            command = each(command)
        return command

    decorate.__doc__ = about
    return decorate


backend_option: _Decorator[Any] = _stack(
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
workers_option: _Decorator[Any] = _stack(
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
limit_options: _Decorator[Any] = _stack(
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
identity_options: _Decorator[Any] = _stack(
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
login_options: _Decorator[Any] = _stack(
    "With which login.",
    option(
        "Identity and safety",
        "--auth",
        metavar="USER:PASSWORD",
        help="Login for the URLs' own origins (Basic); others on this machine may see it, so rather:",
    ),
    option("Identity and safety", "--auth-file", metavar="FILE", help="A file with that in its one line."),
)
route_options: _Decorator[Any] = _stack(
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
message_options: _Decorator[Any] = _stack(
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
