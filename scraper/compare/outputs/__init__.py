"""How a comparison is shown: a table for the terminal, a JSON file for programs, a page for all who have a browser.

:mod:`~scraper.compare.outputs.text`, :mod:`~scraper.compare.outputs.document` and
:mod:`~scraper.compare.outputs.page` each make one of them, from a :class:`~scraper.compare.model.Comparison` alone.
"""
