"""What a crawl may do, as frozen values that answer their own questions.

:class:`Settings` groups them; each group is the policy of one part, and the parts ask it: ``scope.admits(url)``,
``politeness.delay_for(host)``, ``retry.wait(outcome, chance)``. Nothing here sleeps, opens or reads a clock.
"""

from __future__ import annotations

import re

import msgspec

from scraper.model import Failed, Fetched, Outcome
from scraper.scope import Scope, ScopeMode

__all__ = [
    "CHECKS",
    "Budget",
    "Discovery",
    "Identity",
    "Limits",
    "Parsing",
    "Politeness",
    "Retry",
    "Safety",
    "Scope",
    "ScopeMode",
    "Settings",
    "Traps",
    "is_loopback",
]

MB = 1_000_000


class Politeness(msgspec.Struct, frozen=True):
    """How gently a host is asked.

    :ivar per_host: requests in flight on one host at most.
    :ivar per_address: requests in flight on one IP address at most, whatever the hosts; None is ``auto``: four times
        ``per_host``, and no limit on the loopback addresses.
    :ivar delay: seconds between two starts on one host; None is ``auto``: half a second to begin with, then adapted to
        the server's times and troubles, and nothing on the loopback addresses, where nobody but oneself can be
        disturbed. An address is asked at most four times as often as a host.
    :ivar longest_delay: seconds that an adapted delay never exceeds.
    :ivar robots: whether robots.txt is asked for and obeyed (RFC 9309).
    :ivar unasked: why it is not, in the user's words.
    :ivar longest_crawl_delay: seconds of a ``Crawl-delay`` that are kept; a host that asks for more is left alone.
    :ivar robots_age: seconds after which a robots file is asked for again: a day at most (RFC 9309, 2.4).
    :ivar robots_again: seconds after which one that could not be had is asked for again.
    :ivar longest_hold: seconds of a ``Retry-After`` that are kept at most.
    :ivar host_failures: failures in a row, without any answer between them, after which a host is given up; None never.
    :ivar paced: whether the pauses are made that ``Crawl-delay`` and ``Retry-After`` ask for; a replay of recorded
        answers disturbs no server by making none.
    """

    per_host: int = 4
    per_address: int | None = None
    delay: float | None = None
    longest_delay: float = 60.0
    robots: bool = True
    unasked: str | None = None
    longest_crawl_delay: float = 30.0
    robots_age: float = 86_400.0
    robots_again: float = 600.0
    longest_hold: float = 300.0
    host_failures: int | None = 100
    paced: bool = True

    def delay_for(self, host: str) -> float:
        """Seconds that pass at least between two starts on ``host`` (a host key), to begin with."""
        if self.delay is not None:
            return self.delay
        return 0.0 if is_loopback(host) else 0.5


_LOOPBACK = re.compile(r"(?:127(?:\.\d+){3}|localhost|\[::1\])(?::\d+)?\Z")


def is_loopback(host: str) -> bool:
    """Whether ``host`` (a host key) is this machine itself, by its name alone."""
    return _LOOPBACK.match(host) is not None


class Retry(msgspec.Struct, frozen=True):
    """Which outcomes are worth another try, and when.

    :ivar retries: further tries of one URL at most.
    :ivar base: seconds before the first of them; each later one waits twice as long.
    :ivar cap: seconds that a wait never exceeds.
    """

    retries: int = 2
    base: float = 1.0
    cap: float = 60.0

    STATUSES = frozenset({429, 500, 502, 503, 504})
    """Statuses that may pass (RFC 9110, 15.6; RFC 6585, 4); others are final answers."""

    def wait(self, outcome: Outcome, chance: float) -> float | None:
        """Seconds to wait before trying ``outcome``'s request again; None when the outcome is final.

        :param chance: a number in [0, 1): half of each wait is drawn by it, so that retries do not come in step.
        """
        if outcome.request.attempt > self.retries or not self.passing(outcome):
            return None
        doublings = min(outcome.request.attempt - 1, 64)  # more would leave what a float can hold
        whole = min(self.cap, self.base * 2.0**doublings)
        return whole / 2 + chance * whole / 2

    def passing(self, outcome: Outcome) -> bool:
        """Whether ``outcome`` may pass: whether another try could come to more."""
        match outcome:
            case Fetched(status=status):
                return status in self.STATUSES
            case Failed(reason=reason):
                return reason.transient
            case _:
                return False


class Budget(msgspec.Struct, frozen=True):
    """Where the crawl ends.

    :ivar depth: links from the nearest seed at most; 0 is just the seeds, None no limit.
    :ivar pages: URLs fetched at most; None no limit. A retry does not count.
    :ivar time: seconds after which nothing new is started; None no limit.
    :ivar redirects: redirects in a row that are followed.
    """

    depth: int | None = None
    pages: int | None = None
    time: float | None = None
    redirects: int = 10


