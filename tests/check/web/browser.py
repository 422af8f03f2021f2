"""A real headless Chromium, driven over its debugging socket (Chrome DevTools Protocol)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import itertools
import subprocess
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

__all__ = ["CHROMIUM", "Tab", "chromium", "starts"]

CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    *("--remote-debugging-port=0", "--hide-scrollbars", "--lang=en-GB"),
)
_START, _ANSWER = 60.0, 60.0


@functools.cache
def starts() -> bool:
    """Whether there is one, and it starts: not every sandbox lets it."""
    if not CHROMIUM.exists():
        return False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        flags = [flag for flag in _FLAGS if "debugging" not in flag]  # with that it would wait for somebody
        command = [str(CHROMIUM), *flags, f"--user-data-dir={profile}", "--dump-dom", "about:blank"]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_START, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return b"<html>" in done.stdout


class Tab:
    """One page; what its console and its policy complain of is kept.

    :ivar complaints: errors, exceptions, violations, in words.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket, self._ids = socket, itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.complaints: list[str] = []
        self.events: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            if (waiting := self._waiting.pop(told.get("id", 0), None)) is not None and not waiting.done():
                waiting.set_result(told)
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        method, params = told.get("method", ""), told.get("params", {})
        self.events.append(method)
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url')}")

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        told = await asyncio.wait_for(future, _ANSWER)
        assert "error" not in told, told
        return dict(told["result"])

    async def ready(self) -> None:
        for domain in ("Page", "Runtime", "Log", "Network"):
            await self.call(f"{domain}.enable")

    async def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self.events.clear()
        await self.call("Page.navigate", url=url)
        await self.until(lambda: "Page.loadEventFired" in self.events)

    async def until(self, holds: Any) -> None:
        """Wait until ``holds()``, or the expression ``holds`` of the page, is true."""
        async with asyncio.timeout(_ANSWER):
            while not (await self.value(holds) if isinstance(holds, str) else holds()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def value(self, expression: str) -> Any:
        """What the page's own ``expression`` comes to."""
        told = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def size(self, width: int, height: int, scale: float = 1) -> None:
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False
        )

    async def dark(self, on: bool) -> None:
        features = [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]
        await self.call("Emulation.setEmulatedMedia", features=features)

    async def shot(self, path: Path, whole: bool = False) -> None:
        told = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))  # noqa: ASYNC240

    async def close(self) -> None:
        await self._socket.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading


@contextlib.asynccontextmanager
async def chromium(profile: Path) -> AsyncIterator[Tab]:
    """A browser of its own with one tab; gone afterwards, with all its processes."""
    process = subprocess.Popen(  # noqa: ASYNC220
        [str(CHROMIUM), *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [page for page in await answer.json() if page["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=64 * 2**20) as socket:
                tab = Tab(socket)
                await tab.ready()
                try:
                    yield tab
                finally:
                    with contextlib.suppress(ConnectionError, TimeoutError):
                        await tab.call("Browser.close")
                    await tab.close()
    finally:
        process.terminate()
        process.wait(30)


async def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    async with asyncio.timeout(_START):
        while not (file.is_file() and (lines := file.read_text().split())):  # noqa: ASYNC240
            assert process.poll() is None, "the browser has ended"
            await asyncio.sleep(0.05)
    return int(lines[0])
