"""Certificates, trusted or not, are shown alike on both sides; they are made here, for the dates that matter."""

from __future__ import annotations

import datetime
import socket
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scraper.fetch import certificate
from scraper.fetch.blocking import BlockingFetcher
from scraper.fetch.certificate import describe
from scraper.fetch.tls import shared_context
from scraper.model import Certificate, Failed, Fetched, Reason
from scraper.settings import Identity, Limits
from tests.fetch.conftest import Border
from tests.fetch.test_probe import adds_up, evidence, probed
from tests.fetch.test_tls import CERTS, ROOMY, TRUSTING, tls_server
from tests.server import ScriptedServer, ok

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


class Signed(NamedTuple):
    """A certificate with its key."""

    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def ends(self) -> float:
        return self.cert.not_valid_after_utc.timestamp()

    @property
    def fingerprint(self) -> str:
        return self.cert.fingerprint(hashes.SHA256()).hex()


def sign(
    name: str, by: Signed | None = None, days: int = 100, *, ca: bool = False, names: tuple[str, ...] = ()
) -> Signed:
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(by.cert.subject if by else own)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 1_000 * DAY)
        .not_valid_after(NOW + days * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        listed = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(listed), critical=False)
    return Signed(builder.sign(by.key if by else key, hashes.SHA256()), key)


class Authority(NamedTuple):
    """Who signs, and who trusts it."""

    root: Signed
    identity: Identity


class Once(ScriptedServer):
    """Takes one connection, and no other."""

    def _serve(self, connection: socket.socket) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        super()._serve(connection)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    root = sign("Test Root", days=400, ca=True)
    (tmp_path / "root.pem").write_bytes(root.pem)
    return Authority(root, Identity(ca_file=str(tmp_path / "root.pem")))


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., ScriptedServer]:
    def make(*chain: Signed, kind: type[ScriptedServer] = ScriptedServer) -> ScriptedServer:
        key = chain[0].key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (tmp_path / "server.pem").write_bytes(key + b"".join(one.pem for one in chain))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        server = kind(context)
        server.script("/", ok())
        return server

    return make


def test_a_trusted_one(prober: Border, authority: Authority, serve: Callable[..., ScriptedServer]) -> None:
    leaf = sign("shop", authority.root, days=6, names=("localhost", "*.shop.test", "127.0.0.1"))
    with serve(leaf) as server:
        outcome = probed(prober.be(authority.identity, ROOMY), server.url("/"))
    assert isinstance(outcome, Fetched), outcome
    adds_up(outcome)
    assert evidence(outcome).tls_us > 0
    assert evidence(outcome).certificate == Certificate(
        subject="shop",
        issuer="Test Root",
        names=("localhost", "*.shop.test", "127.0.0.1"),
        not_before=(NOW - 1_000 * DAY).timestamp(),
        not_after=leaf.ends,
        earliest=leaf.ends,
        trouble=None,
        fingerprint=leaf.fingerprint,
    )


def test_the_first_of_the_chain_to_expire(
    prober: Border, authority: Authority, serve: Callable[..., ScriptedServer]
) -> None:
    between = sign("Between", authority.root, days=3, ca=True)
    leaf = sign("shop", between, days=90, names=("127.0.0.1",))
    with serve(leaf, between) as server:
        found = evidence(probed(prober.be(authority.identity, ROOMY), server.url("/"))).certificate
    assert found is not None
    assert (found.issuer, found.not_after, found.earliest) == ("Between", leaf.ends, between.ends)


@pytest.mark.parametrize(("kind", "trouble"), [
    ("expired", "the certificate has expired"),
    ("self-signed", "the certificate is self-signed"),
    ("unknown", "the certificate is from an unknown authority: --ca-file makes it known"),
    ("wrong host", "the certificate is not for 127.0.0.1"),
])  # fmt: skip
def test_a_refused_one(
    prober: Border, authority: Authority, serve: Callable[..., ScriptedServer], kind: str, trouble: str
) -> None:
    """It is shown with its dates; nothing is asked of such a server, nor is the second look a phase."""
    leaf = {
        "expired": lambda: sign("shop", authority.root, days=-4, names=("127.0.0.1",)),
        "self-signed": lambda: sign("shop", names=("127.0.0.1",)),
        "unknown": lambda: sign("shop", sign("Stranger", ca=True), names=("127.0.0.1",)),
        "wrong host": lambda: sign("shop", authority.root, names=("other.test",)),
    }[kind]()
    with serve(leaf) as server:
        outcome = probed(prober.be(authority.identity, ROOMY), server.url("/"))
        assert (server.connections, server.requests) == (2, [])
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.detail) == (Reason.TLS, trouble)
    adds_up(outcome)
    found = evidence(outcome)
    assert found.address == "127.0.0.1"
    assert found.certificate is not None
    assert found.certificate.trouble == trouble
    assert (found.certificate.subject, found.certificate.not_after) == ("shop", leaf.ends)
    assert found.certificate.fingerprint == leaf.fingerprint


