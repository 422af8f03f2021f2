"""The border to the network: requests where a thread may block, aiohttp where a loop turns.

The libraries find addresses, connect, keep connections, speak TLS and talk to proxies. How an answer is read is ours,
once, in :mod:`scraper.fetch.framing` and :mod:`scraper.fetch.decode`, so that the same bytes from a server give the
same outcome on either side. :class:`scraper.fetch.blocking.BlockingFetcher` and
:class:`scraper.fetch.asyncio.AsyncFetcher` are imported where they are used: neither loads the other's library.
"""

from __future__ import annotations

from scraper.fetch.errors import FetchError

__all__ = ["FetchError"]
