"""Who is told of changes: the webhooks and services of the file of checks, ready to be used.

A receiver has a name that is the same at each start and gives no secret away: what it is, the host or the scheme of its
URL, and some digits of the URL's hash. By that the outbox knows whom its notices are for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from scraper.check.asking.config import Apprise, Notify
from scraper.check.asking.config import Webhook as WebhookTable
from scraper.check.asking.secret import read_secret
from scraper.check.health import Change
from scraper.check.model import Target
from scraper.check.notices.apprising import Service
from scraper.check.notices.message import message_of, message_of_all, payload
from scraper.check.notices.notice import Notice
from scraper.check.notices.webhook import Answer, Webhook
from scraper.errors import ConfigError
from scraper.printing import printable

__all__ = ["Receiver", "receivers", "wanting"]

_TOGETHER = 1_000
"""Changes that people are told of at once, where so many wait: all targets there are, when it is us who is off line."""


class Receiver:
    """One who is told.

    :ivar again: whether one and the same notice may be sent twice, because its receiver would know it by its id.
    :ivar most: notices that it is told at once; more than one where people read them.
    """

    def __init__(
        self,
        name: str,
        table: WebhookTable | Apprise,
        send: Callable[[Sequence[Notice], float], Answer],
        close: Callable[[], None],
        *,
        again: bool,
        most: int = 1,
    ) -> None:
        self.name, self.again, self.most = name, again, most
        self.send, self.close = send, close
        self._on, self._groups = frozenset(table.on), frozenset(table.groups)

    def wants(self, change: Change, group: str) -> bool:
        """Whether it is to be told: of the opening of this kind of trouble; of its end where it also wants ``up``."""
        if self._groups and group not in self._groups:
            return False
        return change.kind.value in self._on and (change.opened or "up" in self._on)


def receivers(notify: Notify, targets: Mapping[str, Target], page: str | None) -> list[Receiver]:
    """All that ``notify`` names, with their secrets read.

    :param targets: by their keys.
    :param page: where the status page is, for those who are told.
    :raises ConfigError: when one cannot be used as it is given, or is given twice.
    """
    found = [_webhook(table, targets, page) for table in notify.webhook]
    found += [_apprise(table, targets, page) for table in notify.apprise]
    names = [each.name for each in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ConfigError(f"{min(twice)} is given twice under notify: name each URL once, with all that it wants")
    return found


def wanting(found: Sequence[Receiver]) -> Callable[[Change, Target], list[str]]:
    """A function that says who is to be told of a change, by name."""

    def names(change: Change, target: Target) -> list[str]:
        return [each.name for each in found if each.wants(change, target.group)]

    return names


def _webhook(table: WebhookTable, targets: Mapping[str, Target], page: str | None) -> Receiver:
    secret = read_secret("secret of a webhook", table.secret, table.secret_file, table.secret_env)
    hook = Webhook(table.url, secret, table.timeout)

    def send(notices: Sequence[Notice], now: float) -> Answer:
        (notice,) = notices
        return hook.send(notice.uid, payload(notice.change, targets.get(notice.change.key), page), now)

    name = f"webhook {urlsplit(table.url).hostname} {_digits(table.url)}"
    return Receiver(printable(name), table, send, hook.close, again=True)


def _apprise(table: Apprise, targets: Mapping[str, Target], page: str | None) -> Receiver:
    url = read_secret("URL of [[notify.apprise]]", table.url, table.url_file, table.url_env)
    if url is None:
        raise ConfigError("[[notify.apprise]] has no URL: give url, url-file or url-env")
    service = Service(url)

    def send(notices: Sequence[Notice], now: float) -> Answer:
        changes = [notice.change for notice in notices]
        if len(changes) > 1:
            return service.send(changes, message_of_all(changes, page))
        return service.send(changes, message_of(changes[0], targets.get(changes[0].key), page))

    name = f"apprise {url.partition(':')[0][:20]} {_digits(url)}"
    return Receiver(printable(name), table, send, service.close, again=False, most=_TOGETHER)


def _digits(url: str) -> str:
    return hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()[:6]
