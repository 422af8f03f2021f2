"""Fingerprints that are alike for pages that are alike: simhash (Charikar 2002; Manku, Jain and Das Sarma 2007).

Features are the pairs of neighbouring words of the text as it is shown, a quarter of them, chosen by what they are, so
that an edit leaves the choices far from it as they were. Each of 64 bits is the majority of the features' hashes. Where
five of 3,000 words are others, 64 / pi * arccos(1 - 10 / 3,000) bits are expected to turn, which is between one and
two; between unrelated pages 32 differ. Single words would tell pages of one language apart badly, and longer runs of
words would turn more bits.
"""

from __future__ import annotations

import re

import turbohtml
import xxhash

__all__ = ["simhash"]

_FEWEST = 32
"""Features below which a text is too short for a majority to mean anything."""
_MOST = 4_096
"""Features that are looked at: a page of 16,000 words."""
_LONGEST = 200_000
"""Characters of text that are looked at."""

_BEGINNING = 2_000
"""Characters that show in what script a text is."""

_UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")
"""Letters of scripts that put no space between words; each is taken for a word."""
_QUARTER = b"".join(re.escape(bytes([byte])) for byte in range(0, 256, 4))
_PAIR = re.compile(rb"(?<![^ ])[^ ]++(?<=[" + _QUARTER + rb"]) [^ ]++")
"""Two words of which the first ends with one of a quarter of all bytes."""


def simhash(document: turbohtml.Document) -> int | None:
    """64 bits, of which few differ between documents whose texts differ little; None where there is little text."""
    return of_text(document.to_text())


def of_text(text: str) -> int | None:
    """The same of a text; white space does not matter, nor the case of ASCII letters."""
    text = text[:_LONGEST]
    if _UNSPACED.search(text, 0, _BEGINNING):
        text = _UNSPACED.sub(r"\1 ", text)
    words = b" ".join(text.encode("utf-8", "replace").lower().split())
    pairs = _PAIR.findall(words)[:_MOST]
    if len(pairs) < _FEWEST:
        return None
    return _majority(b"".join(map(xxhash.xxh3_64_digest, pairs)), len(pairs))


def _majority(hashes: bytes, count: int) -> int:
    """For each of 64 bits whether more than half of the ``count`` words of 64 bits in ``hashes`` have it."""
    lowest = int.from_bytes(b"\1" * count)
    found = 0
    for byte in range(8):
        column = int.from_bytes(hashes[byte::8])
        for bit in range(8):
            most = (column >> bit & lowest).bit_count() * 2 > count
            found |= most << 8 * byte + bit
    return found
