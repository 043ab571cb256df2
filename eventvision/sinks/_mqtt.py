"""Results to an MQTT broker; commands back. Topics and messages are documented in `docs/mqtt.md`.

The pipeline only hands results over: a thread of this sink talks to disk and broker, and a broker
that is slow, away or hostile never delays a slice.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from eventvision.core import SliceResult

from ._mqtt_commands import MqttCommand, command_topics, parse_command
from ._mqtt_discovery import announcements
from ._mqtt_link import Link
from ._mqtt_messages import Messages, encoded
from ._mqtt_outbox import Outbox
from ._mqtt_settings import MqttSettings
from ._spool import Spool

_MOST_COMMANDS = 100
_IDLE_S = 0.5
_DRAIN_S = 2.0
_POLL_S = 0.01


class MqttSink:
    """Publishes results, tells availability and state, takes commands.

    Args:
        settings: Where, what and how much.
        tasks: Names of the tasks that run and can be switched.
        status: Returns numbers about the run, to be published every now and then.
        on_command: Takes commands, in the sink's thread.
        on_notice: Hears what goes wrong, and when it is right again.

    Raises:
        ConfigError: If the client library is missing, or a certificate cannot be used.
        OutputError: If the spool cannot be made.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        tasks: Sequence[str] = (),
        status: Callable[[], Mapping[str, Any]] | None = None,
        on_command: Callable[[MqttCommand], None] | None = None,
        on_notice: Callable[[str], None] | None = None,
    ) -> None:
        self._settings, self._status = settings, status
        self._on_command = on_command or (lambda _: None)
        self._on_notice = on_notice or (lambda _: None)
        self._wake, self._stop = threading.Event(), threading.Event()
        self._states = {"recording": False}
        self._tasks: tuple[str, ...] = ()
        self._announced: set[str] = set()
        self._has_new_tasks = False
        self.tell_tasks(tasks)
        self._arrivals: deque[tuple[str, bytes, bool]] = deque(maxlen=_MOST_COMMANDS)
        self._refused = self._commands = 0
        self._told_failure = False
        self._seen_connections = 0
        self._stats_due_s = time.monotonic() + settings.stats_every_s
        self._spool = Spool(settings.spool, settings.spool_bytes) if settings.spool else None
        self._outbox = Outbox(self._spool)
        topics = command_topics(settings.base) if settings.commands else ()
        if settings.discovery is not None:
            topics = (*topics, f"{settings.discovery}/status")
        self._link = Link(
            settings,
            topics,
            on_arrival=self._take,
            on_acknowledged=self._outbox.acknowledge,
            on_change=self._wake.set,
            on_notice=self._on_notice,
        )
        first = 1 if self._spool is None else self._spool.last_number + 1
        self._messages = Messages(settings, first_number=first)
        self._link.start()
        self._thread = threading.Thread(target=self._run, name="eventvision-mqtt", daemon=True)
        self._thread.start()

    @property
    def report(self) -> dict[str, Any]:
        """Whether the broker is there, and what arrived, waits, was lost or refused."""
        return {
            "connected": self._link.is_connected,
            "connections": self._link.connections,
            "arrived": self._outbox.arrived,
            "waiting": len(self._outbox),
            "dropped": self._outbox.dropped,
            "commands": self._commands,
            "commands_refused": self._refused,
        }

    def write(self, result: SliceResult) -> None:
        """Hand over the result of one slice; never waits."""
        was_alarmed = self._messages.is_alarmed
        messages = self._messages.of(result)
        if messages:
            self._outbox.put(messages)
        if messages or was_alarmed != self._messages.is_alarmed:
            self._wake.set()

    def tell_tasks(self, tasks: Sequence[str]) -> None:
        """Publish which tasks there are from now on, each switched on."""
        recording = self._states["recording"]
        self._states = {f"tasks/{task}": True for task in tasks} | {"recording": recording}
        self._tasks = tuple(tasks)
        self._has_new_tasks = True
        self._wake.set()

    def tell_task(self, name: str, *, on: bool) -> None:
        """Publish that a task was switched on or off."""
        self._tell_state(f"tasks/{name}", on=on)

    def tell_recording(self, *, on: bool) -> None:
        """Publish that recording began or ended."""
        self._tell_state("recording", on=on)

    def close(self) -> None:
        """Send what can be sent within two seconds, keep the rest; may be called twice."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._wake.set()
        self._thread.join()
        self._link.close()
        self._outbox.keep()
        if self._spool is not None:
            self._spool.close()

    def _run(self) -> None:
        told_alarm: bool | None = None
        while not self._stop.is_set():
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            try:
                if self._link.connections != self._seen_connections:
                    self._seen_connections = self._link.connections
                    self._has_new_tasks, told_alarm = True, None
                if self._has_new_tasks and self._link.is_connected:
                    self._has_new_tasks = False
                    self._introduce()
                if told_alarm != self._messages.is_alarmed and self._link.is_connected:
                    told_alarm = self._messages.is_alarmed
                    self._tell("alarm/state", on=told_alarm)
                self._outbox.pump(self._link.send if self._link.is_connected else None)
                self._obey()
                self._tell_stats()
            except Exception as error:  # one bad message must not end all that follow
                self._note_failure(error)
        self._drain()

    def _drain(self) -> None:
        give_up_s = time.monotonic() + _DRAIN_S
        while self._link.is_connected and time.monotonic() < give_up_s:
            self._outbox.pump(self._link.send)
            if self._outbox.is_settled:
                return
            time.sleep(_POLL_S)

    def _introduce(self) -> None:
        """Tell a broker that may know nothing of us what we are and how we are."""
        about = dict(announcements(self._settings, self._tasks, version=version("eventvision")))
        for what, on in self._states.copy().items():
            about[f"{self._settings.base}/{what}/state"] = b"ON" if on else b"OFF"
        gone = dict.fromkeys(self._announced - about.keys(), b"")
        self._announced = set(about)
        for topic, payload in {**about, **gone}.items():
            self._link.tell(topic, payload, retain=True)

    def _take(self, topic: str, payload: bytes, is_retained: bool) -> None:
        if len(self._arrivals) == _MOST_COMMANDS:
            self._refused += 1
        self._arrivals.append((topic, payload, is_retained))
        self._wake.set()

    def _obey(self) -> None:
        while self._arrivals:
            topic, payload, is_retained = self._arrivals.popleft()
            if topic == f"{self._settings.discovery}/status":
                if payload == b"online" and not is_retained:
                    self._has_new_tasks = True
                    self._wake.set()
                continue
            command = parse_command(
                self._settings.base, topic, payload, self._tasks, is_retained=is_retained
            )
            if command is None:
                self._refused += 1
                continue
            self._commands += 1
            self._on_command(command)

    def _tell_stats(self) -> None:
        now_s = time.monotonic()
        if self._status is None or now_s < self._stats_due_s:
            return
        self._stats_due_s = now_s + self._settings.stats_every_s
        whole = {**self._status(), "mqtt": self.report}
        self._link.tell(f"{self._settings.base}/stats", encoded(whole), retain=False)

    def _tell_state(self, what: str, *, on: bool) -> None:
        self._states[what] = on
        self._tell(f"{what}/state", on=on)

    def _tell(self, topic: str, *, on: bool) -> None:
        payload = b"ON" if on else b"OFF"
        self._link.tell(f"{self._settings.base}/{topic}", payload, retain=True)

    def _note_failure(self, error: Exception) -> None:
        if not self._told_failure:
            self._told_failure = True
            self._on_notice(f"mqtt: {type(error).__name__}: {error}")
