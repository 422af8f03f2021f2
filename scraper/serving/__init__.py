"""A local HTTP server that costs little, so that who measures a crawl against it measures the crawl.

:class:`~scraper.serving.server.Server` starts a process that asks a :class:`~scraper.serving.answers.Source` what to
say, and when.
"""