class Traps(msgspec.Struct, frozen=True):
    """The rules against endless rows of URLs; one that is None is off. :mod:`scraper.core.traps` keeps them.

    :ivar length: characters of a URL.
    :ivar segments: segments of its path.
    :ivar repeats: times that one segment of the path comes at most; a row of segments must come less often.
    :ivar parameters: parameters in its query.
    :ivar queries: different queries of one path of a host.
    :ivar backlog: characters of URLs that wait for one site; further ones of its links are not followed.
    :ivar years: years that a date in a URL is after ``this_year`` at most, as calendars have no end; the past is wider,
        see :data:`scraper.core.traps.BACK`.
    :ivar this_year: the year that calendars are measured from; None turns their rule off.
    :ivar duplicates: pages of one host with the same content, or with nearly the same where ``near`` is on; the links
        of further ones are not followed.
    :ivar near: bits in which the fingerprints of pages differ that are taken for nearly the same; None for exactly
        equal bodies only. It costs a fingerprint of each page.
    :ivar soft_404: whether the links of pages are followed whose title says that there is nothing: False to follow.
    :ivar sessions: whether session ids are taken out of URLs.
    """

    length: int | None = 2_000
    segments: int | None = 25
    repeats: int | None = 3
    parameters: int | None = 20
    queries: int | None = 1_000
    backlog: int | None = 300_000_000
    years: int | None = 3
    this_year: int | None = None
    duplicates: int | None = 20
    near: int | None = None
    soft_404: bool = True
    sessions: bool = True


class Discovery(msgspec.Struct, frozen=True):
    """Where URLs are found besides the links of pages, and which links are followed.

    :ivar follow: the kinds of links that are followed; see :data:`scraper.model.LINK_KINDS`.
    :ivar all_links: whether links of the other kinds are recorded, too; those marked nofollow always are.
    :ivar nofollow: whether ``rel=nofollow``, meta robots and ``X-Robots-Tag`` are honoured.
    :ivar sitemaps: whether the sitemaps are read that robots.txt names, or ``/sitemap.xml`` where it names none.
    :ivar given: URLs of further sitemaps, canonical.
    :ivar strip: names of query parameters that are taken out of URLs; a ``*`` at the end stands for any rest.
    """

    follow: frozenset[str] = frozenset({"a", "area", "frame", "refresh"})
    all_links: bool = False
    nofollow: bool = True
    sitemaps: bool = False
    given: tuple[str, ...] = ()
    strip: tuple[str, ...] = ()


class Safety(msgspec.Struct, frozen=True):
    """Which addresses may be connected to.

    :ivar private: whether those that are not globally routable may.
    :ivar named: host keys whose address the user named in a seed: they may be what they are.
    """

    private: bool = False
    named: frozenset[str] = frozenset()


class Limits(msgspec.Struct, frozen=True):
    """What one fetch may take; both HTTP borders keep the same.

    :ivar connect: seconds for connecting, TLS included.
    :ivar read: seconds without a single byte.
    :ivar total: seconds for the whole fetch.
    :ivar size: bytes of a body, as received and decompressed, each.
    :ivar header: bytes of the status line and all headers, trailers and chunk heads each.
    :ivar parsed: bytes of a body that are parsed; the rest of a longer page is not looked at.
    """

    connect: float = 10.0
    read: float = 20.0
    total: float = 30.0
    size: int = 16 * MB
    header: int = 64 * 1024
    parsed: int = 2 * MB


class Identity(msgspec.Struct, frozen=True):
    """Who asks, and by which way. Nothing is ever taken from the environment.

    :ivar headers: further request headers, (name, value) each. Those that say who asks and what for (``Accept...``,
        ``User-Agent``, ``Referer``, ``From``, ``Cache-Control`` and the like) are sent to every server, all others,
        such as ``Authorization``, ``Cookie`` and ``X-Api-Key``, to ``origins`` only.
    :ivar origins: where headers that may be logins are sent to, and nowhere else: those of the seeds.
    :ivar auth: user and password for ``origins``, by the Basic scheme (RFC 7617).
    :ivar cookies: whether cookies are kept and sent (RFC 6265).
    :ivar proxy: URL of an http or socks proxy, with its login where it wants one: ``http://user:password@host:port``.
    :ivar ca_file: PEM file with further certificate authorities to trust.
    """

    user_agent: str = "scraper/0.1"
    headers: tuple[tuple[str, str], ...] = ()
    origins: frozenset[str] = frozenset()
    auth: tuple[str, str] | None = None
    cookies: bool = False
    proxy: str | None = None
    ca_file: str | None = None

    def __repr__(self) -> str:
        """Without what may be a login: representations end up in logs and tracebacks."""
        return f"Identity(user_agent={self.user_agent!r}, ...)"


class Parsing(msgspec.Struct, frozen=True):
    """How bodies become pages.

    :ivar parser: ``turbo``, ``lexbor`` or ``soup``; see :mod:`scraper.parse`.
    :ivar function: the user's own, as ``module:function``; it runs on the workers, in every backend.
    """

    parser: str = "turbo"
    function: str | None = None


class Settings(msgspec.Struct, frozen=True):
    """All of a crawl's policy in one value; it crosses to worker processes by pickle.

    :ivar concurrency: requests in flight at most.
    :ivar workers: processes, for the backends that have them.
    """

    scope: Scope = Scope()
    politeness: Politeness = Politeness()
    retry: Retry = Retry()
    budget: Budget = Budget()
    limits: Limits = Limits()
    identity: Identity = Identity()
    parsing: Parsing = Parsing()
    traps: Traps = Traps()
    discovery: Discovery = Discovery()
    safety: Safety = Safety()
    concurrency: int = 16
    workers: int = 2


CHECKS = Settings(concurrency=50)
"""What holds for checks where nothing else was said. More are in flight than of a crawl: mostly each is of another
host, and one that does not answer keeps its place for half a minute; with 16 places, 16 of them would hold up all
others."""
