"""Checks joined together: :func:`check_urls` for Python, :func:`open_checks` for what drives them itself.

The function is not called ``check``: that is the name of this package.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Unpack

import msgspec

from scraper.api import no_loop_here
from scraper.backends import create
from scraper.check.core import Checks
from scraper.check.model import Result, Target
from scraper.check.schedule import Once, Schedule
from scraper.errors import ConfigError
from scraper.options import Options, make_settings
from scraper.run import Nowhere, Run, around
from scraper.seeds import seed_url
from scraper.settings import CHECKS

if TYPE_CHECKING:
    from scraper.backends.base import Backend
    from scraper.settings import Settings
    from scraper.store.base import Writer

__all__ = ["OPTIONS", "check_urls", "choose_backend", "for_checks", "open_checks"]

OPTIONS = frozenset(
    {
        *("concurrency", "workers", "per_host", "per_address", "delay", "timeout", "connect_timeout", "max_size"),
        *("headers", "user_agent", "auth", "proxy", "allow_private", "ca_file"),
    }
)
"""Those of :class:`scraper.options.Options` that are about checks, too; the others are about crawls."""


def check_urls(
    *targets: str | Target,
    settings: Settings | None = None,
    backend: str | Backend = "auto",
    **options: Unpack[Options],
) -> Iterator[Result]:
    """Check each of ``targets`` once; the results, as they come in.

    ::

        for result in scraper.check_urls("https://example.org", "https://example.com/shop"):
            print(result.verdict.value, result.target.url, result.detail)

    A :class:`~scraper.check.model.Target` says what is expected besides; a URL alone is expected to answer 200 to 399,
    within three attempts. Everything is closed when the loop ends, also when it is left early. While the loop's body
    works, nothing else is checked. With ``backend="asyncio"``, which ``auto`` may choose, the thread must not run an
    event loop of its own.

    :param settings: what ``options`` change; :data:`scraper.settings.CHECKS` where there is none.
    :param backend: ``auto``, a name, or one of your own; see :func:`scraper.crawl`.
    :param options: those of :func:`scraper.crawl` that are in :data:`OPTIONS`.
    :raises ConfigError: for what cannot be meant.
    :raises BackendError: when the workers cannot be kept alive.
    """
    if not targets:
        raise ConfigError("there is nothing to check: give at least one URL or Target")
    if not isinstance(backend, str) and not hasattr(backend, "submit"):
        raise ConfigError(f"backend must be a name, such as 'asyncio', or a Backend, not {backend!r}")
    for name in options:
        if name not in OPTIONS:
            raise ConfigError(f"a check has no option {name!r}: it has {', '.join(sorted(OPTIONS))}")
    if backend in ("auto", "asyncio"):
        no_loop_here("use a thread: await asyncio.to_thread(list, scraper.check_urls(...))")
    return _results([_target(target) for target in targets], make_settings(settings or CHECKS, **options), backend)


def open_checks(
    targets: Sequence[Target],
    settings: Settings,
    backend: str | Backend,
    store: Writer[Result],
    schedule: Schedule | None = None,
    chance: Callable[[], float] = random.random,
) -> Run[Result]:
    """Join checks that are ready to be driven; nothing is asked for yet.

    :param backend: a name, ``auto`` too, or a backend of one's own.
    :param schedule: when which of ``targets`` is checked; None is all of them once.
    :raises ConfigError: for an unknown backend.
    """
    try:
        urls = [target.url for target in targets]
        settings = for_checks(settings, urls)
        if isinstance(backend, str):
            backend = create(choose_backend(backend, len(targets), once=schedule is None)[0], settings)
        epoch = time.time() - backend.clock()
        core = Checks(targets, settings, schedule or Once(len(targets)), chance, epoch)
        return Run(core, backend, store)
    except BaseException:
        store.close()
        raise


def choose_backend(name: str, count: int, *, once: bool = True) -> tuple[str, str]:
    """The backend that ``name``, which may be ``auto``, means for ``count`` checks, and why.

    :param once: whether each is made once.
    """
    if name != "auto":
        return name, "as asked for"
    if count == 1 and once:
        return "sequential", "there is one URL to check"
    return "asyncio", "checks wait much and compute little: one core is enough"


def for_checks(settings: Settings, urls: Sequence[str]) -> Settings:
    """``settings`` as checks of ``urls`` want them: nothing beyond what is named, and redirects as the servers say.

    Logins go to the origins of ``urls``; private addresses among them may be asked, as they were named.
    """
    budget = msgspec.structs.replace(settings.budget, depth=0)
    traps = msgspec.structs.replace(settings.traps, sessions=False)
    return around(msgspec.structs.replace(settings, budget=budget, traps=traps), urls)


def _results(targets: Sequence[Target], settings: Settings, backend: str | Backend) -> Iterator[Result]:
    with open_checks(targets, settings, backend, Nowhere()) as run:
        for results in run.rounds():
            yield from results


def _target(target: str | Target) -> Target:
    if isinstance(target, str):
        return Target(url=seed_url(target))
    if not isinstance(target, Target):
        raise ConfigError(f"a target must be a URL as a text, or a Target, not {target!r}")
    return msgspec.structs.replace(target, url=seed_url(target.url))
