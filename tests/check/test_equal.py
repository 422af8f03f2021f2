"""The same list gives equal verdicts in all backends, and the ones that are written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scraper.backends import NAMES
from scraper.check.api import open_checks
from scraper.check.model import Result
from scraper.options import make_settings
from scraper.run import Nowhere
from tests.check.checking import reason, statuses
from tests.check.sites import SITES, Sites, authority, plain

OPTIONS: dict[str, Any] = {"timeout": 60.0, "connect_timeout": 30.0, "per_host": 24, "concurrency": 24, "workers": 2}
"""On a busy machine too nothing takes that long; where time is the matter, the target says how much."""

Found = dict[str, dict[str, dict[str, Any]]]
"""Facts by backend and target."""


def checked(backend: str, near: Path, trusted: Path) -> tuple[list[Result], dict[str, dict[str, Any]]]:
    """The results of all sites, and their facts by name."""
    settings = make_settings(**OPTIONS, ca_file=str(trusted))
    with Sites(near) as sites, open_checks(sites.targets, settings, backend, Nowhere()) as run:
        results = [result for results in run.rounds() for result in results]
        return results, {result.target.name: facts(result) for result in results}


def facts(result: Result) -> dict[str, Any]:
    """All that must be the same, whoever asked; times and ports left out."""
    return {
        "says": " | ".join(filter(None, [reason(result), plain(result.detail)])),
        "statuses": statuses(result),
        "attempts": [(attempt.verdict.value, attempt.reason, plain(attempt.detail)) for attempt in result.attempts],
        "hops": [
            [(plain(hop.url), hop.method, plain(hop.location or ""), hop.http) for hop in attempt.hops]
            for attempt in result.attempts
        ],
        "certificate": result.certificate,
    }


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The facts by backend and target; the certificates are the same for all."""
    near, trusted = authority(tmp_path_factory.mktemp("certificates"))
    found: Found = {}
    for backend in NAMES:
        results, found[backend] = checked(backend, near, trusted)
        assert sorted(result.target.name for result in results) == sorted(SITES)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("backend", NAMES)
def test_every_site_is_what_it_is(everything: Found, backend: str) -> None:
    found = everything[backend]
    wrong = {name: found[name]["says"] for name, site in SITES.items() if not said(found[name]["says"], site.says)}
    assert wrong == {}
    assert {name: found[name]["statuses"] for name in SITES} == {name: site.statuses for name, site in SITES.items()}


def said(text: str, expected: str) -> bool:
    return text == expected or (" | " not in expected and text.startswith(f"{expected} | "))


@pytest.mark.slow
@pytest.mark.parametrize("backend", NAMES[1:])
def test_all_backends_say_the_same(everything: Found, backend: str) -> None:
    """To the word: verdict, reason, detail, attempts, hops, certificate."""
    for name in SITES:
        assert (name, everything[backend][name]) == (name, everything[NAMES[0]][name])


@pytest.mark.slow
def test_certificates_are_told_of_trusted_or_not(everything: Found) -> None:
    found = everything["asyncio"]
    for name in ("TLS", "TLS ends soon", "TLS expired", "TLS self-signed", "TLS of another", "TLS, moved there"):
        assert found[name]["certificate"].subject, name
        assert found[name]["certificate"].not_after > 0, name
    assert found["TLS"]["certificate"].trouble is None
    assert found["TLS expired"]["certificate"].trouble == "the certificate has expired"
    assert found["TLS ends soon"]["certificate"].issuer == "authority of a day"
    assert found["up"]["certificate"] is None
