"""Whom we trust, and in plain words why not.

OpenSSL tells what is wrong by numbers and names that stay, and by texts that differ from release to release: the words
are ours. It does not give the certificate that it refused, so neither its dates nor its names can be told.
"""

from __future__ import annotations

import re
import ssl
import threading
import weakref

import certifi

from scraper.errors import ConfigError
from scraper.settings import Identity

__all__ = ["shared_context", "tls_context", "tls_trouble"]


def tls_context(identity: Identity) -> ssl.SSLContext:
    """A context that trusts the authorities of certifi and those of ``ca_file``; about 20 ms to make.

    :raises ConfigError: when ``ca_file`` cannot be read.
    """
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    if identity.ca_file is not None:
        try:
            context.load_verify_locations(identity.ca_file)
        except OSError as error:  # ssl.SSLError is one too
            raise ConfigError(f"{identity.ca_file} cannot be read as PEM certificates: {error}") from error
    return context


def shared_context(identity: Identity, inside: type[ssl.SSLObject] = ssl.SSLObject) -> ssl.SSLContext:
    """As :func:`tls_context`, one for all who are there: a hundred threads would take seconds to make theirs.

    :param inside: what handshakes on an event loop are made with.
    """
    key = identity.ca_file, inside
    with _MAKING:
        context = _SHARED.get(key)
        if context is None:
            _SHARED[key] = context = tls_context(identity)
            context.sslobject_class = inside
        return context


_SHARED: weakref.WeakValueDictionary[tuple[str | None, type], ssl.SSLContext] = weakref.WeakValueDictionary()
_MAKING = threading.Lock()


def tls_trouble(error: BaseException) -> str | None:
    """What ``error`` says of certificate or handshake, for a person; None when it is about neither."""
    if type(error) is ssl.SSLCertVerificationError:  # aiohttp's errors inherit from these, and know nothing
        name = _QUOTED.search(error.verify_message)
        known = _CERTIFICATE.get(error.verify_code, f"the certificate is not accepted: {error.verify_message}")
        return known.format(name[1] if name else "this host")
    if type(error) is ssl.SSLError and error.reason:
        return _HANDSHAKE.get(error.reason) or f"no TLS: {error.reason.replace('_', ' ').lower()}"
    return None


_QUOTED = re.compile(r"'([^']*)'")
_UNKNOWN = "the certificate is from an unknown authority: --ca-file makes it known"
_CERTIFICATE = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is self-signed",
    19: _UNKNOWN,  # the chain ends in a certificate that nobody but itself has signed
    20: _UNKNOWN,
    21: _UNKNOWN,
    23: "the certificate was revoked",
    62: "the certificate is not for {}",
    64: "the certificate is not for {}",
}
"""By the numbers of X509_verify_cert_error_string(3)."""

_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "the server does not speak TLS on this port",
    "HTTP_REQUEST": "the server does not speak TLS on this port",
    "PACKET_LENGTH_TOO_LONG": "the server does not speak TLS on this port",
    "UNSUPPORTED_PROTOCOL": "the server speaks no version of TLS that is safe",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the server speaks no version of TLS that is safe",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "the server refused the TLS handshake",
    "SSL/TLS_ALERT_HANDSHAKE_FAILURE": "the server refused the TLS handshake",
    "TLSV1_ALERT_INTERNAL_ERROR": "the server failed in the TLS handshake",
    "TLSV1_UNRECOGNIZED_NAME": "the server does not know this host",
    "TLSV1_ALERT_UNRECOGNIZED_NAME": "the server does not know this host",
}
"""By the names of OpenSSL's reasons."""
