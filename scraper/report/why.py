"""Why a URL was not crawled, or how it went if it was: what a store and the crawl's own rules say.

:func:`why` is pure: the records that speak of a URL go in, an :class:`Answer` comes out. The rules are asked in the
order in which the crawl asks them, so the first that objects is the one that kept the URL out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from scraper.core.robots import verdict
from scraper.core.traps import refuse
from scraper.model import LINK_KINDS, Kind
from scraper.settings import Settings
from scraper.store.record import Record, outcome_of
from scraper.url import stripper

__all__ = ["Answer", "Source", "near_misses", "same_page", "why"]

_SHOWN = 5
_KINDS = {letter: kind for kind, letter in LINK_KINDS.items()}
_UNKNOWN = (
    "it is not recorded; the file does not keep the crawl's settings, so that depth, scope or a budget may be why"
)
_CUTS = {
    "nofollow": "it asks that its links are not followed (meta robots or X-Robots-Tag)",
    "soft-404": "its links are not followed: by its title there is nothing (soft 404)",
    "duplicate": "its links are not followed: there are too many pages with the same content",
}


class Source(msgspec.Struct, frozen=True):
    """A page, sitemap or redirect that leads to the URL.

    :ivar kind: of the link, as in :data:`scraper.model.LINK_KINDS`; or ``redirect``, ``sitemap``, ``nofollow``.
    :ivar refused: why this way was not gone; None where it was open.
    """

    page: str
    depth: int
    kind: str
    refused: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """What there is to say about one URL.

    :ivar verdict: one word: ``fetched``, ``failed``, ``refused`` (it is recorded), ``same`` (it is another page),
        ``not-followed``, ``depth``, ``scope``, ``trap``, ``robots``, ``waiting``, ``unlinked``, or ``unknown``. For a
        robots file or sitemap the first three say how that went.
    :ivar text: the same in a sentence.
    :ivar same_as: the URL that it is taken for.
    :ivar sources: who links to it, the first five; ``sources_count`` in all.
    :ivar near: URLs that the store knows and that differ from it by little.
    """

    url: str
    verdict: str
    text: str
    same_as: str | None = None
    sources: tuple[Source, ...] = ()
    sources_count: int = 0
    near: tuple[str, ...] = ()


def same_page(url: str, settings: Settings) -> str:
    """The URL that the crawl takes ``url`` for: without session ids and the parameters that it strips."""
    strip = stripper(settings.discovery.strip, settings.traps.sessions)
    return strip(url) if strip else url


def near_misses(url: str) -> tuple[str, ...]:
    """Canonical URLs that one may have meant: another scheme, ``www.``, slash, query or case.

    >>> near_misses("http://a.test/x")[:3]
    ('https://a.test/x', 'http://www.a.test/x', 'http://a.test/x/')
    """
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    plain, mark, query = path.partition("?")
    other_host = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    other_path = (plain.removesuffix("/") if plain.endswith("/") else f"{plain}/") + mark + query
    other_scheme = "http" if scheme == "https" else "https"
    found = [
        f"{other_scheme}://{rest}",
        f"{scheme}://{other_host}/{path}",
        f"{scheme}://{host}/{other_path}" if plain else url,
        f"{other_scheme}://{other_host}/{path}",
        f"{scheme}://{host}/{plain}",
        f"{scheme}://{host}/{path.lower()}",
        f"{scheme}://{host}/{plain}index.html" if plain.endswith("/") or not plain else url,
        url.removesuffix("index.html").removesuffix("index.php"),
    ]
    return tuple(dict.fromkeys(near for near in found if near != url))


def why(
    url: str,
    records: Iterable[Record],
    settings: Settings,
    seeds: Collection[str] = (),
    robots: Record | None = None,
    own_settings: bool = True,
) -> Answer:
    """Why the canonical ``url`` was not crawled, or how it went.

    :param records: at least those that are about it, about its :func:`same_page` and :func:`near_misses`, or lead to
        one of them; :meth:`scraper.store.lookup.Lookup.mentioning` finds them.
    :param settings: those of the crawl, bound to its seeds; see :func:`scraper.run.around`.
    :param seeds: canonical URLs of the crawl's seeds.
    :param robots: the last record of its robots file.
    :param own_settings: whether ``settings`` are those of the crawl, and not the defaults.
    """
    records = list(records)
    if (own := _own(url, records)) is not None:
        return _recorded(own, robots) if own.kind is Kind.PAGE else _recorded_file(own)
    same = same_page(url, settings)
    if same != url:
        about = why(same, records, settings, seeds, robots, own_settings)
        text = f"it is taken for {same}, without session ids and stripped parameters. That one: {about.text}"
        return msgspec.structs.replace(about, url=url, verdict="same", text=text, same_as=same)
    sources = [source for record in records for source in _sources(url, record, settings)]
    sources.sort(key=lambda source: (source.refused is not None, source.depth))
    word, text = _unrecorded(url, sources, settings, url in seeds, robots)
    if word == "waiting" and not own_settings:
        word, text = "unknown", _UNKNOWN
    known = {name for record in records for name in (record.url, record.location, *(record.links or ()))}
    near = tuple(name for name in near_misses(url) if name in known) if word == "unlinked" else ()
    return Answer(url, word, text, None, tuple(sources[:_SHOWN]), len(sources), near)


def _own(url: str, records: Sequence[Record]) -> Record | None:
    """The last record of the page; of the robots file or sitemap where it was asked for as such only."""
    own = [record for record in reversed(records) if record.url == url]
    return next((record for record in own if record.kind is Kind.PAGE), own[0] if own else None)


def _recorded(record: Record, robots: Record | None) -> Answer:
    way = f"found on {record.via}" if record.via else "given as a seed"
    tries = f", in {record.attempts} attempts" if record.attempts > 1 else ""
    where = f" ({way}, depth {record.depth}{tries})"
    reason = record.reason.value if record.reason else "unknown"
    detail = f": {record.detail}" if record.detail else ""
    if record.outcome == "fetched":
        text = f"it was fetched, status {record.status}{where}"
        text += f"; it redirects to {record.location}" if record.location else ""
        text += f"; {_CUTS.get(record.cut, record.cut)}" if record.cut else ""
    elif record.outcome == "failed" and not record.fetched_at:
        again = " again" if record.attempts > 1 else ""
        text = f"it was not asked for{again}: its site's robots.txt could not be had ({reason}{detail}){where}"
    elif record.outcome == "failed":
        text = f"it was asked for and failed, {reason}{detail}{where}"
    else:
        text = f"it was refused, {reason}{detail}{where}"
        text += f"; {_about_robots(robots)}" if robots is not None and reason == "robots" else ""
    return Answer(record.url, record.outcome, text)


def _recorded_file(record: Record) -> Answer:
    """How it went with a robots file or a sitemap."""
    parts = [f"status {record.status}"]
    if record.outcome != "fetched":
        reason = record.reason.value if record.reason else "unknown"
        parts = [f"{record.outcome}, {reason}", *([record.detail] if record.detail else [])]
    elif record.location:
        parts.append(f"it redirects to {record.location}")
    elif record.kind is Kind.SITEMAP and record.links is not None:
        parts.append(f"{len(record.links)} {'entry' if len(record.links) == 1 else 'entries'}")
    parts += [record.error] if record.error else []
    what = "a sitemap" if record.kind is Kind.SITEMAP else "a robots file"
    return Answer(record.url, record.outcome, f"it was asked for as {what}: {', '.join(parts)}")


def _about_robots(robots: Record) -> str:
    if robots.outcome == "fetched":
        return f"{robots.url} had status {robots.status}"
    return f"{robots.url} could not be had: {robots.reason.value if robots.reason else robots.outcome}"


def _sources(url: str, record: Record, settings: Settings) -> list[Source]:
    """The ways that ``record`` has to ``url``."""
    found = []
    if record.location == url and record.kind is Kind.PAGE:
        found.append(_way(record, "redirect", record.depth, settings))
    for number, link in enumerate(record.links or ()):
        if link == url and record.kind is not Kind.ROBOTS:
            kind = _KINDS.get(record.kinds[number], "a") if record.kinds else "a"
            kind = "sitemap" if record.kind is Kind.SITEMAP else kind
            found.append(_way(record, kind, record.depth + (record.kind is Kind.PAGE), settings))
    for kind, link in record.unfollowed or ():
        if link == url:
            found.append(Source(record.url, record.depth, kind, _unfollowed(kind)))
    return found


def _way(record: Record, kind: str, depth: int, settings: Settings) -> Source:
    limit, refused = settings.budget.depth, None
    if record.cut and kind != "redirect":
        refused = _CUTS.get(record.cut, f"its links are cut: {record.cut}")
    elif limit is not None and depth > limit:
        refused = f"that is beyond the depth limit of {limit}"
    return Source(record.url, record.depth, kind, refused)


def _unfollowed(kind: str) -> str:
    if kind == "nofollow":
        return "the link is marked rel=nofollow (--follow-nofollow)"
    return f"links of the kind {kind} are not followed (--follow)"


def _unrecorded(
    url: str, sources: Sequence[Source], settings: Settings, is_seed: bool, robots: Record | None
) -> tuple[str, str]:
    """One word and a sentence for a URL that has no record."""
    if not sources and not is_seed:
        word, text = _by_itself(url, settings)
        said = "nobody links to it, as far as recorded"
        if not settings.discovery.all_links:
            said += (
                f" (links of the kinds {', '.join(sorted(settings.discovery.follow))}; --all-links records the others)"
            )
        return "unlinked", said + (f"; and {text}" if word else "")
    if not is_seed:
        if all(source.refused for source in sources):
            beyond = all((source.refused or "").startswith("that is beyond") for source in sources)
            return "depth" if beyond else "not-followed", f"no link to it was followed; {sources[0].refused}"
        word, text = _by_itself(url, settings)
        if word:
            return word, text
    if robots is not None and not verdict(outcome_of(robots)).rules.allowed(url):
        return "robots", f"it was not reached, and robots.txt would forbid it: {_about_robots(robots)}"
    text = (
        "the crawl did not come to it: it ended before its turn, by a budget or an interrupt, or is not at its end yet"
    )
    if "?" in url and settings.traps.queries is not None:
        text += f"; or its path had more than {settings.traps.queries} different queries (trap queries)"
    return "waiting", text


def _by_itself(url: str, settings: Settings) -> tuple[str, str]:
    """What the rules say that look at nothing but the URL; twice nothing where they let it pass."""
    if (outside := settings.scope.refuses(url)) is not None:
        return "scope", f"the scope leaves it out: it {_is(outside)}{outside}"
    if (trap := refuse(settings.traps, url)) is not None:
        return "trap", f"it looks like one of an endless row ({trap})"
    return "", ""


def _is(words: str) -> str:
    return "is " if words.startswith("outside") else ""
