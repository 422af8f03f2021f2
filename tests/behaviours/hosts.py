"""Names, ports and trust: what goes wrong before there is anything to read."""

from __future__ import annotations

import ssl

from tests.behaviours.rows import CERTS, HELLO, OK, Row, Rows, greeting, here, html, own, row, tls
from tests.server import Behaviour, ClosedPort, ScriptedServer, close, ok, redirect

__all__ = ["HOSTS", "TLS"]

LONG = ".".join(["x" * 63] * 4)
"""A name too long for any name server, so that none is asked (RFC 1035, 2.3.4)."""


def name(host: str, word: str) -> Row:
    return row(None, word, url=f"http://{host}/")


def leads_to(target: str) -> Row:
    """A redirect to an address that no stranger may send us to."""
    refused = row(None, "refused: private-address", url=target, seed=False)
    return row(redirect(target), "302", place=own(), location=target, more={"": refused})


def leads_to_name() -> Row:
    """A redirect to a name of this machine, which no seed has named."""
    behaviour = here(lambda base: redirect(f"http://localhost:{base.partition(':')[2]}/end"))
    refused = row(html(HELLO), "refused: private-address", host="localhost", seed=False)
    return row(behaviour, "302", place=own(), more={"/end": refused})


HOSTS: Rows = {
    "refused port": row(None, "connect", place=ClosedPort),
    "refused port over TLS": row(None, "connect", place=ClosedPort, scheme="https"),
    "port zero": row(None, "connect", url="http://127.0.0.1:0/"),
    "name too long": name(LONG, "dns"),
    "label too long": name("a" * 64 + ".test", "url"),
    "empty label": name("a..test", "url"),
    "to a private name": leads_to_name(),
    "to another port here": leads_to("http://127.0.0.1:9/"),
    "to another address here": leads_to("http://127.9.9.9/"),
    "to this host": leads_to("http://0.0.0.0/"),
    "to this host by IPv6": leads_to("http://[::1]/"),
    "to this host, mapped to IPv6": leads_to("http://[::ffff:7f00:1]/"),
    "to this host, by NAT64": leads_to("http://[64:ff9b::7f00:1]/"),
    "to a private network": leads_to("http://10.0.0.1/"),
    "to a private network by IPv6": leads_to("http://[fd00::1]/"),
    "to a provider's network": leads_to("http://100.64.0.1/"),
    "to what a cloud tells its machines": leads_to("http://169.254.169.254/latest/meta-data/"),
    "to everybody": leads_to("http://255.255.255.255/"),
}


def said(data: bytes, word: str) -> Row:
    """What becomes of a handshake that is answered with ``data``."""
    return row(None, word, place=greeting(data), scheme="https")


def alert(code: int) -> Row:
    """A fatal alert of TLS (RFC 8446, 6)."""
    return said(b"\x15\x03\x03\0\x02\x02" + bytes([code]), "tls")


def demanding() -> ScriptedServer:
    """An HTTPS server that wants a certificate of its clients."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTS / "server.pem")
    context.load_verify_locations(CERTS / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return ScriptedServer(context)


def secure(behaviour: Behaviour, word: str, certificate: str = "server.pem", **facts: object) -> Row:
    return row(behaviour, word, place=tls(certificate), **facts)  # type: ignore[arg-type]


TLS: Rows = {
    "page over TLS": secure(html(HELLO), "200", title="hello"),
    "page over TLS, by name": secure(html(HELLO), "200", host="localhost", title="hello"),
    "a megabyte over TLS": secure(ok(bytes(1_000_000)), "200", size=1_000_000),
    "closed without a goodbye": secure(close(OK + b"\r\n" + HELLO), "200", title="hello"),
    "certificate of another host": secure(html(HELLO), "tls", "other.pem"),
    "certificate of another name": secure(html(HELLO), "tls", "other.pem", host="localhost"),
    "certificate that has expired": secure(html(HELLO), "tls", "expired.pem", host="localhost",
                                           detail="the certificate has expired"),
    "certificate that is not valid yet": secure(html(HELLO), "tls", "early.pem", host="localhost"),
    "certificate that is self-signed": secure(html(HELLO), "tls", "selfsigned.pem", host="localhost",
                                              detail="the certificate is self-signed"),
    "a certificate is wanted": row(html(HELLO), "tls", place=demanding),
    "alert: handshake failure": alert(40),
    "alert: protocol version": alert(70),
    "alert: internal error": alert(80),
    "alert: unrecognized name": alert(112),
    "plain HTTP on a TLS port": said(b"HTTP/1.1 400 Bad Request\r\n\r\n", "tls"),
    "ssh on a TLS port": said(b"SSH-2.0-OpenSSH_9.6\r\n", "tls"),
    "NULs on a TLS port": said(bytes(100), "tls"),
    "a record that is too long": said(b"\x16\x03\x03\xff\xff" + bytes(100), "tls"),
    "a server hello of junk": said(b"\x16\x03\x03\0\x06\x02\0\0\x02\xff\xff", "tls"),
    "closed in the handshake": said(b"", "reset"),
    "closed in a record of the handshake": said(b"\x16\x03\x03\0\x7a", "reset"),
    "a TLS alert to plain HTTP": row(None, "protocol", place=greeting(b"\x15\x03\x01\0\x02\x02\x16")),
}  # fmt: skip
