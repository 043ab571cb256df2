"""The server: a thread with an event loop, from `start` to `close`."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from eventvision.core import ConfigError

from .access import Access
from .settings import HttpSettings
from .state import State

if TYPE_CHECKING:
    import uvicorn

    from .protocol import Limits

_BACKLOG = 128
_CLOSE_S = 3.0
_START_S = 10.0


class HttpServer:
    """Answers HTTP about a daemon; documented in docs/daemon-http.md.

    Args:
        state: The daemon.
        settings: Where, for whom, how much.
        on_notice: Hears if the server ends by itself.

    Attributes:
        limits: Of its connections, and how many there are.

    Raises:
        ConfigError: If it cannot listen there, a certificate cannot be used, or the framework is
            not installed.
    """

    def __init__(
        self,
        state: State,
        settings: HttpSettings,
        *,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._settings, self._on_notice = settings, on_notice or (lambda _: None)
        _check_certificate(settings)
        self._socket = _listening(settings)
        self._stopping = threading.Event()
        try:
            self._server, self.limits = self._built(state)
        except BaseException:
            self._socket.close()
            raise
        self._thread = threading.Thread(target=self._run, name="eventvision-http", daemon=True)

    @property
    def address(self) -> str:
        """Where it is, as a browser wants it."""
        host, port = self._socket.getsockname()[:2] if not self._stopping.is_set() else ("", 0)
        scheme = "http" if self._settings.certificate is None else "https"
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"

    @property
    def is_running(self) -> bool:
        """Whether requests are being answered."""
        return self._thread.is_alive() and self._server.started

    def start(self) -> None:
        """Begin to answer; returns when requests are answered.

        Raises:
            ConfigError: If the server did not start.
        """
        self._thread.start()
        give_up_s = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_s:
                raise ConfigError("http.host", self._settings.host, "a place to listen at")
            time.sleep(0.005)

    def close(self) -> None:
        """End all answers and the thread; may be called twice."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)
        self._socket.close()

    def _built(self, state: State) -> tuple[uvicorn.Server, Limits]:
        try:
            import uvicorn
        except ImportError:
            expected = "none, or the daemon installed whole: pip install 'eventvision[daemon]'"
            raise ConfigError("http", self._settings.host, expected) from None
        from .api import build_app
        from .guard import Guard
        from .metrics import Counters
        from .protocol import Limits, settings_of

        settings, access = self._settings, Access(self._settings)
        limits = Limits(settings.most_connections, settings.request_timeout_s)
        counters = Counters(limits, access.failures)
        app = build_app(state, settings, access, counters, self._stopping.is_set)
        config = uvicorn.Config(
            Guard(app, settings),
            **settings_of(limits),
            ssl_certfile=settings.certificate,
            ssl_keyfile=settings.key,
            access_log=False,
            log_config=None,
            log_level="critical",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=1,
        )
        return uvicorn.Server(config), limits

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])
        if not self._stopping.is_set():
            self._on_notice("http: the server has ended by itself")


def _listening(settings: HttpSettings) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(place)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        place_text = f"{settings.host}:{settings.port}"
        expected = f"an address and a port that are free ({error.strerror or error})"
        raise ConfigError("http.host", place_text, expected) from error
    return listening


def _check_certificate(settings: HttpSettings) -> None:
    if settings.certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        files = f"{settings.certificate}, {settings.key}"
        raise ConfigError("http.certificate", files, f"PEM files ({reason})") from error
