"""Reaching a server: name, TLS, token, all before one deadline."""

from __future__ import annotations

import socket
import ssl
import time

from eventvision.core import SourceError, SourceNotFoundError

from .names import Address

TOKEN_WORD = b"EVENTVISION "
"""With what the line begins that carries a token."""


class Deadline:
    """A moment by which something must be done.

    Raises:
        ValueError: If the time left is not positive.
    """

    def __init__(self, timeout_s: float) -> None:
        if not timeout_s > 0:
            raise ValueError(f"timeout_s must be positive, got {timeout_s}")
        self.timeout_s = timeout_s
        self._end_s = time.monotonic() + timeout_s

    def left_s(self) -> float:
        """Return the time left.

        Raises:
            TimeoutError: If there is none.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def connect(address: Address, deadline: Deadline) -> socket.socket:
    """Return a connection over which the peer's header comes next.

    Raises:
        SourceNotFoundError: If nobody answers at that address in time.
        SourceError: If a certificate or a token cannot be used.
    """
    context = _client_context(address) if address.scheme == "tls" else None
    token = address.token
    connection = _reach(address, deadline)
    try:
        keep_alive(connection)
        if context is not None:
            connection.settimeout(deadline.left_s())
            connection = context.wrap_socket(connection, server_hostname=address.host)
        if token is not None:
            connection.settimeout(deadline.left_s())
            connection.sendall(TOKEN_WORD + token.encode("ascii") + b"\n")
    except (OSError, UnicodeEncodeError) as error:
        connection.close()
        raise _explained(address, error) from error
    return connection


def _reach(address: Address, deadline: Deadline) -> socket.socket:
    try:
        return socket.create_connection((address.host, address.port), deadline.left_s())
    except TimeoutError:
        problem = f"nobody answered within {deadline.timeout_s:g} s"
    except OSError as error:
        problem = f"cannot be reached ({error.strerror or error})"
    remedy = "check that the server runs, its host and port, and the firewall"
    raise SourceNotFoundError(address.text, problem, remedy)


def keep_alive(connection: socket.socket) -> None:
    """Notice within half a minute that a silent peer is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, option):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _client_context(address: Address) -> ssl.SSLContext:
    options = address.options
    check_name = options.get("check_name", "yes")
    if check_name not in {"yes", "no"}:
        problem = f"has check_name={check_name}"
        raise SourceError(address.text, problem, "write check_name=yes or check_name=no")
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = check_name == "yes"
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except (OSError, ssl.SSLError) as error:
        problem = f"its certificate files cannot be used ({_reason(error)})"
        raise SourceError(
            address.text, problem, "name PEM files with ca=, cert= and key="
        ) from error
    return context


def _explained(address: Address, error: Exception) -> SourceError:
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = "name its authority with ca=, and if its certificate has no name, check_name=no"
        problem = f"its certificate is not to be trusted ({error.verify_message})"
        return SourceError(address.text, problem, remedy)
    if isinstance(error, UnicodeEncodeError):
        return SourceError(address.text, "its token is not plain ASCII", "check the token")
    remedy = "check that the server speaks TLS there and accepts the certificate of cert="
    return SourceError(address.text, f"greeting the server failed ({_reason(error)})", remedy)


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)
