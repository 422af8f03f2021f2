"""Imports point one way: an ``ast`` walk over the package, against the tables below."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent / "scraper"

BASE = {"errors", "model", "url"}
VALUES = BASE | {"settings", "stats"}

MAY_IMPORT: dict[str, set[str]] = {
    # pure
    "errors": set(),
    "evidence": set(),
    "model": {"evidence"},
    "url": set(),
    "join": {"url"},
    "addresses": set(),
    "suffixes": {"url"},
    "scope": {"errors", "url", "suffixes"},
    "settings": BASE | {"scope"},
    "stats": BASE,
    "core": {"model", "settings", "url", "suffixes"},
    "tuning": set(),
    "spawning": set(),
    "printing": set(),
    "bounds": set(),
    # the workers' side
    "fetch": BASE | {"settings", "addresses", "evidence"},
    "parse": BASE | {"settings", "join"},
    "thread": {"evidence"},
    "visit": BASE | {"settings", "fetch", "parse", "evidence", "thread"},
    "backends": VALUES | {"fetch", "parse", "visit", "tuning", "join", "bounds", "evidence", "spawning", "thread"},
    # the owner's side
    "store": BASE | {"printing", "stats", "version"},
    "report": BASE | {"settings", "stats", "store", "core", "printing"},
    "lists": {"errors"},
    "seeds": BASE | {"lists"},
    "checks": BASE | {"settings", "seeds", "parse"},
    "options": BASE | {"settings", "checks"},
    "engine": {"model", "core", "backends", "store"},
    "run": VALUES | {"addresses", "options", "core", "backends", "store", "engine"},
    "api": VALUES | {"options", "seeds", "store", "run", "backends"},
    "check": VALUES
    | {"options", "seeds", "store", "run", "report", "core", "backends", "version"}
    | {"printing", "parse", "lists", "api", "fetch"},
    "serving": BASE | {"tuning", "stats", "spawning"},
    "archive": VALUES | {"backends", "evidence", "fetch", "serving", "version", "printing", "store"},
    "compare": VALUES
    | {"options", "seeds", "store", "run", "report", "core", "backends", "version", "printing", "tuning", "engine"}
    | {"bounds", "evidence", "serving", "archive", "parse", "spawning"},
    "cli": VALUES
    | {"options", "seeds", "store", "run", "report", "tuning", "version", "printing", "check"}
    | {"archive", "backends", "compare"},
    # the package itself gives out the public names, when they are first asked for
    "version": {"api", "check", "errors", "model", "settings", "stats", "backends"},
    "__main__": {"cli"},
}
"""For each part of the package, the other parts that it may import. ``version`` is the package's ``__init__``."""

IMPURE = {
    "aiohttp",
    "asyncio",
    "http",
    "io",
    "logging",
    "multiprocessing",
    "os",
    "pathlib",
    "queue",
    "random",
    "requests",
    "select",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib3",
}
PURE = {
    "bounds",
    "errors",
    "evidence",
    "model",
    "url",
    "join",
    "addresses",
    "printing",
    "scope",
    "settings",
    "stats",
    "core",
}
PURE_FILES = {
    "report/human.py",
    *(f"check/{name}.py" for name in ("core", "health", "hops", "model", "moments", "schedule", "steps", "verdict")),
    *(f"check/{name}.py" for name in ("asking/places", "history/rollup", "timing/every", "timing/rounds", "views")),
    *(f"check/{name}.py" for name in ("notices/message", "notices/notice", "web/silence", "web/words")),
    "check/outputs/width.py",
    *(f"compare/{name}.py" for name in ("latency", "load", "model", "plan", "timeline", "verdict", "workloads")),
    *(
        f"compare/{name}.py"
        for name in ("changes", "estimate", "figures", "ladder", "laws", "remarks", "rows", "solve")
    ),
    *(f"compare/outputs/charts_{name}.py" for name in ("bars", "lanes", "lines")),
    *(
        f"compare/outputs/{name}.py"
        for name in ("document", "figures", "lead", "marks", "picks", "svg", "tables", "words")
    ),
}
"""Of parts that have a shell too, the files that are pure."""

LATE: dict[str, str] = {
    "__main__.py": "Ctrl-C during the imports is no reason for a traceback",
    "backends/auto.py": "a crawl on another backend does not load what fetches on an event loop",
    "backends/child.py": "a worker process loads the HTTP client of its kind only",
    "check/outputs/page.py": "templates are read when a report is written",
    "report/templates.py": "templates are read when a report is written",
    "cli/compare.py": "as for a crawl",
    "cli/check.py": "as for a crawl: what checks need is loaded when some run",
    "cli/checking.py": "the web server of a watch is loaded only when one runs",
    "cli/reports.py": "a history, and the schedules beside it, is loaded only when one is kept",
    "cli/drive.py": "most crawls are neither recorded nor replayed",
    "cli/crawl.py": "`scraper --help` is quick: what a crawl needs is loaded when one runs",
    "check/notices/apprising.py": "Apprise is an extra, with a hundred plugins",
    "check/asking/keys.py": "triggers and parsers are heavy, and most checks have no interval and no condition in JSON",
    "checks.py": "a user's function is looked up only when one was named: the parsers are heavy",
    "fetch/route.py": "what speaks SOCKS is an extra",
    "cli/watch.py": "as for a crawl",
    "cli/why.py": "as above; what answers is loaded when it is asked",
    "parse/conditions.py": "only a check with a pattern needs what matches it",
    "parse/document.py": "the tree of BeautifulSoup is made only for functions that ask for it",
    "parse/engines.py": "of the parsers, only the chosen one is loaded",
    "suffixes.py": "the public suffix list is loaded when it is first asked for",
    "visit.py": "a worker that blocks has no event loop",
}
"""Files that may import inside functions, and why."""


