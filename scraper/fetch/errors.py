"""Why a fetch gave no response, where the border itself found out.

What the libraries raise passes through as it is; :mod:`scraper.fetch.reasons` holds the one table of what each means.
"""

from __future__ import annotations

from scraper.model import Reason

__all__ = ["FetchError", "StaleError", "lost_proxy", "timed_out", "unconnected"]


class FetchError(Exception):
    """There is no whole answer.

    :ivar reason: the class of the trouble; ``detail`` its text for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


class StaleError(FetchError):
    """A connection that had served before was closed without a byte of an answer.

    The server gave it up while the request was on its way, so the request may be sent again (RFC 9112, 9.3.1).
    """


def timed_out(phase: str, seconds: float) -> FetchError:
    """The error for a limit that ran out; ``phase`` is ``connect``, ``read`` or ``total``."""
    return FetchError(Reason.TIMEOUT, f"{phase}: {_PHASES[phase]} {seconds:g} s")


def unconnected(error: OSError, trouble: Reason) -> Reason:
    """The reason why there is no connection: ``trouble``, but one that was reset at once had been made."""
    return Reason.RESET if isinstance(error, ConnectionResetError) and trouble is Reason.CONNECT else trouble


def lost_proxy(error: OSError) -> FetchError:
    """The error for a proxy that broke off."""
    return FetchError(Reason.PROXY, f"the proxy broke off: {error.strerror or error}")


_PHASES = {"connect": "no connection within", "read": "not a byte for", "total": "the answer was not whole after"}
