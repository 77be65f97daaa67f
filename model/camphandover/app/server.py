"""Serving the page on this machine only, and without the internet."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
import warnings
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from camphandover.errors import BatchError

HOST = "127.0.0.1"
NEEDED = ("solara", "solara-assets", "altair")
NO_EXTRA = (
    "The page needs packages that are not installed: run `uv sync --extra page` once, or "
    "`uv run --extra page camphandover serve`."
)
SETTINGS = {
    "SOLARA_APP": "camphandover.app.page",
    "SOLARA_MODE": "production",
    "SOLARA_ASSETS_PROXY": "True",
    "SOLARA_ASSETS_CDN": "http://127.0.0.1:9/",
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_TITLE": "camphandover",
}
"""Solara's settings: assets from the disk and nowhere else, no reports of use to its makers."""
FORBIDDEN = 403
REFUSED = 1008
GRACE = 2

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


def check_extra() -> None:
    """Find out whether the packages of the extra are there.

    Errors:
        BatchError that tells how to install them.
    """
    try:
        for name in NEEDED:
            distribution(name)
    except PackageNotFoundError:
        raise BatchError(NO_EXTRA) from None


def listen(port: int) -> socket.socket:
    """A socket that listens on this machine's own address only.

    Args:
        port: Its number; 0 for any that is free.
    Errors:
        BatchError if it is in use or may not be used.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name != "nt":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise BatchError(
                f"Port {port} is in use, perhaps by another page: end that one, or give another "
                f"port, such as --port {port + 1 if port < 65535 else port - 1}."
            ) from None
        raise BatchError(f"Port {port} cannot be used: {error.strerror or error}.") from None
    return listening


class OwnPagesOnly:
    """Refuses what another site's page asks for through the visitor's browser.

    Such a page can reach this machine's ports, under a name of its own or with an `Origin` that
    is not ours, and could save files.
    """

    def __init__(self, app: Asgi, port: int) -> None:
        self.app = app
        self.hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from our own page."""
        if scope["type"] == "lifespan" or self.is_own(dict(scope["headers"])):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": REFUSED})
        else:
            await send({"type": "http.response.start", "status": FORBIDDEN, "headers": []})
            await send({"type": "http.response.body", "body": b"This page is for this machine."})

    def is_own(self, headers: MutableMapping[bytes, bytes]) -> bool:
        """Whether host and origin, if there is one, are ours."""
        origin = headers.get(b"origin")
        own = {b"http://" + host for host in self.hosts}
        return headers.get(b"host") in self.hosts and (origin is None or origin in own)


def serve(listening: socket.socket, opened: Callable[[], None]) -> None:
    """Serve the page until the process is interrupted.

    Args:
        listening: See `listen`.
        opened: Called in a thread of its own once the page can be loaded.
    """
    os.environ.update(SETTINGS)
    warnings.filterwarnings("ignore", "Cookies with samesite=none", UserWarning)
    import uvicorn
    from solara.server.starlette import app

    port = listening.getsockname()[1]
    config = uvicorn.Config(
        OwnPagesOnly(app, port), log_level="error", timeout_graceful_shutdown=GRACE
    )
    server = uvicorn.Server(config)

    def wait_and_tell() -> None:
        while not (server.started or server.should_exit):
            time.sleep(0.05)
        if server.started:
            opened()

    threading.Thread(target=wait_and_tell, daemon=True).start()
    server.run(sockets=[listening])


def show(url: str) -> None:
    """Open the visitor's browser; nothing happens if there is none."""
    webbrowser.open(url)
