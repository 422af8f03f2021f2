"""What worker processes send to their parent: a length and msgpack, frame after frame, through a pipe."""

from __future__ import annotations

import struct

import msgspec

from scraper.model import Failed, Fetched, Outcome, Refused
from scraper.stats import Stats

__all__ = ["Frame", "Frames", "pack"]

_LENGTH = struct.Struct("!I")


class Frame(msgspec.Struct, array_like=True, gc=False):
    """Outcomes, and what the worker has counted since its last frame."""

    outcomes: list[Fetched | Failed | Refused]
    stats: Stats


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Frame).decode


def pack(outcomes: list[Outcome], stats: Stats) -> bytes:
    """A frame as it is sent."""
    payload = _encode(Frame(outcomes, stats))
    return _LENGTH.pack(len(payload)) + payload


class Frames:
    """Cuts what has come in into frames; what a dying worker did not finish is never one."""

    def __init__(self) -> None:
        self._partial = bytearray()

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that ``chunk`` completes."""
        self._partial += chunk
        frames, start = [], 0
        while len(self._partial) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._partial, start)
            end = start + _LENGTH.size + length
            if end > len(self._partial):
                break
            frames.append(_decode(memoryview(self._partial)[start + _LENGTH.size : end]))
            start = end
        del self._partial[:start]
        return frames
