"""Trust: who is believed, and who is not, on both sides."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from scraper.errors import ConfigError
from scraper.fetch.asyncio import AsyncFetcher
from scraper.fetch.blocking import BlockingFetcher
from scraper.model import Failed, Reason
from scraper.settings import Identity, Limits
from tests.fetch.conftest import LIMITS, Border, word
from tests.server import ScriptedServer, close, ok, page, reset, stall

CERTS = Path(__file__).parent / "certs"
TRUSTING = Identity(ca_file=str(CERTS / "ca.pem"))
ROOMY = msgspec.structs.replace(LIMITS, connect=5.0, read=5.0, total=10.0)


def tls_server(certificate: str = "server.pem") -> ScriptedServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / certificate)
    return ScriptedServer(context)


@pytest.fixture
def secure() -> Iterator[ScriptedServer]:
    with tls_server() as running:
        yield running


def test_untrusted(border: Border, secure: ScriptedServer) -> None:
    secure.script("/", page("<p>hello"))
    assert border.be(Identity(), ROOMY)(secure.url("/")) == "tls"
    assert not secure.hits


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_trusted_by_ca_file(border: Border, secure: ScriptedServer, host: str) -> None:
    secure.script("/", page("<p>hello"))
    url = secure.url("/", host)
    outcomes = border.be(TRUSTING, ROOMY).fetch(url, url, url)
    assert [word(outcome) for outcome in outcomes] == ["200"] * 3
    assert secure.connections == 1


def test_wrong_host(border: Border) -> None:
    with tls_server("other.pem") as server:
        server.script("/", page("<p>hello"))
        assert border.be(TRUSTING, ROOMY)(server.url("/")) == "tls"


@pytest.mark.parametrize(("greeting", "expected"), [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", "tls"),
    (b"\x15\x03\x03\x00\x02\x02\x28", "tls"),  # an alert: handshake failure
    (b"", "reset"),
    (b"\x16\x03\x03\x00\x7a", "reset"),
])  # fmt: skip
def test_handshake_fails(border: Border, greeting: bytes, expected: str) -> None:
    with ScriptedServer(greeting=greeting) as server:
        assert border.be(TRUSTING, ROOMY)(server.url("/").replace("http:", "https:")) == expected


def test_handshake_without_an_answer(border: Border, server: ScriptedServer) -> None:
    (outcome,) = border.be(TRUSTING).fetch(server.url("/").replace("http:", "https:"))
    assert isinstance(outcome, Failed)
    assert outcome.detail == "connect: no connection within 0.4 s"


@pytest.mark.parametrize(("behaviour", "expected"), [
    (ok(b"x" * 90_000), "200"),
    (close(b"HTTP/1.1 200 OK\r\n\r\nhello"), "200"),
    (close(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), "reset"),
    (reset(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), "reset"),
    (reset(b"HTTP/1.1 200 OK\r\n\r\nhello"), "reset"),
    (close(), "reset"),
    (stall(), "timeout"),
])  # fmt: skip
def test_outcome(border: Border, secure: ScriptedServer, behaviour: object, expected: str) -> None:
    secure.script("/", behaviour)  # type: ignore[arg-type]
    limits = msgspec.structs.replace(ROOMY, read=0.3)
    assert border.be(TRUSTING, limits)(secure.url("/")) == expected


@pytest.mark.parametrize("fetcher", [BlockingFetcher, AsyncFetcher])
def test_bad_ca_file(fetcher: type, tmp_path: Path) -> None:
    (tmp_path / "not.pem").write_text("hello")
    for name in ("not.pem", "missing.pem"):
        with pytest.raises(ConfigError, match=name):
            fetcher(Limits(), Identity(ca_file=str(tmp_path / name)))


PLAIN = "the server does not speak TLS on this port"


@pytest.mark.parametrize(("certificate", "host", "identity", "detail"), [
    ("expired.pem", "localhost", TRUSTING, "the certificate has expired"),
    ("early.pem", "localhost", TRUSTING, "the certificate is not valid yet"),
    ("selfsigned.pem", "localhost", TRUSTING, "the certificate is self-signed"),
    ("server.pem", "localhost", Identity(), "the certificate is from an unknown authority: --ca-file makes it known"),
    ("other.pem", "localhost", TRUSTING, "the certificate is not for localhost"),
    ("other.pem", "127.0.0.1", TRUSTING, "the certificate is not for 127.0.0.1"),
])  # fmt: skip
def test_why_nobody_is_believed(border: Border, certificate: str, host: str, identity: Identity, detail: str) -> None:
    with tls_server(certificate) as server:
        (outcome,) = border.be(identity, ROOMY).fetch(server.url("/", host))
        assert isinstance(outcome, Failed)
        assert (outcome.reason, outcome.detail) == (Reason.TLS, detail)
        assert server.requests == []


@pytest.mark.parametrize(("greeting", "detail"), [
    (b"HTTP/1.1 400 Bad Request\r\n\r\n", PLAIN),
    (b"SSH-2.0-OpenSSH_9.6\r\n", PLAIN),
    (b"\x15\x03\x03\x00\x02\x02\x28", "the server refused the TLS handshake"),
    (b"\x15\x03\x03\x00\x02\x02\x46", "the server speaks no version of TLS that is safe"),
    (b"\x15\x03\x03\x00\x02\x02\x50", "the server failed in the TLS handshake"),
    (b"\x15\x03\x03\x00\x02\x02\x70", "the server does not know this host"),
    (b"\x15\x03\x03\x00\x02\x02\x2f", "no TLS: sslv3 alert illegal parameter"),
])  # fmt: skip
def test_why_there_is_no_handshake(border: Border, greeting: bytes, detail: str) -> None:
    with ScriptedServer(greeting=greeting) as server:
        (outcome,) = border.be(TRUSTING).fetch(server.url("/").replace("http:", "https:"))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == (Reason.TLS, detail)


def test_old_versions_are_not_spoken(border: Border) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with ScriptedServer(context) as server:
        assert border.be(TRUSTING, ROOMY)(server.url("/")) == "tls"


def test_trust_does_not_stick_to_a_connection(border: Border, secure: ScriptedServer) -> None:
    """What one refuses is refused each time, also where another fetcher trusts it (CVE-2024-35195)."""
    secure.script("/", ok())
    url = secure.url("/", "localhost")
    trusting = Border(border.name).be(TRUSTING, ROOMY)
    try:
        assert trusting(url) == "200"
        assert [word(outcome) for outcome in border.be(Identity(), ROOMY).fetch(url, url)] == ["tls", "tls"]
        assert trusting(url) == "200"
    finally:
        trusting.close()


def test_a_certificate_is_asked_for_each_host(border: Border, secure: ScriptedServer) -> None:
    """The same address and port under a name that its certificate does not have is another host."""
    secure.script("/", ok())
    urls = [secure.url("/", host) for host in ("localhost", "127.0.0.1", "x.localhost", "localhost")]
    words = [word(outcome) for outcome in border.be(TRUSTING, ROOMY).fetch(*urls)]
    assert words[:2] == ["200", "200"]
    assert words[2] in {"tls", "dns"}  # not every system resolves names below localhost (RFC 6761, 6.3)
    assert words[3] == "200"
