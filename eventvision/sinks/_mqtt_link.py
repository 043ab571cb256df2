"""The connection to a broker: made again whenever it breaks, with availability and a last will."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from eventvision.core import ConfigError

from ._mqtt_settings import MqttSettings
from ._spool import Message

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

ONLINE, OFFLINE = b"online", b"offline"

_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 1, 30
_CONNECT_S = 3.0
_PARTING_S = 1.0
_MOST_QUEUED = 1000

Arrival = Callable[[str, bytes, bool], None]
"""Takes topic, payload, and whether the broker had kept the message."""


class Link:
    """One client of one broker; its callbacks come from a thread of its own.

    Args:
        settings: Which broker.
        topics: What to listen to.
        on_arrival: Takes messages.
        on_change: Called when the connection is made or lost, and when a message has arrived there.
        on_notice: Hears, once each, that the broker is away, refuses us, or is back.

    Raises:
        ConfigError: If the client library is missing, or a certificate cannot be used.
    """

    def __init__(
        self,
        settings: MqttSettings,
        topics: Sequence[str],
        *,
        on_arrival: Arrival,
        on_acknowledged: Callable[[int], None],
        on_change: Callable[[], None],
        on_notice: Callable[[str], None],
    ) -> None:
        self._settings, self._topics = settings, tuple(topics)
        self._on_arrival, self._on_acknowledged = on_arrival, on_acknowledged
        self._on_change, self._on_notice = on_change, on_notice
        self._availability = f"{settings.base}/availability"
        self._told = ""
        self.is_connected = False
        self.connections = 0
        self._client = _client(settings)
        self._client.will_set(self._availability, OFFLINE, qos=1, retain=True)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_publish = self._published
        self._client.on_message = self._arrived

    def start(self) -> None:
        """Begin to connect."""
        self._client.connect_async(
            self._settings.host, self._settings.port, keepalive=self._settings.keepalive_s
        )
        self._client.loop_start()

    def send(self, message: Message) -> int:
        """Send a message that is to arrive; returns the number of its acknowledgement."""
        return self._client.publish(message.topic, message.payload, qos=1).mid

    def tell(self, topic: str, payload: bytes, *, retain: bool) -> None:
        """Send what only matters while there is a connection."""
        if self.is_connected:
            self._client.publish(topic, payload, qos=1 if retain else 0, retain=retain)

    def close(self) -> None:
        """Say goodbye and end the connection; may be called twice."""
        if self.is_connected:
            with suppress(ValueError, RuntimeError):
                parting = self._client.publish(self._availability, OFFLINE, qos=1, retain=True)
                parting.wait_for_publish(_PARTING_S)
        self._client.disconnect()
        self._client.loop_stop()
        self.is_connected = False

    def _connected(self, client: Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._tell_once(f"mqtt: the broker {self._place} refuses us: {reason}")
            return
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        client.publish(self._availability, ONLINE, qos=1, retain=True)
        self.connections += 1
        self.is_connected = True
        if self._told:
            self._told = ""
            self._on_notice(f"mqtt: the broker {self._place} is back")
        self._on_change()

    def _unreachable(self, _: Client, __: Any) -> None:
        self._tell_once(f"mqtt: the broker {self._place} cannot be reached; trying again")

    def _disconnected(self, _: Client, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        was_connected, self.is_connected = self.is_connected, False
        if reason.is_failure and was_connected:
            self._tell_once(f"mqtt: lost the broker {self._place} ({reason}); trying again")
        self._on_change()

    def _published(self, _: Client, __: Any, number: int, ___: Any, ____: Any) -> None:
        self._on_acknowledged(number)
        self._on_change()

    def _arrived(self, _: Client, __: Any, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._on_arrival(topic, bytes(message.payload), bool(message.retain))

    def _tell_once(self, line: str) -> None:
        if not self._told:
            self._told = line
            self._on_notice(line)

    @property
    def _place(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def _client(settings: MqttSettings) -> Client:
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion
    except ImportError:
        expected = "none, or paho-mqtt installed (pip install 'eventvision[daemon]')"
        raise ConfigError("mqtt", settings.host, expected) from None
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"eventvision-{settings.name}")
    client.connect_timeout = _CONNECT_S
    client.reconnect_delay_set(_SHORTEST_WAIT_S, _LONGEST_WAIT_S)
    client.max_queued_messages_set(_MOST_QUEUED)
    if settings.user is not None:
        password = settings.password
        client.username_pw_set(settings.user, password.get_secret_value() if password else None)
    if settings.tls:
        _encrypt(client, settings)
    return client


def _encrypt(client: Client, settings: MqttSettings) -> None:
    context = ssl.create_default_context()
    try:
        if settings.ca is not None:
            context.load_verify_locations(settings.ca)
        if settings.certificate is not None:
            context.load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        files = ", ".join(str(f) for f in (settings.ca, settings.certificate, settings.key) if f)
        expected = f"PEM files with authority, certificate and key ({reason})"
        raise ConfigError("mqtt", files, expected) from error
    client.tls_set_context(context)
