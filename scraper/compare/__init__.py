"""Comparing the backends: the same work under each, measured, fitted, explained and drawn.

A :class:`~scraper.compare.model.Workload` is served by a process of its own (:mod:`scraper.serving`); each
:class:`~scraper.compare.model.Case` of it is crawled several times, in a fresh process each, in mixed order; what comes
of it all is one value, a :class:`~scraper.compare.model.Comparison`, which the table, the JSON file and the page show.
"""
