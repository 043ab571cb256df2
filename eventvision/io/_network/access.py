"""Who may connect to a server: on this machine anybody, elsewhere those who prove who they are."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from eventvision.core import ConfigError

from .names import is_loopback

FEWEST_TOKEN_LETTERS = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """Files with which a server proves who it is, and with which it judges its clients.

    Attributes:
        certificate: PEM file with the server's certificate, and those up to its authority.
        key: PEM file with its private key.
        authority: PEM file with the authority that must have signed the clients' certificates;
            None lets clients without a certificate connect.
    """

    certificate: Path
    key: Path
    authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Load the files.

        Raises:
            ConfigError: If they cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
            if self.authority is not None:
                context.load_verify_locations(self.authority)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            files = ", ".join(str(file) for file in (self.certificate, self.key, self.authority))
            expected = f"PEM files with certificate, key and authority ({reason})"
            raise ConfigError("tls", files, expected) from error
        return context


def check_access(host: str, token: str | None, tls: Tls | None) -> None:
    """Refuse to serve other machines without asking who they are.

    Raises:
        ConfigError: If the token is too short or not plain, or a host beyond this machine would
            be served without a token and without certificates of the clients.
    """
    if token is not None and not re.fullmatch(rf"[!-~]{{{FEWEST_TOKEN_LETTERS},256}}", token):
        expected = f"{FEWEST_TOKEN_LETTERS} to 256 ASCII letters, digits and signs without spaces"
        raise ConfigError("token", "...", expected)
    proves = token is not None or (tls is not None and tls.authority is not None)
    if not proves and not is_loopback(host):
        expected = (
            "127.0.0.1, or a token, or TLS with an authority for the clients' certificates: "
            "otherwise every machine in reach could watch"
        )
        raise ConfigError("host", host, expected)
