"""The web server of a watch: a thread with a loop of its own, which no check ever waits for.

The life of it: :meth:`WebServer.start` opens the port and the reader and makes the first page; the watch calls
:meth:`WebServer.announce` after each commit; :meth:`WebServer.close` lets all clients go and ends the thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

from scraper.check.model import Target
from scraper.check.views import Reader
from scraper.check.web.assets import Assets, load_assets
from scraper.check.web.board import Board
from scraper.check.web.desk import Desk
from scraper.check.web.door import Door
from scraper.check.web.events import Broadcaster
from scraper.check.web.pages import Pages
from scraper.check.web.probe import MODULES, Ask, Asking
from scraper.check.web.routes import Routes
from scraper.check.web.safety import Guard
from scraper.errors import ConfigError

try:
    import uvloop
except ImportError:  # not on Windows
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
else:
    new_event_loop = uvloop.new_event_loop

__all__ = ["WebServer"]

_KEEP_ALIVE = 20.0
"""Seconds that a connection may be without a whole request."""
_LARGEST = 16 * 1024
_ENDING = 0.5
_Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Serves the status page, its JSON, events, badges and metrics.

    :param open_reader: opens what is read; called on the thread that then reads, and again by nobody.
    :param listen: address and port; port 0 takes a free one, which :attr:`url` tells.
    :param token: who has it may change things; needed where ``listen`` is not a loopback address.
    :param ask: checks a target now, out of turn; without it nobody can ask for that.
    :param public_url: the address by which others reach it, where something stands in front.
    :param modules: what ``/probe`` knows besides ``http_2xx`` and ``http_2xx_head``: targets, but for their URLs.
    :param due: when something should have been committed at the latest, after what was committed at a given time.
    :param beat: seconds that changes are gathered for before they are shown.
    :param look: seconds after which it is seen again whether the watch has fallen silent.
    :param patience: seconds that a client may take for an answer.
    :param connections: that are open at once; further ones are told so, and closed.
    :raises ConfigError: where others could reach it and there is no token.
    """

    def __init__(
        self,
        open_reader: Callable[[], Reader],
        *,
        listen: tuple[str, int] = ("127.0.0.1", 0),
        token: str | None = None,
        title: str = "Status",
        description: str = "",
        public_url: str | None = None,
        ask: Ask | None = None,
        modules: Mapping[str, Target] | None = None,
        due: Callable[[float], float] = lambda after: math.inf,
        beat: float = 1.0,
        look: float = 5.0,
        patience: float = 30.0,
        connections: int = 512,
        broadcaster: Broadcaster | None = None,
    ) -> None:
        self._open_reader, self._listen, self._about = open_reader, listen, (title, description)
        self._guard = Guard(listen[0], token, public_url)
        self._root = _root(public_url)
        self._asking, self._modules = Asking(ask), {**MODULES, **(modules or {})}
        self._beat, self._patience, self._broadcaster = beat, patience, broadcaster or Broadcaster()
        self._due, self._look, self._connections = due, look, connections
        self._thread = threading.Thread(target=self._run, name="status-web", daemon=True)
        self._opened: Future[str] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._desk: Desk | None = None
        self._over: asyncio.Event | None = None

    def start(self) -> str:
        """Begin to serve; the URL.

        :raises ConfigError: when the address cannot be listened on.
        :raises StoreError: when the reader cannot be opened.
        """
        self._thread.start()
        try:
            return self._opened.result()
        except BaseException:
            self._thread.join()
            raise

    @property
    def url(self) -> str:
        """Where it is, once it is started: ``http://127.0.0.1:8600/``."""
        return self._opened.result(0)

    def announce(self, keys: Iterable[str]) -> None:
        """Say that results of the targets ``keys`` are committed; from any thread, at any time, and quick."""
        found = frozenset(keys)
        if self._loop is not None and self._desk is not None:
            with contextlib.suppress(RuntimeError):  # it has just closed
                self._loop.call_soon_threadsafe(self._desk.announce, found)

    def close(self) -> None:
        """Let all clients go and end the thread; may be called twice, and before the start."""
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._over.set)
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:
            if self._opened.done():
                raise
            self._opened.set_exception(error)

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        assets = load_assets()
        desk = Desk(lambda: self._board(assets), self._broadcaster, self._beat, self._look)
        runner = web.AppRunner(
            self._app(desk, assets),
            handle_signals=False,
            access_log=None,
            keepalive_timeout=_KEEP_ALIVE,
            shutdown_timeout=_ENDING,
            handler_cancellation=True,
        )
        port: asyncio.Server | None = None
        try:
            await desk.open()
            await runner.setup()
            port = await self._open_port(runner)
            self._loop, self._desk = asyncio.get_running_loop(), desk
            self._opened.set_result(_url(self._listen[0], port))
            await self._over.wait()
        finally:
            if port is not None:
                port.close()
            self._broadcaster.close()
            await runner.cleanup()
            await desk.close()

    def _board(self, assets: Assets) -> Board:
        return Board(self._open_reader(), Pages(*self._about, self._root, assets.stamp), due=self._due)

    def _app(self, desk: Desk, assets: Assets) -> web.Application:
        app = web.Application(middlewares=[self._patient, self._guard.middleware], client_max_size=_LARGEST)
        app.on_response_prepare.append(self._guard.adorn)
        Routes(desk, self._broadcaster, self._guard, self._asking, self._modules, assets).add_to(app)
        return app

    @web.middleware
    async def _patient(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Send the answer here, so that a client that does not take it is dropped at some time."""
        response = await handler(request)
        try:
            async with asyncio.timeout(self._patience):
                if not response.prepared:
                    await response.prepare(request)
                await response.write_eof()
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _open_port(self, runner: web.AppRunner) -> asyncio.Server:
        host, port = self._listen
        assert runner.server is not None
        door = Door(runner.server, self._connections)
        try:
            loop = asyncio.get_running_loop()
            return await loop.create_server(door, host.removeprefix("[").removesuffix("]"), port, backlog=128)
        except (OSError, OverflowError) as error:
            what = getattr(error, "strerror", None) or str(error)
            raise ConfigError(f"cannot listen on {host}:{port}: {what}") from error


def _root(public_url: str | None) -> str:
    """The path below which all is served, as browsers see it: that of the public address."""
    path = urlsplit(public_url).path.strip("/") if public_url else ""
    return f"/{path}/" if path else "/"


def _url(host: str, server: asyncio.Server) -> str:
    port = server.sockets[0].getsockname()[1]
    return f"http://[{host.strip('[]')}]:{port}/" if ":" in host else f"http://{host}:{port}/"
