"""Where HTTP listens, and who may do what there."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from .passwords import is_password_hash

Role = Literal["viewer", "operator"]
"""Viewers see everything that is not secret; operators switch tasks and recording as well."""

FEWEST_TOKEN_LETTERS = 16


class User(BaseModel):
    """Somebody who may log in.

    Attributes:
        name: What they type.
        password: Hash of their password, as `python -m eventvision_apps.daemon.http` prints it.
        role: What they may do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._@-]{1,64}$")]
    password: SecretStr
    role: Role = "viewer"

    @field_validator("password")
    @classmethod
    def _is_hashed(cls, value: SecretStr) -> SecretStr:
        if not is_password_hash(value.get_secret_value()):
            raise ValueError(
                "a hash, not a password: python -m eventvision_apps.daemon.http prints one"
            )
        return value


class HttpSettings(BaseModel):
    """Address, access, limits.

    Without token and users, whoever is on this machine is an operator, and other machines cannot
    connect. Anything else than loopback needs a token or users, and TLS.

    Attributes:
        host: Address to listen at.
        port: Port; 0 takes one that is free.
        token: Lets programs in as operators: `Authorization: Bearer TOKEN`.
        viewer_token: Lets programs in as viewers, such as Prometheus.
        users: Who may log in on the page.
        certificate: PEM file with the server's certificate, and those up to its authority.
        key: PEM file with its private key.
        behind_proxy: A reverse proxy in front encrypts, so TLS is not needed here.
        names: Host names under which browsers reach this machine, besides its addresses and its
            own name.
        live: Whether pictures can be seen.
        live_fps: Most pictures a second.
        most_connections: More are refused.
        most_viewers: Most live pictures streams at a time.
        most_body_bytes: Largest request.
        request_timeout_s: A request must be here within that time.
        session_hours: How long a log-in lasts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8088
    token: SecretStr | None = None
    viewer_token: SecretStr | None = None
    users: tuple[User, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    behind_proxy: bool = False
    names: tuple[str, ...] = ()
    live: bool = True
    live_fps: Annotated[float, Field(ge=0.2, le=60)] = 10.0
    most_connections: Annotated[int, Field(ge=4, le=10_000)] = 200
    most_viewers: Annotated[int, Field(ge=1, le=100)] = 8
    most_body_bytes: Annotated[int, Field(ge=1024, le=16 << 20)] = 65_536
    request_timeout_s: Annotated[float, Field(ge=0.5, le=120)] = 10.0
    session_hours: Annotated[float, Field(gt=0, le=24 * 90)] = 12.0

    @field_validator("token", "viewer_token")
    @classmethod
    def _is_long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            text = value.get_secret_value()
            if not (FEWEST_TOKEN_LETTERS <= len(text) <= 256 and _is_plain(text)):
                raise ValueError(f"{FEWEST_TOKEN_LETTERS} to 256 letters, digits, signs; no spaces")
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> HttpSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        if len({user.name for user in self.users}) != len(self.users):
            raise ValueError("two users have the same name")
        if is_loopback(self.host):
            return self
        if not self.asks_who_it_is:
            raise ValueError(
                f"other machines can reach {self.host}: set a token or users, or host: 127.0.0.1"
            )
        if self.certificate is None and not self.behind_proxy:
            raise ValueError(
                f"other machines can reach {self.host}: set certificate and key, or "
                "behind_proxy: true where a proxy encrypts"
            )
        return self

    @property
    def asks_who_it_is(self) -> bool:
        """Whether nobody is let in unasked."""
        return bool(self.users or self.token or self.viewer_token)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_plain(text: str) -> bool:
    return all("!" <= letter <= "~" for letter in text)