class Edge(NamedTuple):
    """One import: ``file`` imports ``module``; ``late`` inside a function, ``typing`` under TYPE_CHECKING."""

    file: Path
    line: int
    module: str
    late: bool
    typing: bool

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE)}:{self.line} imports {self.module}"


def edges_of(file: Path) -> Iterator[Edge]:
    yield from _walk(ast.parse(file.read_text("utf-8")), file, late=False, typing=False)


def _walk(node: ast.AST, file: Path, *, late: bool, typing: bool) -> Iterator[Edge]:
    for child in ast.iter_child_nodes(node):
        for module in _modules(child):
            yield Edge(file, getattr(child, "lineno", 0), module, late, typing)
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        checking = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _walk(child, file, late=late or inside, typing=typing or checking)


def _modules(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(level=0, module=str() as module, names=names):
            return [f"{module}.{name.name}" for name in names] if module == "scraper" else [module]
        case ast.ImportFrom():
            return ["." * node.level + (node.module or "")]
        case _:
            return []


def part(module: str) -> str:
    """``core`` of ``scraper.core.crawl``; names that are no part are the package's own: ``version``."""
    name = [*module.split("."), "version"][1]
    return name if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file() else "version"


def part_of_file(file: Path) -> str:
    name = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "version" if name == "__init__" else name


FILES = sorted(PACKAGE.rglob("*.py"))
EDGES = [edge for file in FILES for edge in edges_of(file)]
INSIDE = [edge for edge in EDGES if edge.module.split(".")[0] == "scraper"]


def test_every_part_stands_in_the_table() -> None:
    assert {part_of_file(file) for file in FILES} <= MAY_IMPORT.keys()


def test_imports_are_absolute() -> None:
    assert [str(edge) for edge in EDGES if edge.module.startswith(".")] == []


def test_no_part_imports_what_the_table_does_not_say() -> None:
    wrong = [
        str(edge)
        for edge in INSIDE
        if part(edge.module) != part_of_file(edge.file)
        and part(edge.module) not in MAY_IMPORT.get(part_of_file(edge.file), set())
    ]
    assert wrong == []


def test_the_pure_parts_touch_nothing_outside() -> None:
    wrong = [str(edge) for edge in EDGES if _is_pure(edge.file) and edge.module.split(".")[0] in IMPURE]
    assert wrong == []


def _is_pure(file: Path) -> bool:
    return part_of_file(file) in PURE or str(file.relative_to(PACKAGE)) in PURE_FILES


def test_the_pure_files_are_there_and_use_no_other() -> None:
    """Nor anything that is not pure among our own."""
    files = {str(file.relative_to(PACKAGE)) for file in FILES}
    assert files >= PURE_FILES
    wrong = [
        str(edge)
        for edge in INSIDE
        if str(edge.file.relative_to(PACKAGE)) in PURE_FILES
        and not (part(edge.module) in PURE or _is_pure(_file(edge.module)))
    ]
    assert wrong == []


def _file(module: str) -> Path:
    return (PACKAGE.parent / module.replace(".", "/")).with_suffix(".py")


def test_imports_inside_functions_are_in_the_table() -> None:
    late = {str(edge.file.relative_to(PACKAGE)) for edge in EDGES if edge.late}
    assert late == LATE.keys()


def test_no_circle_of_parts() -> None:
    """Late imports count: what is loaded late is still known early."""
    assert circles({part: needs - {"version"} for part, needs in MAY_IMPORT.items()}) == set()


def test_no_circle_of_files_when_they_are_loaded() -> None:
    graph: dict[str, set[str]] = {}
    for edge in INSIDE:
        if not edge.typing and not edge.late:
            graph.setdefault(_name(edge.file), set()).add(edge.module)
    assert circles(graph) == set()


def circles(graph: dict[str, set[str]]) -> set[str]:
    """The nodes on a circle, or in front of one: what is left when the free ones are taken away again and again."""
    left = dict(graph)
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return set(left)


def _name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", sorted(IMPURE))
def test_the_table_of_impure_modules_has_no_misprint(name: str) -> None:
    assert name in sys.stdlib_module_names | {"aiohttp", "requests", "urllib3"}


def test_a_strange_edge_is_seen(tmp_path: Path) -> None:
    """The walk itself: imports in functions, under conditions, of submodules, of names of the package."""
    file = tmp_path / "x.py"
    file.write_text(
        "import socket\nfrom scraper import engine, __version__\nfrom .a import b\n"
        "def f():\n    if True:\n        import scraper.core.crawl\n"
        "if TYPE_CHECKING:\n    from scraper.model import Page\n"
    )
    found = [(edge.module, edge.late, edge.typing) for edge in edges_of(file)]
    assert found == [
        ("socket", False, False),
        ("scraper.engine", False, False),
        ("scraper.__version__", False, False),
        (".a", False, False),
        ("scraper.core.crawl", True, False),
        ("scraper.model", False, True),
    ]
    assert [part(module) for module, _, _ in found[1:]] == ["engine", "version", "version", "core", "model"]
