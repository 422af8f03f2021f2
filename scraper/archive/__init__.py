"""Recordings: the answers that a crawl got, kept in a WARC file as they came, and given again without a network.

:class:`~scraper.archive.recorder.Recorder` stands around a backend and keeps what its fetches bring, in the file of a
:class:`~scraper.archive.writing.Writer`. A :class:`~scraper.archive.replay.Recording` of that file is the source of a
local server (:mod:`scraper.serving`), which the fetchers ask in place of all servers: see :mod:`scraper.fetch.route`.

The format is WARC/1.1 (ISO 28500:2017), a gzip member a record (its annex D), so that other tools can read it.
"""
