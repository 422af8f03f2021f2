"""Whether sites are up: once, on a schedule, and as a page that others can watch.

A check is a crawl of depth 0 with a verdict. It runs on the same backends, through the same engine, and keeps the same
politeness; :class:`scraper.check.core.Checks` stands where a crawl has :class:`scraper.core.Crawl`.

``asking`` reads what is to be checked, ``timing`` says when, ``history`` keeps what it came to, ``notices`` tells of
changes, ``outputs`` writes reports, and ``web`` serves the status page.
"""
