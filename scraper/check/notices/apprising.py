"""Telling people by the services that Apprise knows: mail, chats, phones. Apprise is an extra, and loaded late.

A URL of Apprise holds its secrets, so none ever stands in a message.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from typing import Any

from scraper.check.health import Change
from scraper.check.model import Verdict
from scraper.check.notices.message import Message
from scraper.check.notices.webhook import Answer
from scraper.errors import ConfigError

__all__ = ["Service"]


class Service:
    """One URL of Apprise.

    :raises ConfigError: without Apprise, and for a URL that it does not know.
    """

    def __init__(self, url: str) -> None:
        with warnings.catch_warnings():  # its plugins are looked through here, and use what Python will do without
            warnings.simplefilter("ignore")
            self._apprise = _loaded(url)

    def send(self, changes: Sequence[Change], message: Message) -> Answer:
        """Try once to tell of ``changes`` by ``message``. Apprise does not say why it failed."""
        try:
            taken = self._apprise.notify(title=message.title, body=message.text, notify_type=_kind(changes))
        except Exception as error:  # noqa: BLE001 - a hundred plugins, and none of them may end the thread
            return Answer(False, detail=type(error).__name__)
        return Answer(bool(taken), detail="" if taken else "the service did not take it")

    def close(self) -> None:
        """There is nothing to close."""


def _loaded(url: str) -> Any:
    try:
        import apprise
    except ImportError as error:
        raise ConfigError("[[notify.apprise]] needs an extra: pip install 'scraper[notify]'") from error
    quiet = logging.getLogger("apprise")
    quiet.handlers = quiet.handlers or [logging.NullHandler()]  # or the last resort of logging would print URLs
    quiet.propagate = False
    loaded = apprise.Apprise()
    if not loaded.add(url):
        scheme = url.partition("://")[0] if "://" in url else "?"
        raise ConfigError(f"Apprise does not know what to do with a URL of yours that begins with {scheme!r}")
    return loaded


def _kind(changes: Sequence[Change]) -> str:
    """How bad the worst of them is."""
    opened = {change.kind for change in changes if change.opened}
    if not opened:
        return "success"
    return "failure" if Verdict.DOWN in opened else "warning"
