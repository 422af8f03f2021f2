"""What is told of the machine: enough to understand a figure, and nothing of its name, its users, its folders."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from scraper.compare.machine import cores, this_machine


def test_it_tells_what_a_figure_depends_on() -> None:
    found = this_machine()
    assert found.cores == cores() >= 1
    assert found.memory > 100_000_000
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in found.python
    assert found.versions.keys() >= {"scraper", "aiohttp", "requests"}
    assert found.system
    assert found.processor


def test_it_does_not_tell_whose_it_is() -> None:
    text = msgspec.json.encode(this_machine()).decode()
    for secret in (str(Path.home()), str(Path.cwd()), f'"{socket.gethostname()}"', f'"{getpass.getuser()}"'):
        assert secret not in text


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux lets a process choose its cores")
def test_cores_are_those_that_may_be_used() -> None:
    code = "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1]); "
    code += "from scraper.compare.machine import cores; print(cores())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "1\n"
