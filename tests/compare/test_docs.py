"""What docs/compare.md shows can be asked for, and what it names is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from scraper.bounds import Bound
from scraper.cli.compare import compare
from scraper.cli.plans import plan_of, source_of
from scraper.compare.fixture import Fixture
from scraper.compare.runs import Bench
from scraper.compare.workloads import WORKLOADS

DOCS = Path(__file__).parents[2] / "docs"
COMPARE = (DOCS / "compare.md").read_text()
COMPARISONS = [
    re.split(r" {3,}", line)[0]
    for text in re.findall(r"^```\n(.*?)^```", COMPARE, re.MULTILINE | re.DOTALL)
    for line in text.splitlines()
]


@pytest.mark.parametrize("line", COMPARISONS)
def test_the_comparisons_that_are_shown_can_be_made(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("crawl.warc.gz", "urls.txt"):
        (tmp_path / name).touch()
    program, command, *arguments = shlex.split(line)
    assert (program, command) == ("scraper", "compare")
    given = compare.make_context("compare", arguments).params
    plan = plan_of(given, source_of(given), line)
    assert plan.workloads
    assert set(given["targets"]) <= {"urls.txt", "https://example.org"}


def test_the_comparison_from_python_can_be_made() -> None:
    (text,) = re.findall(r"^```python\n(.*?)^```", COMPARE, re.MULTILINE | re.DOTALL)
    before, measured, _ = text.partition("found = compare(plan)")
    names: dict[str, Any] = {}
    exec(compile(before, "compare.md", "exec"), names)  # all but the measuring, which takes its time
    assert measured
    assert names["plan"].workloads == (names["work"],)
    assert Bench(names["work"], seed=1).total == 0


def test_all_that_a_comparison_names_is_explained() -> None:
    cells = set(re.findall(r"^\| `?([\w-]+)", COMPARE, re.MULTILINE))
    assert cells >= {work.name for work in WORKLOADS}
    assert cells >= {bound.value for bound in Bound} - {"unknown"}
    assert cells >= set(re.findall(r"(\w+)=", str(Fixture())))
    flags = set(re.findall(r"--[a-z][a-z-]+", COMPARE)) - {"--backend"}
    assert flags <= {name for parameter in compare.params for name in parameter.opts}
