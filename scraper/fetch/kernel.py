"""What the kernel knows of a connection's times, where our own clock says more about us than about the server.

A busy loop, or a thread that waits for the interpreter, hears of an answer late, and sends late what it believes to
have sent. The kernel was there in time. On Linux it tells of each connection how long ago data was last sent and last
received, how long the SYN was on its way and back, and whether anything had to be sent twice: ``TCP_INFO`` of tcp(7),
``struct tcp_info`` of linux/tcp.h, whose first 24 numbers have stood at their places since Linux 2.6.

All but the round trip is counted in ticks of the kernel's clock, mostly 4 ms, so that a difference of two such figures
is wrong by a tick at most; what is less than two is not held against anybody. Where the kernel does not say, as behind
a proxy, on other systems, and in sandboxes with a network of their own, nothing is corrected.
"""

from __future__ import annotations

import math
import socket
import struct
import sys
import time
from typing import NamedTuple

__all__ = ["Tcp", "ask", "lag_of_answer", "lag_of_arrival", "lag_of_connect", "parse"]


class Tcp(NamedTuple):
    """Times of one connection, in seconds, as far back as they lie when the kernel is asked.

    :ivar sent: since data was last sent; ``received`` since data last came.
    :ivar trip: from SYN to SYN and ACK, as long as nothing else was sent.
    :ivar repeated: segments that were sent again: then none of the times tells of the server alone.
    """

    sent: float
    received: float
    trip: float
    repeated: int


def ask(sock: socket.socket | None) -> Tcp | None:
    """What the kernel says of ``sock``; None where it says nothing."""
    if sock is None or not _LINUX:
        return None
    try:
        return parse(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _SIZE))
    except OSError:  # closed, or no TCP
        return None


def parse(info: bytes) -> Tcp | None:
    """``struct tcp_info`` as far as it matters; None where it was not filled in."""
    if len(info) < _SIZE:
        return None
    numbers = _STRUCT.unpack_from(info)
    path, trip = numbers[_PATH], numbers[_TRIP]
    if not path or not trip:  # no connection is without: a network of its own, such as gVisor's, leaves most of it out
        return None
    return Tcp(numbers[_SENT] / 1e3, numbers[_RECEIVED] / 1e3, trip / 1e6, numbers[_REPEATED])


def lag_of_connect(elapsed: float, tcp: Tcp | None) -> float:
    """How much of ``elapsed``, which a connection seemed to take, was ours: all but one trip of the SYN.

    The trip is known to the microsecond, so it counts from a millisecond on, which waking up may take.
    """
    if tcp is None or tcp.repeated or elapsed - tcp.trip <= _WAKING:
        return 0.0
    return elapsed - tcp.trip


def lag_of_answer(elapsed: float, tcp: Tcp | None, unsent: float = math.inf) -> float:
    """How much of ``elapsed``, from sending until hearing, was ours: before it was sent, and after it had come.

    :param unsent: seconds after which it was in the kernel's hands: if that sent it later, or the rest of it, the other
        end had no room for it until then.
    """
    if tcp is None or tcp.repeated:
        return 0.0
    taken = tcp.sent - tcp.received
    if taken < 0 or elapsed - taken <= _SLACK:  # what came last came before we had asked
        return 0.0
    return min(elapsed - taken, unsent + tcp.received)


def lag_of_arrival(tcp: Tcp | None) -> float:
    """How long what came last had to wait for us."""
    return tcp.received if tcp is not None and tcp.received > _SLACK else 0.0


def _tick() -> float:
    """Seconds between two ticks of the kernel: the resolution of its coarse clock (clock_getres(2))."""
    try:
        return time.clock_getres(_MONOTONIC_COARSE)
    except OSError:
        return 0.004


_LINUX = sys.platform == "linux"
_STRUCT = struct.Struct("=8x24I")
_SIZE = _STRUCT.size
_SENT, _RECEIVED, _PATH, _TRIP, _REPEATED = 9, 11, 13, 15, 23
"""tcpi_last_data_sent, tcpi_last_data_recv (ms), tcpi_pmtu, tcpi_rtt (us), tcpi_total_retrans."""
_MONOTONIC_COARSE = 6
"""CLOCK_MONOTONIC_COARSE of linux/time.h, for which :mod:`time` has no name."""
_WAKING = 0.001
_SLACK = 2 * _tick() if _LINUX else 0.0
