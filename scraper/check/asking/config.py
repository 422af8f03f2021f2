"""A file of checks, in TOML: what its tables hold, and the whole of what was read.

::

    [defaults]                      keys for all checks of the file
    [[check]]                       one check: url, and keys of its own
    [group.eu]                      keys for the checks of a group
    [[group.eu.check]]              one check of it
    [module.shop]                   keys for /probe?module=shop
    [watch] [notify] [[maintenance]] [history] [web]      for ``scraper watch``

The structs are the reference: they are what is decoded, and the JSON Schema is made from them. A key is written with
hyphens, ``slower-than``. :mod:`scraper.check.asking.document` reads such a file; :mod:`scraper.check.asking.targets`
reads files, lists and arguments together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, Meta, UnsetType

from scraper.check.asking.keys import read_key
from scraper.check.model import Target
from scraper.errors import ConfigError
from scraper.report.human import parse_duration

__all__ = [
    "Apprise",
    "Check",
    "Checklist",
    "Conditions",
    "Document",
    "Every",
    "Group",
    "History",
    "Keys",
    "Maintenance",
    "Module",
    "Notify",
    "Seconds",
    "Watch",
    "Web",
    "Webhook",
    "convert",
]


class Seconds(float):
    """A duration: in a file ``"2s"``, ``"14d"``, or a plain number of seconds; here seconds."""


class Every(str):
    """An interval, ``30s``, or a cron line of five fields; see :mod:`scraper.check.timing.every`."""

    __slots__ = ()


def _default(seconds: float) -> Seconds:
    """A plain number, which a JSON Schema can show."""
    return cast("Seconds", float(seconds))


def _hook(kind: type, value: Any) -> Any:
    """Decode what msgspec does not know: durations and intervals."""
    try:
        return _seconds(value) if kind is Seconds else Every(read_key("every", value)["every"])
    except ConfigError as error:
        raise ValueError(str(error).removeprefix("every: ")) from None


def _seconds(value: Any) -> Seconds:
    if isinstance(value, str):
        return Seconds(parse_duration(value))
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"{value!r} is no duration: write 10 (seconds), '50ms', '1.5s', '2m' or '1h30m'")
    return Seconds(value)


def convert(value: Any, kind: Any) -> Any:
    """``value``, as a TOML file holds it, as ``kind``.

    :raises msgspec.ValidationError: with a text that says what is wrong, and its path in ``value``.
    """
    return msgspec.convert(value, kind, dec_hook=_hook)


Duration: TypeAlias = str | float
"""In the keys of checks, which are read by :mod:`scraper.check.asking.keys`, as those of lists are."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """A table of the file: fixed, and without keys that nobody knows."""


class Conditions(_Table, frozen=True, kw_only=True):
    """What is asked, and what is expected."""

    expect: Annotated[
        int | str | list[int | str] | UnsetType,
        Meta(description="Statuses that are expected: 200, '200..399,429', or a list of such.", examples=["200..399"]),
    ] = UNSET
    match: Annotated[
        str | list[str] | UnsetType,
        Meta(description="A text that must stand in the body, or a /regular expression/ that must match; or several."),
    ] = UNSET
    json: Annotated[
        str | list[str] | dict[str, str | int | float | bool] | UnsetType,
        Meta(description="What must stand in a JSON body: 'PATH=VALUE', several of them, or a table of paths."),
    ] = UNSET
    slower_than: Annotated[
        Duration | Literal[False] | UnsetType,
        Meta(description="The server's time from which on it is slow; false never.", examples=["2s"]),
    ] = UNSET
    cert_days: Annotated[
        Duration | Literal[False] | UnsetType,
        Meta(description="Days that the certificate must hold, or a duration; false for any.", examples=[14]),
    ] = UNSET
    method: Annotated[
        Literal["get", "head", "auto"] | UnsetType,
        Meta(description="How it is asked; auto asks by HEAD where that says enough, and else by GET."),
    ] = UNSET
    tries: Annotated[int | UnsetType, Meta(description="Attempts at most until it counts as down.", examples=[3])] = (
        UNSET
    )
    pause: Annotated[
        Duration | UnsetType,
        Meta(description="Before the second attempt; each later one waits twice as long.", examples=["1s"]),
    ] = UNSET
    follow: Annotated[bool | UnsetType, Meta(description="Whether redirects are followed.")] = UNSET
    timeout: Annotated[Duration | UnsetType, Meta(description="For one fetch, connecting included.")] = UNSET


class Keys(Conditions, frozen=True, kw_only=True):
    """The keys of checks: for one, for a group, or for all; what is nearest to a check holds."""

    every: Annotated[
        Duration | UnsetType,
        Meta(
            description="When a watch checks it again: an interval, or a cron line of five fields.",
            examples=["30s", "*/5 8-18 * * mon-fri"],
        ),
    ] = UNSET


class Check(Keys, frozen=True, kw_only=True):
    """One check."""

    url: Annotated[str, Meta(description="What is asked for.", examples=["https://shop.example/"])]
    name: Annotated[str, Meta(description="What people call it; unique in its group. The URL if not given.")] = ""
    group: Annotated[str, Meta(description="Where it stands on a page; not in [[group.NAME.check]].")] = ""


class Module(Conditions, frozen=True, kw_only=True):
    """What ``/probe`` expects where it is asked for under this name; else as in http_2xx."""


class Group(Keys, frozen=True, kw_only=True):
    """Checks that stand together, and keys that hold for all of them."""

    check: list[Check] = []


class Watch(_Table, frozen=True, kw_only=True):
    """How ``scraper watch`` goes about it."""

    every: Annotated[Every, Meta(description="For checks without one: an interval, or a cron line.")] = cast(
        "Every", "1m"
    )
    jitter: Annotated[Seconds, Meta(description="Each round comes up to so much later, by chance.")] = _default(0)
    timezone: Annotated[
        str | None, Meta(description="Of cron lines, as Europe/Berlin; the machine's if not given.")
    ] = None
    spread: Annotated[bool, Meta(description="Whether the first rounds are spread over their intervals.")] = True
    fall: Annotated[int, Meta(ge=1, description="Bad results in a row that open an incident.")] = 2
    rise: Annotated[int, Meta(ge=1, description="Good results in a row that close it.")] = 2


Event: TypeAlias = Literal["down", "blocked", "cert", "slow", "up"]


class Webhook(_Table, frozen=True, kw_only=True):
    """Where changes are told as signed JSON."""

    url: str
    secret: Annotated[str | None, Meta(description="What the body is signed with (HMAC-SHA256).")] = None
    secret_file: Annotated[str | None, Meta(description="A file with the secret in its one line.")] = None
    secret_env: Annotated[str | None, Meta(description="The name of an environment variable with the secret.")] = None
    timeout: Annotated[Seconds, Meta(description="For one try.")] = _default(10)
    on: Annotated[tuple[Event, ...], Meta(description="Which changes; up is every recovery.")] = ("down", "up")
    groups: Annotated[tuple[str, ...], Meta(description="Only of these groups; all if none is named.")] = ()


class Apprise(_Table, frozen=True, kw_only=True):
    """A service of Apprise (an extra) that changes are told to."""

    url: Annotated[str | None, Meta(description="As Apprise writes it; it may hold a secret.")] = None
    url_file: Annotated[str | None, Meta(description="A file with the URL in its one line.")] = None
    url_env: Annotated[str | None, Meta(description="The name of an environment variable with the URL.")] = None
    on: tuple[Event, ...] = ("down", "up")
    groups: tuple[str, ...] = ()


class Notify(_Table, frozen=True, kw_only=True):
    """Who is told of changes."""

    webhook: list[Webhook] = []
    apprise: list[Apprise] = []
    expire: Annotated[Seconds, Meta(description="How long a notice is tried again.")] = _default(86_400)


class Maintenance(_Table, frozen=True, kw_only=True):
    """A time in which trouble is expected: from ``start`` to ``end``, or from each ``every`` on for ``duration``."""

    title: str = "maintenance"
    start: datetime | None = None
    end: datetime | None = None
    every: Annotated[Every | None, Meta(description="A cron line: when it begins, each time.")] = None
    duration: Seconds | None = None
    timezone: Annotated[str | None, Meta(description="Of the cron line, and of times without one.")] = None
    groups: Annotated[tuple[str, ...], Meta(description="Only these groups; all if nothing is named.")] = ()
    checks: Annotated[tuple[str, ...], Meta(description="Only these checks: 'name', or 'group/name'.")] = ()

    def __post_init__(self) -> None:
        """Refuse what is neither the one nor the other.

        :raises ValueError: with what to write.
        """
        once = self.start is not None and self.end is not None
        again = self.every is not None and self.duration is not None
        given = (self.start, self.end, self.every, self.duration)
        if once == again or sum(each is not None for each in given) != 2:
            raise ValueError("a maintenance has start and end, or every (a cron line) and duration")


class History(_Table, frozen=True, kw_only=True):
    """What is kept, and for how long."""

    file: Annotated[str | None, Meta(description="The SQLite file.")] = None
    keep: Annotated[Seconds, Meta(description="Each result.")] = _default(2 * 86_400)
    hourly: Annotated[Seconds, Meta(description="What came to pass in each hour.")] = _default(100 * 86_400)
    daily: Annotated[Seconds, Meta(description="What came to pass on each day.")] = _default(2 * 366 * 86_400)


class Web(_Table, frozen=True, kw_only=True):
    """The status page."""

    listen: Annotated[str, Meta(description="Address and port.", examples=["127.0.0.1:8600"])] = "127.0.0.1:8600"
    title: str = "Status"
    description: str = ""
    url: Annotated[str | None, Meta(description="By which address others reach it, for links in notices.")] = None
    token: Annotated[str | None, Meta(description="Who has it may change things, and ask for /probe.")] = None
    token_file: Annotated[str | None, Meta(description="A file with the token in its one line.")] = None


class Document(_Table, frozen=True, kw_only=True):
    """A whole file."""

    defaults: Keys = Keys()
    check: list[Check] = []
    group: dict[str, Group] = {}
    watch: Watch = Watch()
    notify: Notify = Notify()
    maintenance: list[Maintenance] = []
    history: History = History()
    web: Web = Web()
    module: dict[str, Module] = {}


class Checklist(msgspec.Struct, kw_only=True):
    """What was read: all files, lists and arguments together.

    :ivar targets: complete, in order; each key (``group/name``) once.
    :ivar module: what ``/probe`` knows by name: the fields of targets that were given.
    :ivar notes: what a person may want to know: guessed schemes, repeated lines.
    :ivar bad: what was passed over, a message each, at most ten of them; ``bad_count`` in all.
    """

    targets: list[Target] = []
    watch: Watch = Watch()
    notify: Notify = Notify()
    maintenance: list[Maintenance] = []
    history: History = History()
    web: Web = Web()
    module: dict[str, dict[str, Any]] = {}
    notes: list[str] = []
    bad: list[str] = []
    bad_count: int = 0

    def complaint(self) -> str:
        """The bad lines as one text."""
        more = self.bad_count - len(self.bad)
        return "\n".join([*self.bad, f"... and {more} more"] if more else self.bad)
