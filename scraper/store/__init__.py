"""Stores: logs of final outcomes, which are the checkpoints of crawls, and outputs for people and programs."""

from scraper.printing import printable
from scraper.store.base import Store, Writer
from scraper.store.exports import CsvWriter, JsonWriter, TextWriter
from scraper.store.jsonl import JsonlStore
from scraper.store.memory import MemoryStore
from scraper.store.opening import FORMATS, open_output, open_store
from scraper.store.record import SCHEMA, Record, outcome_of, record_of
from scraper.store.sink import PipeClosed
from scraper.store.sqlite import SqliteStore
from scraper.store.tee import Tee

__all__ = [
    "FORMATS",
    "SCHEMA",
    "CsvWriter",
    "JsonWriter",
    "JsonlStore",
    "MemoryStore",
    "PipeClosed",
    "Record",
    "SqliteStore",
    "Store",
    "Tee",
    "TextWriter",
    "Writer",
    "open_output",
    "open_store",
    "outcome_of",
    "printable",
    "record_of",
]
