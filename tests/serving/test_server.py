"""A local server over real connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scraper.errors import BackendError, ConfigError
from scraper.serving.server import Server
from tests.serving.asking import Client, Few


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(Few("127.0.0.2", "127.0.0.3")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    server.reset()
    with Client(server.port) as connected:
        yield connected


def test_an_answer_for_each_request_over_one_connection(server: Server, client: Client) -> None:
    url = f"http://127.0.0.2:{server.port}/0"
    assert [client.get("/0") for _ in range(3)] == [(200, f"{url} {turn}") for turn in range(3)]
    assert client.get("/missing") == (404, "")
    assert client.get("/0") == (200, f"{url} 3")


def test_all_addresses_on_one_port(server: Server) -> None:
    with Client(server.port, "127.0.0.3") as client:
        assert client.get("/0")[1].startswith(f"http://127.0.0.3:{server.port}/0")


@pytest.mark.parametrize(
    ("target", "url"),
    [
        ("http://example.com/a/0", "http://example.com/a/0"),
        ("https://example.com:444/0?q=/0", "https://example.com:444/0?q=/0"),
        ("HTTPS://example.com/0", "HTTPS://example.com/0"),
    ],
)
def test_a_target_in_absolute_form_says_the_whole_url(client: Client, target: str, url: str) -> None:
    assert client.get(target) == (200, f"{url} 0")


def test_a_target_without_a_path_is_the_root(client: Client) -> None:
    assert client.get("http://example.com") == (404, "")


def test_head_has_no_body(client: Client) -> None:
    client.ask("/0", "/0-1", method="HEAD")
    assert [client.hear(bare=True) for _ in range(2)] == [(200, ""), (200, "")]
    assert client.get("/0")[1].endswith("1")


def test_head_of_bare_line_feeds_has_no_body_either(client: Client) -> None:
    client.ask("/bare", method="HEAD")
    assert client.hear(bare=True) == (200, "")
    assert client.get("/bare") == (200, "ok")


def test_who_does_not_listen_is_not_heard(server: Server, client: Client) -> None:
    """What one asks for and leaves unread must not pile up in memory."""
    before = server.served
    client.ask(*["/large"] * 60)
    bodies = [client.hear()[1]]
    assert server.served < before + 40  # as many as the system's buffers hold
    bodies += [client.hear()[1] for _ in range(59)]
    assert [int(body[:4]) for body in bodies] == list(range(60))


@pytest.mark.parametrize("targets", [["/30", "/0", "/5"], ["/0", "/0-20", "/0", "/missing"], ["/0"] * 200])
def test_pipelined_requests_are_answered_in_order(client: Client, targets: list[str]) -> None:
    client.ask(*targets)
    bodies = [client.hear()[1] for _ in targets]
    assert [body.partition(" ")[0].rpartition("/")[2] or "missing" for body in bodies] == [t[1:] for t in targets]


def test_a_request_may_come_in_pieces(server: Server, client: Client) -> None:
    with Client(server.port) as other:
        for piece in (b"\r\nGET /0 HT", b"TP/1.1\r\nHo", b"ST:  a\r", b"\n\r", b"\nGET"):
            client.sock.sendall(piece)
            assert other.get("/missing") == (404, "")  # so that the piece was read before the next one comes
    assert client.hear() == (200, "http://a/0 0")
    client.sock.sendall(b" http://b/0 HTTP/1.1\r\n\r\n")
    assert client.hear() == (200, "http://b/0 0")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /0 HTTP/1.1\r\nUser-Agent: x\r\n\r\n", 400),
        (b"GET *0 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST /0 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET /0 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /0", 413),
        (b"GET /0 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        (b"GET /" + b"0" * 70_000, 431),
    ],
)
def test_what_it_does_not_serve_ends_the_connection(client: Client, head: bytes, status: int) -> None:
    client.sock.sendall(head)
    assert client.hear() == (status, "")
    assert client.hear() == (0, "")


@pytest.mark.parametrize(
    ("more", "version", "ends"),
    [
        ("Connection: close\r\n", "1.1", True),
        ("connection:Close\r\n", "1.1", True),
        ("Connection: keep-alive\r\n", "1.1", False),
        ("", "1.0", True),
        ("Connection: Keep-Alive\r\n", "1.0", False),
        ("Content-Length: 0\r\n", "1.1", False),
    ],
)
def test_the_connection_ends_where_that_is_asked_for(client: Client, more: str, version: str, ends: bool) -> None:
    client.ask("/1", more=more, version=version)
    assert client.hear()[0] == 200
    if ends:
        assert client.hear() == (0, "")
    else:
        assert client.get("/1")[0] == 200


def test_what_was_asked_for_before_the_end_is_answered(client: Client) -> None:
    client.ask("/20", "/1-1")
    client.sock.shutdown(1)
    assert [client.hear()[0] for _ in range(3)] == [200, 200, 0]


def test_no_answer_comes_before_it_is_due(client: Client) -> None:
    for delay in (1, 2, 3, 5, 8, 13):
        for _ in range(3):
            began = time.monotonic()
            assert client.get(f"/{delay}")[0] == 200
            assert time.monotonic() - began >= delay / 1000


def test_the_rest_comes_later_than_the_head(client: Client) -> None:
    began = time.monotonic()
    client.ask("/10-30")
    assert client.sock.recv(100) == b"HTTP/1.1 200 OK\r\nContent"[:20]
    assert time.monotonic() - began >= 0.01
    rest = client.sock.recv(1_000)
    assert time.monotonic() - began >= 0.04
    assert rest.endswith(b" 0")


def test_the_figures_begin_anew_with_each_reset(server: Server, client: Client) -> None:
    before = server.served
    for target in ("/0", "/2", "/missing"):
        client.get(target)
    first, second = server.reset(), server.reset()
    assert (first.requests, second.requests) == (3, 0)
    assert 0 < first.cpu < 5
    assert 0 <= first.late < 5
    assert second.late == 0
    assert server.served == before + 3
    assert client.get("/0")[1].endswith(" 0")


def test_delays_are_scaled_or_switched_off() -> None:
    began = time.monotonic()
    with Server(Few(), scale=0) as server, Client(server.port) as client:
        assert client.get("/60000-60000")[0] == 200
    assert time.monotonic() - began < 60
    with Server(Few(), scale=100) as server, Client(server.port) as client:
        began = time.monotonic()
        assert client.get("/1")[0] == 200
        assert time.monotonic() - began >= 0.1


def test_many_connections_at_once(server: Server) -> None:
    server.reset()
    clients = [Client(server.port) for _ in range(300)]
    for client in clients:
        client.ask("/20", "/0")
    assert {client.hear()[0] for client in clients for _ in range(2)} == {200}
    for client in clients:
        client.__exit__()
    assert server.reset().requests == 600


def test_a_client_that_goes_away_is_no_trouble(server: Server) -> None:
    for _ in range(20):
        with Client(server.port) as client:
            client.ask("/5", "/5-5")
    with Client(server.port) as client:
        assert client.get("/30")[0] == 200


def test_the_log_has_a_line_for_each_request(tmp_path: Path) -> None:
    with Server(Few(), log=tmp_path / "log") as server, Client(server.port) as client:
        client.ask("/0", "http://x/ü")
        client.hear(), client.hear()
    assert (tmp_path / "log").read_text("latin-1").splitlines() == [
        f"http://127.0.0.2:{server.port}/0",
        "http://x/ü".encode().decode("latin-1"),
    ]


def test_an_address_that_is_not_there_is_the_callers_mistake() -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1: Cannot assign .* on macOS"), Server(Few("192.0.2.1")):
        pass


def test_a_taken_address_is_the_callers_mistake() -> None:
    with (
        pytest.raises(ConfigError, match=r"127\.0\.0\.2: Address already in use"),
        Server(Few("127.0.0.2", "127.0.0.2")),
    ):
        pass


def test_a_killed_server_is_told_of() -> None:
    with pytest.raises(BackendError, match="code -9"), Server(Few()) as server:
        pid = server._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(BackendError, match="code -9"):
            server.reset()
        # and who never asked hears of it at the end


PARENT = """
import sys
from scraper.serving.server import Server
from tests.serving.asking import Few
with Server(Few()) as server:
    print(server._process.pid, server.port, flush=True)
    sys.stdin.read()
    print(server.served, flush=True)
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PARENT], text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        yield process
        process.kill()


def test_it_ends_with_its_parent_however_that_ends(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    assert parent.stderr is not None
    pid, port = parent.stdout.readline().split()
    with Client(int(port)) as client:
        assert client.get("/0")[0] == 200
        parent.kill()
        assert parent.stderr.read() == ""  # to its end, which is the server's too: it has it open
        assert client.hear() == (0, "")
    assert not is_running(int(pid))


def test_ctrl_c_is_for_its_parent_alone(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    pid, port = parent.stdout.readline().split()
    os.kill(int(pid), signal.SIGINT)
    with Client(int(port)) as client:
        assert client.get("/0")[0] == 200
    out, errors = parent.communicate(timeout=60)
    assert (out, errors, parent.returncode) == ("1\n", "", 0)
    assert not is_running(int(pid))


def is_running(pid: int) -> bool:
    """Whether it is there, and no zombie whose parent, the system's first process, has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
