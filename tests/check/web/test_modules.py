"""``[module.NAME]`` in a file of checks: what ``/probe`` expects under that name."""

from __future__ import annotations

import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from scraper.check.asking.config import Checklist
from scraper.check.asking.targets import read_checks
from scraper.check.model import Statuses, Target
from scraper.check.web.probe import modules_of
from scraper.errors import ConfigError
from tests.check.test_watch import SHOP, Stage


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, **given: Any) -> Checklist:
    Path("checks.toml").write_text(text)
    return read_checks(["checks.toml"], **given)


MODULES = """
[module.shop]
match = "welcome"
slower-than = "2s"
cert-days = 14
timeout = "5s"

[module."any answer"]
expect = "100..599"
method = "head"
tries = 2
"""


def test_modules_for_probes() -> None:
    found = modules_of(read(MODULES).module)
    usual: dict[str, Any] = {
        "url": "",
        "expect": Statuses(((200, 299),)),
        "method": "get",
        "tries": 1,
        "cert_days": None,
    }
    shop = {"texts": ("welcome",), "slower_than": 2.0, "cert_days": 14.0, "timeout": 5.0}
    assert found["shop"] == Target(**{**usual, **shop})
    assert found["any answer"] == Target(**{**usual, "expect": Statuses(((100, 599),)), "method": "head", "tries": 2})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[module]\nshop = 1", "[module.shop]: it is no table"),
        ("[[module]]\nname = 'shop'", "module is a table: write [module.NAME]"),
        ("[module.shop]\nmatsch = 'x'", "checks.toml:2: [module.shop]: unknown key 'matsch': did you mean 'match'?"),
        ("[module.shop]\nevery = '1m'", "checks.toml:2: [module.shop]: unknown key 'every'"),
        ("[module.shop]\ntries = 0", "checks.toml:2: [module.shop]: tries: 0 is no whole number from 1"),
        ("[module.shop]\nmethod = 'head'\nmatch = 'x'", "[module.shop]: method: an answer to HEAD has no body"),
    ],
)
def test_wrong_modules(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert said in str(caught.value)
    with pytest.raises(ConfigError):
        read(text, skip_bad=True)


def test_a_watch_knows_them_and_when_it_has_stopped(tmp_path: Path) -> None:
    never = {"expect": Statuses(((500, 599),))}
    stage = Stage(tmp_path, SHOP, listen=("127.0.0.1", 0), module={"never": never})
    answers: dict[str, bytes] = {}

    def scrape(url: str) -> None:
        for path in ("api/v1/summary", *(f"probe?target=shop.test&module={name}" for name in ("http_2xx", "never"))):
            with urllib.request.urlopen(url + path, timeout=60) as answer:
                answers[path.rpartition("=")[2]] = answer.read()

    with stage.watch() as watch:
        thread = threading.Thread(target=scrape, args=(watch.url,))
        thread.start()
        stage.run_until(watch, lambda: not thread.is_alive(), each=0.01)
        thread.join()
    assert b'"stale":false' in answers["api/v1/summary"]
    assert b"probe_success 1.0\n" in answers["http_2xx"]
    assert b"probe_success 0.0\n" in answers["never"]