def test_one_that_is_not_valid_yet(prober: Border) -> None:
    with tls_server("early.pem") as server:
        found = evidence(probed(prober.be(TRUSTING, ROOMY), server.url("/"))).certificate
    assert found is not None
    assert found.trouble == "the certificate is not valid yet"
    assert found.not_before > NOW.timestamp()


def test_a_second_look_that_comes_to_nothing(
    prober: Border, authority: Authority, serve: Callable[..., ScriptedServer]
) -> None:
    """A server that shows itself once: then its trouble is known, and no more."""
    with serve(sign("shop", names=("127.0.0.1",)), kind=Once) as server:
        outcome = probed(prober.be(authority.identity, ROOMY), server.url("/"))
    assert isinstance(outcome, Failed)
    assert outcome.detail == "the certificate is self-signed"
    assert evidence(outcome).certificate == Certificate(trouble="the certificate is self-signed")


def test_a_page_is_not_asked_for_its_certificate(prober: Border, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "describe", None)
    with tls_server() as server:
        server.script("/", ok())
        (outcome,) = prober.be(TRUSTING, ROOMY).fetch(server.url("/"))
    assert isinstance(outcome, Fetched)


def test_names_and_texts_are_bounded() -> None:
    names = tuple(("DNS", f"{n}.{'a' * 300}") for n in range(5_000))
    found = describe([{"subjectAltName": names, "notAfter": "no date"}], "00")
    assert len(found.names) == 100
    assert max(map(len, found.names)) == 253
    assert found.subject == found.names[0]
    assert (found.issuer, found.not_after, found.earliest) == ("", 0.0, 0.0)


def test_an_issuer_may_be_an_organisation() -> None:
    issuer: Any = ((("countryName", "DE"),), (("organizationName", "Trust"),))
    assert describe([{"issuer": issuer}], "").issuer == "Trust"


class Mute(ScriptedServer):
    """Answers to the first connection only; others hang."""

    def _serve(self, connection: socket.socket) -> None:
        if self.connections == 1:
            super()._serve(connection)
        else:
            connection.settimeout(20)
            connection.recv(65536)
            connection.recv(65536)
            connection.close()


def test_a_second_look_that_hangs_takes_no_longer_than_a_connection_may(prober: Border) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "selfsigned.pem")
    with Mute(context) as server:
        prober.be(TRUSTING, Limits(connect=1.0, read=60.0, total=60.0))
        outcome = probed(prober, server.url("/"))
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.TLS
    assert evidence(outcome).certificate == Certificate(trouble="the certificate is self-signed")
    assert outcome.timings.server_us < 15_000_000


def test_a_context_is_shared_while_it_is_used() -> None:
    one, two = shared_context(TRUSTING), shared_context(TRUSTING)
    assert one is two
    assert shared_context(Identity()) is not one
    assert one.verify_mode is ssl.CERT_REQUIRED


def test_threads_share_the_authorities_of_the_user() -> None:
    """To read them takes 50 ms and a megabyte for each; hundreds of threads would be ready after half a minute."""
    fetchers = [BlockingFetcher(ROOMY, TRUSTING) for _ in range(3)]
    assert len({id(fetcher._adapter._trusted()) for fetcher in fetchers}) == 1
    for fetcher in fetchers:
        fetcher.close()


def test_who_trusts_anybody_is_not_who_fetches(prober: Border) -> None:
    """A look at a refused certificate changes nothing for what follows."""
    with tls_server("expired.pem") as server:
        server.script("/", ok())
        prober.be(TRUSTING, ROOMY)
        assert [type(probed(prober, server.url("/"))) for _ in range(2)] == [Failed, Failed]
        assert [type(outcome) for outcome in prober.fetch(server.url("/"))] == [Failed]
        assert server.requests == []
