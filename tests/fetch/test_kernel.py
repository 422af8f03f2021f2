"""What is made of the kernel's figures, on given ones; and that this system gives some."""

from __future__ import annotations

import socket
import struct
import sys
import time

import pytest

from scraper.fetch.kernel import Tcp, ask, lag_of_answer, lag_of_arrival, lag_of_connect, parse


def tcp(sent: float = 0.0, received: float = 0.0, trip: float = 0.0001, repeated: int = 0) -> Tcp:
    return Tcp(sent, received, trip, repeated)


def info(**numbers: int) -> bytes:
    """A ``struct tcp_info`` with numbers at their places."""
    values = [0] * 24
    for name, value in ({"pmtu": 1_500, "rtt": 50} | numbers).items():
        values[{"sent": 9, "received": 11, "pmtu": 13, "rtt": 15, "repeated": 23}[name]] = value
    return struct.pack("=8x24I", *values)


def test_the_struct() -> None:
    found = parse(info(sent=204, received=4, rtt=1_250, repeated=2))
    assert found == Tcp(0.204, 0.004, 0.00125, 2)
    assert parse(info() + b"more" * 10) == Tcp(0.0, 0.0, 0.00005, 0)  # newer kernels know more


@pytest.mark.parametrize("given", [b"", bytes(104), info(pmtu=0), info(rtt=0), info()[:-1]])
def test_a_struct_that_was_not_filled_in(given: bytes) -> None:
    assert parse(given) is None


@pytest.mark.parametrize(("elapsed", "known", "lag"), [
    (0.300, tcp(trip=0.050), 0.250),
    (0.0508, tcp(trip=0.050), 0.0),  # waking up
    (0.300, tcp(trip=0.050, repeated=1), 0.0),  # the SYN got lost: that is the network
    (0.300, None, 0.0),
])  # fmt: skip
def test_connecting(elapsed: float, known: Tcp | None, lag: float) -> None:
    assert lag_of_connect(elapsed, known) == pytest.approx(lag)


@pytest.mark.parametrize(("elapsed", "known", "lag"), [
    (0.200, tcp(sent=0.200), 0.0),
    (0.207, tcp(sent=0.200), 0.0),  # less than two ticks
    (0.500, tcp(sent=0.500, received=0.300), 0.300),  # it came, and we did not look
    (0.500, tcp(sent=0.200), 0.300),  # we believed to have sent it, and had not
    (0.500, tcp(sent=0.300, received=0.100), 0.300),  # both
    (0.500, tcp(sent=0.100, received=0.300), 0.0),  # what came last is not the answer
    (0.500, tcp(sent=0.200, repeated=1), 0.0),
    (0.500, None, 0.0),
])  # fmt: skip
def test_answering(elapsed: float, known: Tcp | None, lag: float) -> None:
    assert lag_of_answer(elapsed, known) == pytest.approx(lag)


def test_what_was_given_away_in_time_was_not_sent_late_by_us() -> None:
    """A rest of it that left late had no room at the other end before."""
    assert lag_of_answer(0.5, tcp(sent=0.1, received=0.0), unsent=0.002) == pytest.approx(0.002)
    assert lag_of_answer(0.5, tcp(sent=0.3, received=0.1), unsent=0.002) == pytest.approx(0.102)
    assert lag_of_answer(0.5, tcp(sent=0.3, received=0.1), unsent=0.4) == pytest.approx(0.3)


def test_arriving() -> None:
    assert lag_of_arrival(tcp(received=0.300)) == 0.300
    assert lag_of_arrival(tcp(received=0.004)) == 0.0
    assert lag_of_arrival(None) == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only there the kernel is asked")
def test_this_kernel_tells() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as ours:
        other, _ = listener.accept()
        with other:
            other.sendall(b"x")
            assert ours.recv(1) == b"x"
            begun = time.perf_counter()
            while time.perf_counter() - begun < 0.05:
                pass
            found = ask(ours)
    assert found is not None
    assert found.received >= 0.04
    assert 0 < found.trip < 10
    assert ask(ours) is None  # closed
    assert ask(None) is None


def test_what_is_no_tcp_is_not_asked() -> None:
    with socket.socket(socket.AF_UNIX) as other:
        assert ask(other) is None
