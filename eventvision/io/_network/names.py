"""Names of network streams: `tcp://host:port?option=value`, and `tls:` and `udp:` likewise."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from eventvision.core import SensorSize, SourceError


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream comes from or goes to.

    Attributes:
        text: The name without secrets, for messages.
        scheme: `tcp`, `tls` or `udp`.
        host: Name or number, without brackets.
        port: 0 to 65535; 0 lets the system choose where it listens.
        options: What follows the question mark.
    """

    text: str
    scheme: str
    host: str
    port: int
    options: dict[str, str]

    @classmethod
    def parse(cls, name: str, *, schemes: Collection[str], options: Collection[str]) -> Address:
        """Read a name.

        >>> Address.parse("tcp://localhost:7777", schemes=("tcp",), options=()).port
        7777

        Args:
            name: As the user wrote it.
            schemes: Those that can be used here.
            options: Names of the options that can be used here.

        Raises:
            SourceError: If it is not such a name, or has other options.
        """
        shown = _without_secrets(name)
        form = f"write {'|'.join(schemes)}://host:port"
        try:
            parts = urlsplit(name)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise SourceError(shown, f"is no address ({error})", form) from None
        if parts.scheme not in schemes or not host or port is None or parts.path not in {"", "/"}:
            raise SourceError(shown, "is no address of a stream", form)
        given = dict(parse_qsl(parts.query, keep_blank_values=True))
        for option in given:
            if option not in options:
                known = ", ".join(sorted(options)) or "none"
                raise SourceError(shown, f"has no option {option!r}", f"known options: {known}")
        return cls(shown, parts.scheme, host, port, given)

    @property
    def sensor(self) -> SensorSize | None:
        """Sensor size in the options.

        Raises:
            SourceError: If it is not of the form `WxH`.
        """
        text = self.options.get("sensor")
        try:
            return SensorSize.parse(text) if text is not None else None
        except ValueError as error:
            raise SourceError(self.text, str(error), "write sensor=WxH") from None

    @property
    def token(self) -> str | None:
        """Token in the options, or in the file that they name.

        Raises:
            SourceError: If the file cannot be read.
        """
        path = self.options.get("token_file")
        if path is None:
            return self.options.get("token")
        try:
            return Path(path).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            problem = f"its token file {path} cannot be read ({error})"
            raise SourceError(self.text, problem, "name a text file with the token") from None


def _without_secrets(name: str) -> str:
    head, mark, query = name.partition("?")
    parts = ["token=..." if part.startswith("token=") else part for part in query.split("&")]
    return head + mark + "&".join(parts)


def shown_place(place: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """Write a socket's address as `host:port`."""
    host, port = place[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def hosts(name: str) -> frozenset[str]:
    """Return the numbers of a host, none if it is not known."""
    try:
        found = socket.getaddrinfo(name, None)
    except OSError:
        return frozenset()
    return frozenset(str(entry[4][0]).partition("%")[0] for entry in found)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine and cannot be reached from another one."""
    found = hosts(host)
    return bool(found) and all(ipaddress.ip_address(number).is_loopback for number in found)
