"""What a probe finds out, besides the outcome: the same on both sides, and nothing of the time is lost."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from scraper.model import Evidence, Failed, Fetched, Outcome, Probe, Reason, Request
from scraper.settings import Identity, Limits, Safety
from tests.fetch.conftest import BORDERS, Border
from tests.fetch.socks_server import SocksServer
from tests.fetch.test_tls import ROOMY, TRUSTING, tls_server
from tests.server import (
    Behaviour,
    ClosedPort,
    ScriptedServer,
    chunked,
    close,
    drip,
    endless,
    ok,
    page,
    raw,
    redirect,
    reset,
    sequence,
    stall,
    status,
)

PHASES = ("dns_us", "connect_us", "tls_us", "first_us", "body_us")
OK = b"HTTP/1.1 200 OK\r\n"


def probed(border: Border, url: str, probe: Probe | None = None) -> Outcome:
    return border.visit(Request(url, probe=probe or Probe()))


def evidence(outcome: Outcome) -> Evidence:
    assert isinstance(outcome, Fetched | Failed)
    assert outcome.evidence is not None
    return outcome.evidence


def phases(outcome: Outcome) -> set[str]:
    """The phases that took any time."""
    return {name.removesuffix("_us") for name in PHASES if getattr(evidence(outcome), name)}


def timeless(outcome: Outcome) -> tuple[object, ...]:
    """All that does not depend on the moment."""
    times = dict.fromkeys(("own_us", *PHASES), 0)
    plain = msgspec.structs.replace(evidence(outcome), **times)
    said: tuple[object, ...]
    if isinstance(outcome, Failed):
        said = (outcome.reason, outcome.detail)
    else:
        assert isinstance(outcome, Fetched)
        said = (outcome.status, outcome.page, outcome.location, outcome.size, outcome.wire, outcome.address)
    return (*said, plain)


def adds_up(outcome: Outcome) -> None:
    """Our waiting, our own time and the phases are the whole; each is cut to microseconds."""
    assert isinstance(outcome, Fetched | Failed)
    found, timings = evidence(outcome), outcome.timings
    assert found.own_us >= 0
    total = found.own_us + sum(getattr(found, name) for name in PHASES)
    assert abs(total - timings.server_us - timings.body_us) <= 2


def test_a_probe_is_no_page(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober, server.script("/", page("<title>A</title><a href=/b>")))
    assert isinstance(outcome, Fetched)
    assert (outcome.status, outcome.page, outcome.content_type) == (200, None, "text/html")
    assert outcome.size == outcome.wire == len("<title>A</title><a href=/b>")
    found = evidence(outcome)
    assert (found.http, found.address, found.certificate, found.challenge, found.unmet) == (
        "1.1", "127.0.0.1", None, None, (),
    )  # fmt: skip
    adds_up(outcome)
    assert phases(outcome) >= {"connect", "first"}
    assert not found.dns_us
    assert not found.tls_us


def test_a_page_is_no_probe(prober: Border, server: ScriptedServer) -> None:
    (outcome,) = prober.fetch(server.script("/", page("<p>")))
    assert isinstance(outcome, Fetched)
    assert outcome.evidence is None
    assert outcome.page is not None


def test_each_probe_has_a_connection_of_its_own(prober: Border, server: ScriptedServer) -> None:
    url = server.script("/", ok())
    prober.fetch(url, url)
    assert server.connections == 1
    for _ in range(3):
        probed(prober, url)
    assert server.connections == 4
    assert b"\r\nConnection: close\r\n" in server.requests[-1]
    prober.fetch(url)
    assert server.connections == 4  # that of the pages is still there


def test_the_name_is_looked_up_each_time(
    prober: Border, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def counted(host: object, *args: object, **options: object) -> object:
        asked.append(host)
        return real(host, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    server.script("/", ok())
    url = server.url("/", "localhost")
    outcomes = [probed(prober, url) for _ in range(3)]
    assert asked.count("localhost") == 3
    for outcome in outcomes:
        adds_up(outcome)
        assert evidence(outcome).dns_us > 0
        assert evidence(outcome).address == "127.0.0.1"


HEADS: dict[str, Behaviour] = {
    "length": raw(OK + b"Content-Length: 50000\r\n\r\n", keep=True),
    "large": raw(OK + b"Content-Length: 99999999999\r\n\r\n", keep=True),
    "no number": raw(OK + b"Content-Length: many\r\n\r\n", keep=True),
    "chunked": raw(OK + b"Transfer-Encoding: chunked\r\n\r\n", keep=True),
    "both": raw(OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", keep=True),
    "packed": raw(OK + b"Content-Length: 500\r\nContent-Encoding: gzip\r\n\r\n", keep=True),
    "nothing said": raw(OK + b"\r\n", keep=True),
    "a body all the same": raw(OK + b"Content-Length: 5\r\n\r\nhello", keep=True),
    "a body, later": sequence(raw(OK + b"Content-Length: 5\r\n\r\n"), raw(b"hello", keep=True)),
    "closed": close(OK + b"Content-Length: 5\r\n\r\n"),
    "interim": raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\n", keep=True),
}


@pytest.mark.parametrize("name", HEADS)
def test_an_answer_to_head_has_no_body(prober: Border, server: ScriptedServer, name: str) -> None:
    """RFC 9110, 9.3.2, and RFC 9112, 6.3: whatever its headers say; nobody waits for one."""
    outcome = probed(prober.be(Identity(), ROOMY), server.script("/", HEADS[name]), Probe("HEAD"))
    assert isinstance(outcome, Fetched), outcome
    assert (outcome.status, outcome.size) == (200, 0)
    assert server.requests[0].startswith(b"HEAD / HTTP/1.1\r\n")
    adds_up(outcome)


def test_an_answer_to_get_has_one(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober, server.script("/", raw(OK + b"Content-Length: 50000\r\n\r\n", keep=True)))
    assert isinstance(outcome, Failed)
    assert outcome.reason in {Reason.TIMEOUT, Reason.RESET}


LONG = {
    "sized": ok(b"x" * 70_000),
    "claimed": endless(OK + b"Content-Length: 1000000000\r\n\r\n", b"x" * 100, 2_000_000),
    "chunked": chunked(*[b"x" * 1_000] * 70),
    "until it closes": endless(OK + b"\r\n", b"x" * 100, 2_000_000),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_body_is_cut_and_no_trouble(prober: Border, server: ScriptedServer, name: str) -> None:
    limits = Limits(size=20_000, parsed=50_000)
    outcome = probed(prober.be(Identity(), limits), server.script("/", LONG[name]), Probe(texts=("xxx", "y")))
    assert isinstance(outcome, Fetched), outcome
    assert outcome.size == 50_000
    assert evidence(outcome).unmet == ("the body does not hold 'y'",)
    adds_up(outcome)


def test_a_redirect_says_where_to_with_its_session(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober, server.script("/", redirect("/next?PHPSESSID=0123456789abcdef0123456789abcdef")))
    assert isinstance(outcome, Fetched)
    assert outcome.location == server.url("/next?PHPSESSID=0123456789abcdef0123456789abcdef")


def test_the_version_is_that_of_the_answer(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober, server.script("/", raw(b"HTTP/1.0 200 OK\r\n\r\nhello")))
    assert evidence(outcome).http == "1.0"


def test_waits_are_in_the_phase_that_they_belong_to(prober: Border, server: ScriptedServer) -> None:
    """What the server took is never less, and its order is known; that it is little more is for the benchmark."""

    def late(seconds: float) -> Behaviour:
        def behave(connection: socket.socket) -> bool:
            time.sleep(seconds)
            return True

        return behave

    slow = sequence(late(0.1), raw(OK + b"Content-Length: 10\r\n\r\nhello"), late(0.2), raw(b"hello", keep=True))
    outcome = probed(prober.be(Identity(), ROOMY), server.script("/", slow))
    adds_up(outcome)
    assert evidence(outcome).first_us >= 90_000
    assert evidence(outcome).body_us >= 190_000


class Narrow(ScriptedServer):
    """Takes no more than a part of a request until half a second has passed, as small devices do."""

    def __init__(self) -> None:
        super().__init__()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)

    def _serve(self, connection: socket.socket) -> None:
        time.sleep(0.5)
        super()._serve(connection)


def test_a_server_that_takes_the_request_late_is_slow(prober: Border) -> None:
    """The kernel sends the rest of it late, and answers its question when data was last sent with that."""
    with Narrow() as server:
        prober.be(Identity(user_agent="a" * 5_000), ROOMY)
        outcome = probed(prober, server.script("/", ok()))
    adds_up(outcome)
    assert evidence(outcome).first_us >= 400_000


class Hostile(ScriptedServer):
    """Resets connections as soon as they are made."""

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


def test_what_is_reset_at_once_was_reset_whoever_sees_it_first(prober: Border) -> None:
    """The connect itself, the request or the answer."""
    with Hostile() as server:
        outcomes = [probed(prober, server.url("/")) for _ in range(30)]
    assert {outcome.reason for outcome in outcomes if isinstance(outcome, Failed)} == {Reason.RESET}


def test_a_probe_has_a_time_of_its_own(prober: Border, server: ScriptedServer) -> None:
    slow = server.script("/", drip(OK + b"Content-Length: 9\r\n\r\nhellohell", 0.05, size=4))
    outcome = probed(prober, slow, Probe(timeout=30.0))  # the others end before: see LIMITS
    assert isinstance(outcome, Fetched), outcome
    outcome = probed(prober, slow, Probe(timeout=0.2))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == (Reason.TIMEOUT, "total: the answer was not whole after 0.2 s")
    adds_up(outcome)


def hosts(server: ScriptedServer, closed: ClosedPort) -> Iterator[tuple[str, str, set[str]]]:
    """Names of troubles, their URLs, and in which phases time must have passed."""
    yield "refused", closed.url("/"), {"connect"}
    yield "unknown", "http://no-such-host.invalid/", {"dns"}
    yield "no tls", server.url("/").replace("http:", "https:"), {"connect"}
    for name, behaviour in {
        "closed": close(),
        "reset": reset(),
        "hang": stall(),
        "hang in the headers": stall(OK + b"X-A: "),
        "hang after the headers": stall(OK + b"Content-Length: 5\r\n\r\n"),
        "hang in the body": stall(OK + b"Content-Length: 5\r\n\r\nhe"),
        "cut": close(OK + b"Content-Length: 5\r\n\r\nhe"),
        "no http": close(b"SSH-2.0-OpenSSH_9.6\r\n"),
        "damaged": ok(b"hello", "Content-Encoding: gzip\r\n"),
        "too many headers": ok(b"", f"X-A: {'a' * 5_000}\r\n"),
    }.items():
        yield name, server.script(f"/{name.replace(' ', '-')}", behaviour), {"connect", "first"}


def test_trouble_has_its_evidence_and_is_told_alike() -> None:
    found: dict[str, list[tuple[object, ...]]] = {}
    for kind in BORDERS:
        with ScriptedServer() as server, ClosedPort() as closed:
            border = Border(kind)
            for name, url, expected in hosts(server, closed):
                outcome = probed(border, url)
                assert isinstance(outcome, Failed), name
                adds_up(outcome)
                assert phases(outcome) >= expected, (kind, name)
                assert evidence(outcome).address == (None if name == "unknown" else "127.0.0.1")
                told = timeless(msgspec.structs.replace(outcome, detail=outcome.detail.replace(_port(url), "PORT")))
                found.setdefault(name, []).append(told)
            border.close()
    different = {name: set(told) for name, told in found.items() if len(set(told)) > 1}
    assert not different


def _port(url: str) -> str:
    return url.split("/")[2].rpartition(":")[2]


def test_the_version_is_known_of_what_broke_off(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober, server.script("/", stall(OK + b"Content-Length: 5\r\n\r\nhe")))
    assert evidence(outcome).http == "1.1"
    assert evidence(outcome).body_us > 200_000


def test_a_handshake_that_stalls_has_its_phase(prober: Border, server: ScriptedServer) -> None:
    url = server.url("/").replace("http:", "https:")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        outcome = probed(prober, url)
    assert isinstance(outcome, Failed)
    assert outcome.detail == "connect: no connection within 0.4 s"
    assert phases(outcome) >= {"connect", "tls"}
    assert not phases(outcome) & {"first", "body"}
    assert evidence(outcome).tls_us > 300_000
    adds_up(outcome)


def test_a_private_address_is_refused_before_anything_is_sent(prober: Border, server: ScriptedServer) -> None:
    outcome = probed(prober.be(Identity(), safety=Safety()), server.script("/", ok()))
    assert not isinstance(outcome, Fetched | Failed)
    assert outcome.reason is Reason.PRIVATE_ADDRESS
    assert not server.connections


ANSWERS: dict[str, tuple[Behaviour, Probe]] = {
    "page": (page("<p>hello"), Probe(texts=("hello", "bye"))),
    "json": (ok(b'{"a": {"b": [1, "x"]}}'), Probe(values=(("a.b[1]", "x"), ("a.b[0]", "2"), ("a.c", "1")))),
    "not found": (status(404), Probe(patterns=("no body", "^x"))),
    "redirect": (redirect("/x"), Probe()),
    "challenge": (status(403, "Cf-Mitigated: challenge\r\n"), Probe("HEAD")),
    "packed": (ok(b"hello", "Content-Encoding: identity\r\n"), Probe(texts=("hello",))),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_evidence_is_equal(name: str) -> None:
    found = []
    with ScriptedServer() as server:
        behaviour, probe = ANSWERS[name]
        url = server.script("/", behaviour)
        for kind in BORDERS:
            border = Border(kind)
            found.append(timeless(probed(border, url, probe)))
            border.close()
    assert found[0] == found[1] == found[2]


def test_conditions_and_tests_for_robots_are_in_the_evidence(prober: Border, server: ScriptedServer) -> None:
    behaviour, probe = ANSWERS["json"]
    assert evidence(probed(prober, server.script("/", behaviour), probe)).unmet == (
        "a.b[0] is 1, not '2'",
        "there is no a.c in the body",
    )
    behaviour, probe = ANSWERS["challenge"]
    assert evidence(probed(prober, server.script("/", behaviour), probe)).challenge == "Cloudflare"


@pytest.mark.parametrize("probe", [Probe(), Probe("HEAD")])
def test_through_a_proxy(prober: Border, probe: Probe) -> None:
    """The address is the proxy's secret then, and its answer to CONNECT is no answer of the server's."""
    with ScriptedServer() as proxy, tls_server() as server:
        server.script("/", ok())
        proxy.script("CONNECT", _tunnel_to(server.port))
        identity = msgspec.structs.replace(TRUSTING, proxy=proxy.url("/"))
        outcome = probed(prober.be(identity, ROOMY), server.url("/"), probe)
        assert isinstance(outcome, Fetched), outcome
    adds_up(outcome)
    assert phases(outcome) >= {"connect", "tls", "first"}
    found = evidence(outcome)
    assert (found.address, found.http) == (None, "1.1")
    assert found.certificate is not None
    assert found.certificate.subject == "localhost"


def test_a_refused_certificate_behind_a_proxy_has_its_trouble_only(prober: Border) -> None:
    with ScriptedServer() as proxy, tls_server("expired.pem") as server:
        proxy.script("CONNECT", _tunnel_to(server.port))
        identity = msgspec.structs.replace(TRUSTING, proxy=proxy.url("/"))
        outcome = probed(prober.be(identity, ROOMY), server.url("/"))
        assert proxy.hits["/"] == 0
        assert server.connections == 1
    assert isinstance(outcome, Failed)
    found = evidence(outcome)
    assert found.http is None
    assert found.certificate is not None
    assert (found.certificate.trouble, found.certificate.not_after) == ("the certificate has expired", 0.0)


@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h"])
def test_through_a_socks_proxy(prober: Border, scheme: str) -> None:
    with tls_server() as server, SocksServer(server.port) as socks:
        server.script("/", ok())
        identity = msgspec.structs.replace(TRUSTING, proxy=socks.url(scheme))
        outcomes = [probed(prober.be(identity, ROOMY), "https://localhost/") for _ in range(2)]
        assert len(socks.asked) == server.connections == 2
    for outcome in outcomes:
        assert isinstance(outcome, Fetched), outcome
        adds_up(outcome)
        assert phases(outcome) >= {"connect", "tls", "first"}
        assert evidence(outcome).address is None


def test_a_proxy_that_is_not_there(prober: Border) -> None:
    with ClosedPort() as proxy:
        for scheme in ("http", "socks5h"):
            identity = Identity(proxy=f"{scheme}://127.0.0.1:{proxy.port}")
            border = Border(prober.name).be(identity, ROOMY)
            outcome = probed(border, "http://a.test/")
            border.close()
            assert isinstance(outcome, Failed)
            assert outcome.reason is Reason.PROXY
            adds_up(outcome)
            assert evidence(outcome).address is None


def _tunnel_to(port: int) -> Behaviour:
    def behave(connection: socket.socket) -> bool:
        with socket.create_connection(("127.0.0.1", port)) as other:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pass_on, args=(other, connection))
            back.start()
            _pass_on(connection, other)
            back.join()
        return False

    return behave


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    receive: Callable[[int], bytes] = source.recv
    try:
        while data := receive(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
