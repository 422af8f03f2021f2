"""Tests for robots that stand in place of a page: whose they are, by one table.

A site behind such a test answers, only not to us: it is not down, and looks so by its status. The marks are
those that the services themselves set, in headers where they have one; a mark that also stands in pages that are let
through counts only with a status that says no.
"""

from __future__ import annotations

from typing import NamedTuple

from scraper.model import Response

__all__ = ["RULES", "Rule", "challenge"]


class Rule(NamedTuple):
    """One way to know a test; all that is said must hold.

    :ivar name: whose it is.
    :ivar statuses: of the answer, one of them; any where empty.
    :ivar header: a name, and what its value holds, in lower case.
    :ivar all_of, any_of: what the beginning of the body holds, in lower case.
    :ivar longest: bytes of the body; None does not matter.
    """

    name: str
    statuses: frozenset[int] = frozenset()
    header: tuple[str, str] | None = None
    all_of: tuple[bytes, ...] = ()
    any_of: tuple[bytes, ...] = ()
    longest: int | None = None

    def holds(self, response: Response, head: bytes) -> bool:
        """Whether ``response`` is such a test; ``head`` is the beginning of its body, in lower case."""
        if self.statuses and response.status not in self.statuses:
            return False
        if self.header is not None and not _says(response.headers, *self.header):
            return False
        if self.longest is not None and len(response.body) > self.longest:
            return False
        return all(mark in head for mark in self.all_of) and (
            not self.any_of or any(mark in head for mark in self.any_of)
        )


def _says(headers: dict[str, str], name: str, mark: str) -> bool:
    return name in headers and mark in headers[name].lower()


def challenge(response: Response) -> str | None:
    """Whose test for robots ``response`` is; None where it is none."""
    head = response.body[:_HEAD].lower()
    return next((rule.name for rule in RULES if rule.holds(response, head)), None)


_LET_IN = frozenset({200, 202})
_NO = frozenset({401, 403, 405, 429})
_FORBIDDEN = frozenset({403, 429})
_BUSY = frozenset({403, 429, 503})
"""503 counts only with what stands in no other page: the services pass a site's own 503 on, with marks of theirs added,
and say so themselves when there is no site behind them any more. Those are down."""
_HEAD = 8_192
_BY_CLOUDFLARE = ("server", "cloudflare")

RULES = (
    Rule("Cloudflare", header=("cf-mitigated", "challenge")),
    Rule("Cloudflare", _BUSY, _BY_CLOUDFLARE, (b"<title>just a moment...",)),
    Rule("Cloudflare", _FORBIDDEN, _BY_CLOUDFLARE, (b"<title>attention required!",)),
    Rule(
        "Akamai",
        _FORBIDDEN,
        all_of=(b"access denied",),
        any_of=(b"errors.edgesuite.net", b"errors&#46;edgesuite&#46;net"),
    ),
    Rule("Imperva", _NO, all_of=(b"_incapsula_resource",)),
    Rule("Imperva", _LET_IN, all_of=(b"_incapsula_resource", b"incapsula incident id"), longest=4_000),
    Rule("Imperva", _LET_IN, all_of=(b"_incapsula_resource", b"noindex"), longest=2_000),
    Rule("DataDome", _NO, ("x-datadome", "")),
    Rule("DataDome", _NO, all_of=(b"captcha-delivery.com",)),
    Rule("HUMAN", _FORBIDDEN, any_of=(b"_pxappid", b"px-captcha")),
    Rule("AWS WAF", header=("x-amzn-waf-action", "challenge")),
    Rule("AWS WAF", header=("x-amzn-waf-action", "captcha")),
    Rule("Sucuri", _FORBIDDEN, all_of=(b"sucuri website firewall",)),
    Rule("DDoS-Guard", _FORBIDDEN, ("server", "ddos-guard"), any_of=(b"ddos-guard",)),
    Rule("DDoS-Guard", _BUSY, ("server", "ddos-guard"), any_of=(b"checking your browser",)),
    Rule("Vercel", _BUSY, ("x-vercel-mitigated", "")),
    Rule(
        "Anubis",
        all_of=(b'id="anubis_',),
        any_of=(b"<title>making sure you're not a bot", b"<title>making sure you&#39;re not a bot"),
    ),
    Rule("Amazon", _BUSY, all_of=(b"/errors/validatecaptcha",)),
    Rule("captcha", frozenset({401, 403, 429}), any_of=(b"g-recaptcha", b"h-captcha", b"cf-turnstile", b"captcha")),
)
"""The rules, the surest first. The last one knows that there is a test, but not whose."""
