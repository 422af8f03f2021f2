from __future__ import annotations

import inspect

import pytest

from scraper.compare import functions
from scraper.compare.workloads import WORKLOADS, chosen
from scraper.errors import ConfigError
from scraper.model import Page, Response
from scraper.options import make_settings
from scraper.parse.document import Document

NAMES = [workload.name for workload in WORKLOADS]


def test_there_are_ten_and_each_says_what_it_is_an_example_of() -> None:
    assert len(set(NAMES)) == 10
    assert all(workload.about.endswith(".") and len(workload.about) < 120 for workload in WORKLOADS)


@pytest.mark.parametrize("workload", WORKLOADS, ids=NAMES)
def test_their_options_are_options(workload: object) -> None:
    make_settings(**workload.options)  # type: ignore[attr-defined]


def test_choosing() -> None:
    assert [workload.name for workload in chosen(["parse", "near", "parse"])] == ["parse", "near"]
    assert chosen(["all"]) == list(WORKLOADS)
    assert len(chosen(["polite", "all"])) == 10
    with pytest.raises(ConfigError, match=r"there is no workload 'latncy': did you mean 'latency'\?"):
        chosen(["latncy"])
    with pytest.raises(ConfigError, match="there are latency, near, parse"):
        chosen(["xyz"])


@pytest.mark.parametrize("name", functions.__all__)
def test_the_functions_do_the_same_work_each_time(name: str) -> None:
    function = getattr(functions, name)
    assert inspect.getdoc(function)
    one, again, other = (function(_document(path)) for path in ("a", "a", "b"))
    assert one == again != other
    assert function(_document("a", "127.0.0.9:99")) == one


def _document(path: str, host: str = "127.0.0.2:80") -> Document:
    answer = Response(f"http://{host}/{path}", 200, {}, b"<title>x</title>")
    return Document(answer, Page(title="x"), lambda: "", None)  # type: ignore[arg-type]
