"""Webhooks: a change as JSON, by POST, signed as standardwebhooks.com says.

Three headers go with it: ``webhook-id``, which is the same for one change each time, so that a receiver can drop what
it has already; ``webhook-timestamp``, when this try was made; and ``webhook-signature``: ``v1,`` and the base64 of the
HMAC-SHA256 of ``id.timestamp.body``. A secret that begins with ``whsec_`` is base64 behind that, as the receivers'
libraries write it; any other is taken as the text that it is.

The URL is the user's, so it may name a private address. Redirects are not followed: they are no promise that anything
was taken. Of the answer only its status and Retry-After are looked at.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple

import requests

from scraper import __version__
from scraper.errors import ConfigError
from scraper.fetch.headers import retry_after

__all__ = ["Answer", "Webhook", "signature", "signing_key"]


class Answer(NamedTuple):
    """What came of one try to tell somebody.

    :ivar taken: they have it.
    :ivar stop: they want none any more.
    :ivar wait: seconds that they asked to be left alone for.
    :ivar detail: why they do not have it, for a person.
    """

    taken: bool
    stop: bool = False
    wait: float = 0.0
    detail: str = ""


class Webhook:
    """Sends to one URL; for one thread.

    :param timeout: seconds for connecting, and for each silence of the receiver.
    :raises ConfigError: for a URL or a secret that cannot be used; neither is in the message.
    """

    def __init__(self, url: str, secret: str | None, timeout: float = 10.0) -> None:
        self._url, self._timeout = url, timeout
        self._key = None if secret is None else signing_key(secret)
        self._session = requests.Session()
        self._session.trust_env = False  # proxies and logins come from the user, never silently from the environment
        try:
            prepared = requests.Request("POST", url).prepare()
        except (requests.RequestException, UnicodeError) as error:
            raise ConfigError("the URL of a webhook is none: write https://HOST/PATH") from error
        if not (prepared.url or "").startswith(("http://", "https://")):
            raise ConfigError("the URL of a webhook must begin with http:// or https://")

    def send(self, uid: str, body: bytes, now: float) -> Answer:
        """Try once; ``now`` is seconds since the epoch, for the receiver and its clock."""
        try:
            with self._session.post(
                self._url,
                data=body,
                headers=self._headers(uid, body, int(now)),
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return _judge(answer.status_code, answer.headers, now)
        except (requests.RequestException, OSError, ValueError) as error:
            return Answer(False, detail=_trouble(error))

    def close(self) -> None:
        """Let its connections go."""
        self._session.close()

    def _headers(self, uid: str, body: bytes, now: int) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": f"scraper/{__version__}"}
        headers |= {"webhook-id": uid, "webhook-timestamp": str(now)}
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, uid, now, body)
        return headers


def signing_key(secret: str) -> bytes:
    """The bytes that a secret stands for.

    :raises ConfigError: for one that says that it is base64 and is not.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ConfigError("the secret of a webhook begins with whsec_, but what follows is no base64") from error


def signature(key: bytes, uid: str, timestamp: int, body: bytes) -> str:
    """The value of the header ``webhook-signature``."""
    digest = hmac.new(key, b"%b.%d.%b" % (uid.encode(), timestamp, body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _judge(status: int, headers: Mapping[str, str], now: float) -> Answer:
    if 200 <= status < 300:
        return Answer(True)
    pause = retry_after(headers.get("Retry-After"), now) or 0.0
    return Answer(False, status == 410, pause, f"it answered {status}")


def _trouble(error: Exception) -> str:
    """The class of the trouble alone: the text of it has the URL, which may be a secret."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "no trusted connection"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return type(error).__name__
