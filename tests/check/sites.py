"""Sites good and bad on the loopback interface, for checks by real backends, and what must be said of each."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from scraper.check.model import Statuses, Target
from tests.behaviours.rows import CERTS
from tests.server import (
    Behaviour,
    ClosedPort,
    ScriptedServer,
    ask_for_more,
    close,
    drip,
    ok,
    raw,
    redirect,
    reset,
    sequence,
    stall,
    status,
)

__all__ = ["SITES", "Sites", "authority", "page_of", "plain"]

HASTE = 0.7
"""Seconds that a fetch may take where nothing ever comes."""
SLOW = 0.3
"""Seconds from which on a server is slow; the slow one takes twice as long. The others are not measured."""


@dataclass(frozen=True)
class Site:
    """One target and what it answers.

    :ivar says: what must be said of it: verdict and reason, ``|``, detail, where one is sure of it in all backends.
    :ivar statuses: of the hops of its attempts; those of one attempt where they are all the same.
    :ivar place: which server it is on; those of one name share one.
    :ivar more: further paths of that server.
    """

    behaviour: Behaviour | Callable[[], Behaviour] | None
    says: str
    statuses: list[list[int | None]]
    target: Mapping[str, Any] = field(default_factory=lambda: {"method": "get"})
    place: str = "plain"
    more: Mapping[str, Behaviour] = field(default_factory=dict)
    url: str | None = None


def get(**more: Any) -> dict[str, Any]:
    return {"method": "get", **more}


def head(code: int = 200) -> Behaviour:
    """An answer to HEAD: no body, whatever the length says."""
    return raw(f"HTTP/1.1 {code} Status\r\nContent-Length: 5\r\nConnection: close\r\n\r\n".encode())


def late(seconds: float) -> Behaviour:
    """An answer that comes after ``seconds``."""
    return sequence(drip(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", every=seconds, size=20))


JSON = ok(b'{"status": "ok", "checks": [{"name": "disk", "free": 7}]}', "Content-Type: application/json\r\n")
HTML = ok(b"<title>Shop</title><p>all is well", "Content-Type: text/html\r\n")
UP: list[list[int | None]] = [[200]]
SILENT: list[list[int | None]] = [[None], [None]]
LOGIN = status(401, 'WWW-Authenticate: Basic realm="x"\r\n')
CLOUDFLARE = status(403, "Server: cloudflare\r\ncf-mitigated: challenge\r\n")

SITES: dict[str, Site] = {
    "up": Site(HTML, "up", UP),
    "up, asked by HEAD": Site(head(), "up", UP, {}),
    "no HEAD": Site(lambda: ask_for_more(head(405), HTML), "up", [[405, 200]], {}),
    "HEAD cut off": Site(lambda: ask_for_more(close(), HTML), "up", [[None, 200]], {}),
    "slow": Site(late(2 * SLOW), f"slow slow | slower than {SLOW:g} s", UP, get(slower_than=SLOW)),
    "gone": Site(status(404), "down status | 404, expected 200..399", [[404], [404]]),
    "gone, as expected": Site(status(404), "up", [[404]], get(expect=Statuses(((404, 404),)))),
    "broken": Site(status(500), "down status | 500, expected 200..399", [[500], [500]]),
    "broken, by HEAD": Site(
        lambda: ask_for_more(head(500), status(500)), "down status | 500, expected 200..399", [[500, 500], [500]], {}
    ),
    "flapping": Site(lambda: ask_for_more(status(500), HTML), "up", [[500], [200]]),
    "busy for a moment": Site(
        lambda: ask_for_more(status(503, "Retry-After: 1\r\n"), HTML), "up", [[503], [200]], place="busy"
    ),
    "busy for an hour": Site(
        status(503, "Retry-After: 3600\r\n"), "down status | 503, expected 200..399", [[503]], place="closed"
    ),
    "moved": Site(redirect("/moved/2"), "up", [[302, 302, 200]], more={"/moved/2": redirect("/up"), "/up": HTML}),
    "moved, and that is all": Site(redirect("/up"), "up", [[302]], get(follow=False)),
    "moved too often": Site(
        redirect("/1"),
        "down redirects | more than 2",
        [[302, 302, 302], [302, 302, 302]],
        get(redirects=2),
        more={"/1": redirect("/2"), "/2": redirect("/3")},
    ),
    "in a circle": Site(
        redirect("/round"),
        "down redirects | in a circle, back to /in-a-circle",
        [[302, 302], [302, 302]],
        more={"/round": redirect("/in-a-circle")},
    ),
    "leads to nobody": Site(redirect("http://no-such-host.invalid/"), "down dns | name not found", [[302, None]] * 2),
    "wrong body": Site(HTML, "down body | the body does not hold 'sold out'", [[200], [200]], get(texts=("sold out",))),
    "right body": Site(HTML, "up", UP, get(texts=("all is well",), patterns=("<title>S.*p</title>",))),
    "no match": Site(HTML, "down body | nothing in the body matches '^x'", [[200], [200]], get(patterns=("^x",))),
    "right JSON": Site(JSON, "up", UP, get(values=(("status", "ok"), ("checks[0].free", "7")))),
    "wrong JSON": Site(JSON, "down body", [[200], [200]], get(values=(("status", "fine"),))),
    "no JSON": Site(HTML, "down body", [[200], [200]], get(values=(("status", "ok"),))),
    "a test for robots": Site(CLOUDFLARE, "blocked challenge | a test for robots (Cloudflare)", [[403]]),
    "login": Site(
        status(401, 'WWW-Authenticate: Basic realm="x"\r\n'), "blocked login | 401, it wants a login", [[401]]
    ),
    "forbidden": Site(status(403), "blocked forbidden | 403, not for us", [[403]]),
    "too many": Site(
        status(429, "Retry-After: 60\r\n"), "blocked rate | 429, too many requests", [[429]], place="limited"
    ),
    "hangs": Site(stall(), f"down timeout | no answer within {HASTE:g} s", SILENT, get(timeout=HASTE)),
    "hangs halfway": Site(
        stall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        f"down timeout | not whole after {HASTE:g} s",
        SILENT,
        get(timeout=HASTE),
    ),
    "cut off": Site(
        close(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        "down reset | connection closed before the answer was whole",
        SILENT,
    ),
    "reset": Site(reset(), "down reset | connection closed before the answer was whole", SILENT),
    "no HTTP": Site(raw(b"220 mail.example ESMTP\r\n\r\n"), "down protocol", SILENT),
    "refused": Site(None, "down connect | refused", SILENT, place="nobody"),
    "unknown": Site(None, "down dns | name not found", SILENT, url="http://no-such-host.invalid/"),
    "TLS": Site(HTML, "up", UP, place="server.pem"),
    "TLS, for the name": Site(HTML, "up", UP, place="server.pem", url="localhost"),
    "TLS, moved there": Site(redirect("{server.pem}/tls"), "up", [[302, 200]]),
    "TLS ends soon": Site(HTML, "cert cert | certificate expires in 5 days", UP, place="near.pem"),
    "TLS ends soon, and who minds": Site(HTML, "up", UP, get(cert_days=None), place="near.pem"),
    "TLS ends soon, and is broken": Site(
        status(500), "down status | 500, expected 200..399", [[500]] * 2, place="near.pem"
    ),
    "TLS expired": Site(HTML, "down tls | the certificate has expired", SILENT, place="expired.pem"),
    "TLS self-signed": Site(HTML, "down tls | the certificate is self-signed", SILENT, place="selfsigned.pem"),
    "TLS of another": Site(HTML, "down tls | the certificate is not for 127.0.0.1", SILENT, place="other.pem"),
    "TLS too early": Site(HTML, "down tls | the certificate is not valid yet", SILENT, place="early.pem"),
    "TLS stalls": Site(
        None,
        f"down timeout | no connection within {HASTE:g} s",
        SILENT,
        get(timeout=HASTE),
        place="mute",
    ),
    "TLS where is none": Site(None, "down tls | the server does not speak TLS on this port", SILENT, place="no TLS"),
}
"""Each target by its name, which is its key; its path is made of that."""


class Sites:
    """Servers for :data:`SITES`, each behaviour as new. Use it as a context manager.

    :param near: PEM file of a certificate that ends in less than six days; see :func:`authority`.
    """

    def __init__(self, near: Path) -> None:
        self._near = near
        self._servers: dict[str, ScriptedServer] = {}
        self._stack = contextlib.ExitStack()
        self.targets: list[Target] = []

    def __enter__(self) -> Self:
        with self._stack:
            for site in SITES.values():
                self._server(site.place)
            self.targets = [self._set_up(name, site) for name, site in SITES.items()]
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def _set_up(self, name: str, site: Site) -> Target:
        server = self._server(site.place)
        path = page_of(name)
        if site.behaviour is not None:
            server.script(path, self._behaviour(name, site))
        for place, behaviour in site.more.items():
            server.script(place, behaviour)
        host = site.url if site.url and "://" not in site.url else "127.0.0.1"
        url = site.url if site.url and "://" in site.url else server.url(path, host)
        if site.place in ("mute", "no TLS"):
            url = url.replace("http://", "https://")
        return Target(url=url, name=name, **{"tries": 2, "pause": 0.05, **site.target})

    def _behaviour(self, name: str, site: Site) -> Behaviour:
        if name == "TLS, moved there":
            return redirect(self._server("server.pem").url(page_of("TLS")))
        behaviour: Any = site.behaviour
        return behaviour() if behaviour.__name__ == "<lambda>" else behaviour  # type: ignore[no-any-return]

    def _server(self, place: str) -> ScriptedServer:
        if place not in self._servers:
            self._servers[place] = self._stack.enter_context(self._made(place))
        return self._servers[place]

    def _made(self, place: str) -> ScriptedServer:
        if place == "nobody":
            return ClosedPort()
        if place == "no TLS":
            return ScriptedServer(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n")
        if not place.endswith(".pem"):
            return ScriptedServer()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._near if place == "near.pem" else CERTS / place)
        return ScriptedServer(context)


def plain(text: str) -> str:
    """``text`` without the origins of the servers, whose ports are new each time."""
    return re.sub(r"https?://(?:127\.0\.0\.1|localhost):\d+", "", text)


def page_of(name: str) -> str:
    """The path of a target."""
    return "/" + "".join(char if char.isalnum() else "-" for char in name.lower()).replace("--", "-")


def authority(folder: Path) -> tuple[Path, Path]:
    """A new certificate for 127.0.0.1 that ends in five and a half days, and the authorities to trust, all of them.

    :returns: the PEM files of both.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "near its end")])
    address = x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    parent, signer = _parent(now)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(parent.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=5, hours=12))
        .add_extension(x509.SubjectAlternativeName(address), critical=False)
        .sign(signer, hashes.SHA256())
    )
    pem, trusted = folder / "near.pem", folder / "trusted.pem"
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    trusted.write_bytes((CERTS / "ca.pem").read_bytes() + parent.public_bytes(serialization.Encoding.PEM))
    return pem, trusted


def _parent(now: datetime.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of a day")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=30))
        .not_valid_after(now + datetime.timedelta(days=300))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made, key
