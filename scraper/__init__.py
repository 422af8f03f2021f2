"""A concurrent web crawler with swappable backends."""

__version__ = "0.1.0"
