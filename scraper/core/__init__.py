"""The core: pure decisions about a crawl."""

from scraper.core.crawl import Crawl, Turn
from scraper.core.frontier import Frontier

__all__ = ["Crawl", "Frontier", "Turn"]
