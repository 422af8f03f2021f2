"""Outcomes of every shape, for the tests of the stores."""

from __future__ import annotations

import msgspec

from scraper.model import Failed, Fetched, Kind, Outcome, Page, Reason, Refused, Request, Timings

AT = 1_750_000_000.125


def fetched(number: int, links: int = 3, title: str | None = None) -> Fetched:
    url = f"https://example.com/{number}"
    page = Page(title or f"Page {number}", tuple(f"{url}/{link}" for link in range(links)), "utf-8")
    return Fetched(Request(url, 2, "https://example.com/", attempt=2), 200, page, at=AT + number)


def outcomes(number: int) -> list[Outcome]:
    return [fetched(each) for each in range(number)]


def lowered(outcome: Outcome, depth: int, via: str | None) -> Outcome:
    request = msgspec.structs.replace(outcome.request, depth=depth, via=via)
    return msgspec.structs.replace(outcome, request=request)


SHAPES: list[Outcome] = [
    fetched(1),
    Fetched(Request("https://example.com/bare"), 204),
    Fetched(Request("https://example.com/empty"), 200, Page()),
    Fetched(
        Request("https://example.com/old", 1, "https://example.com/", redirects=3),
        301,
        location="https://example.com/new",
        retry_after=2.5,
        content_type="text/html",
        size=10,
        wire=7,
        timings=Timings(1, 2, 3, 4),
        at=AT,
    ),
    Fetched(
        Request("https://example.com/data"),
        200,
        Page('=1+1 "quoted", \x1b[31m \u202e ünï\n二', ("https://example.com/a,b",), "utf-8", {"a": [1, None]}, "why"),
    ),
    Failed(Request("https://example.com/slow", attempt=3), Reason.TIMEOUT, "nothing in 10 s", Timings(5), AT),
    Refused(Request("https://example.com/private"), Reason.ROBOTS, "Disallow: /private", AT),
    Fetched(
        Request("https://example.com/full"),
        200,
        Page(
            "Full",
            ("https://example.com/b", "https://example.com/c"),
            kinds="ar",
            others=(("img", "https://example.com/d.png"), ("nofollow", "https://example.com/e")),
            canonical="https://example.com/self",
            robots="noindex,nofollow",
            cut="nofollow",
            simhash=(1 << 64) - 1,
        ),
        address="192.0.2.7",
        digest=1,
    ),
]
OTHERS: list[Outcome] = [
    Fetched(
        Request("https://example.com/robots.txt", kind=Kind.ROBOTS),
        200,
        Page(None, ("https://example.com/map.xml",), data=["Disallow: /x"]),
        digest=1 << 63,
    ),
    Failed(Request("https://example.com/robots.txt", kind=Kind.ROBOTS), Reason.TIMEOUT, "nothing in 10 s"),
    Fetched(
        Request("https://example.com/map.xml", kind=Kind.SITEMAP),
        200,
        Page(None, ("https://example.com/1",), data={"https://example.com/1": "2020-01-01"}),
    ),
    Refused(Request("https://example.com/far.xml", kind=Kind.SITEMAP), Reason.SCOPE, "off-site"),
]
"""Outcomes of no pages; a robots file is asked for again."""
