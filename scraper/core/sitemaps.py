"""Which entries of a sitemap count: those of its own host, and of a host whose robots.txt has named it.

A sitemap speaks for no other site (sitemaps.org, "Sitemaps & Cross Submits"); else anybody could send a crawler
anywhere.
"""

from __future__ import annotations

from scraper.url import host_key

__all__ = ["admits"]


def admits(entry: str, sitemap: str, named_by: str | None = None) -> bool:
    """Whether the URL ``entry`` may stand in the sitemap at ``sitemap``: a page, or in an index another sitemap.

    Hosts are compared with their ports and without ``www.``; http and https are the same.

    :param named_by: the robots file that named the sitemap, or an index that led to it.
    """
    host = _host(entry)
    return host == _host(sitemap) or (named_by is not None and host == _host(named_by))


def _host(url: str) -> str:
    return host_key(url).removeprefix("www.")
