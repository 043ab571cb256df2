"""Where the broker is, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Kind = Literal["detections", "tracks", "alarms", "counts"]


class MqttSettings(BaseModel):
    """A broker, topics, and how much goes there.

    Attributes:
        host: Name or address of the broker.
        port: Its port; 8883 is usual with TLS.
        user: Who we are, where the broker asks.
        password: Its password; never shown.
        tls: Whether to encrypt and to check the broker's certificate.
        ca: PEM file of the authority that signed it; None for those that the system trusts.
        certificate: PEM file with our own certificate, where the broker asks for one.
        key: Its private key.
        name: Name of this device: part of the topics and of the ids that Home Assistant keeps.
        topic: First part of all topics; `name` follows.
        publish: What is published.
        most_per_s: Messages a second of detections, and of tracks; slices between are left out.
            Alarms and counts are never left out.
        stats_every_s: Seconds between two messages with numbers about the run.
        commands: Whether tasks and recording may be switched by messages.
        discovery: First part of the topics where Home Assistant looks; None tells it nothing.
        spool: File that keeps messages while the broker is away; None keeps none.
        spool_bytes: Most bytes of messages in it; the oldest make room.
        keepalive_s: Seconds after which a silent connection is checked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1, max_length=255)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    user: str | None = None
    password: SecretStr | None = None
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "camera"
    topic: Annotated[str, Field(pattern=r"^[^/+#\x00$][^+#\x00]{0,127}$")] = "eventvision"
    publish: frozenset[Kind] = frozenset(("detections", "tracks", "alarms", "counts"))
    most_per_s: Annotated[float, Field(gt=0, le=1000)] = 5.0
    stats_every_s: Annotated[float, Field(ge=0.1, le=86_400)] = 10.0
    commands: bool = True
    discovery: Annotated[str, Field(pattern=r"^[^+#\x00]{1,128}$")] | None = "homeassistant"
    spool: Path | None = Path("mqtt-spool.db")
    spool_bytes: Annotated[int, Field(ge=65_536, le=1 << 40)] = 64 << 20
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30

    @model_validator(mode="after")
    def _parts_belong_together(self) -> MqttSettings:
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user")
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        if (self.ca or self.certificate) and not self.tls:
            raise ValueError("ca and certificate need tls: true")
        return self

    @property
    def base(self) -> str:
        """First part of the topics of this device."""
        return f"{self.topic.rstrip('/')}/{self.name}"
