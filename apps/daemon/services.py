"""What the daemon offers beside perceiving: HTTP, MQTT, files of results, recordings."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eventvision.core import EventVisionError, Sink
from eventvision.sinks import (
    JsonlSink,
    MqttCommand,
    MqttSink,
    ParquetSink,
    RerunSink,
    RotatingSink,
    recover_parts,
)
from eventvision.tasks import parse_tasks

from .faults import Faults
from .parts import DaemonState
from .settings import DaemonConfig, OutputsSettings
from .sink_thread import SinkThread
from .tolerant import KeptOpen, TolerantSink

if TYPE_CHECKING:
    from .http import HttpServer

_LOG = logging.getLogger("eventvision.daemon")


class Services:
    """HTTP, MQTT and Rerun: they outlive the runs whose results they show.

    Args:
        config: Says which there are.
        state: The daemon, as they see it.
        faults: Is told what goes wrong.

    Raises:
        ConfigError: If one cannot be started as the settings say.
        OutputError: If the spool cannot be made.
    """

    def __init__(self, config: DaemonConfig, state: DaemonState, faults: Faults) -> None:
        self._faults, self._state = faults, state
        self._http: HttpServer | None = None
        self._mqtt: MqttSink | None = None
        self._rerun: RerunSink | None = None
        try:
            self._start(config)
        except BaseException:
            self.close()
            raise

    def sinks(self) -> list[Sink]:
        """Return those that take results."""
        known = {"mqtt": self._mqtt, "rerun": self._rerun}
        return [
            TolerantSink(name, KeptOpen(sink), self._faults)
            for name, sink in known.items()
            if sink is not None
        ]

    def tell_tasks(self, tasks: Sequence[str]) -> None:
        """Tell the broker which tasks there are from now on, as they are written in settings."""
        if self._mqtt is not None:
            self._mqtt.tell_tasks([form.name for form in parse_tasks(tasks)])

    def close(self) -> None:
        """End them; what MQTT could not send is kept for the next time."""
        self._state.forget_services()
        http, self._http = self._http, None
        mqtt, self._mqtt = self._mqtt, None
        rerun, self._rerun = self._rerun, None
        beside = [service.close for service in (http, rerun) if service is not None]
        closing = [threading.Thread(target=close, daemon=True) for close in beside]
        for thread in closing:
            thread.start()
        if mqtt is not None:
            mqtt.close()
        for thread in closing:
            thread.join()

    def _start(self, config: DaemonConfig) -> None:
        if config.mqtt is not None:
            status = self._state.status
            self._mqtt = MqttSink(
                config.mqtt,
                tasks=[form.name for form in parse_tasks(config.tasks)],
                status=lambda: {name: told for name, told in status().items() if name != "mqtt"},
                on_command=self._obey,
                on_notice=_LOG.warning,
            )
            self._state.listen(self._tell_mqtt)
            mqtt = self._mqtt
            self._state.add_report("mqtt", lambda: mqtt.report)
        if config.rerun is not None:
            self._rerun = RerunSink(
                config.rerun.viewer,
                most_per_s=config.rerun.most_per_s,
                on_notice=_LOG.warning,
            )
            rerun = self._rerun
            self._state.add_report(
                "rerun", lambda: {"connected": rerun.is_connected, "shown": rerun.shown}
            )
        if config.http is not None:
            from .http import HttpServer

            self._http = HttpServer(self._state, config.http, on_notice=_LOG.error)
            self._http.start()
            _LOG.info("HTTP at %s", self._http.address)

    def _obey(self, command: MqttCommand) -> None:
        try:
            if command.kind == "task":
                self._state.set_task(command.name, command.on)
            else:
                self._state.record(command.on)
        except EventVisionError as error:
            _LOG.warning("a command over MQTT was refused: %s", error)

    def _tell_mqtt(self, name: str, on: bool) -> None:
        if self._mqtt is None:
            return
        if name:
            self._mqtt.tell_task(name, on=on)
        else:
            self._mqtt.tell_recording(on=on)


def file_sinks(outputs: OutputsSettings | None, faults: Faults) -> list[Sink]:
    """Return sinks that write results to files, as the settings say."""
    if outputs is None:
        return []
    kinds: dict[str, Callable[[Path], Sink]] = {"jsonl": JsonlSink, "parquet": ParquetSink}
    if "jsonl" in outputs.formats:
        for path in recover_parts(outputs.folder, ".jsonl"):
            _LOG.warning("%s: kept what an earlier run left unfinished", path)
    return [
        SinkThread(
            f"{name} files",
            partial(
                RotatingSink,
                kinds[name],
                outputs.folder,
                f".{name}",
                most_s=outputs.minutes * 60,
                most_bytes=round(outputs.megabytes * 1e6),
            ),
            faults,
        )
        for name in outputs.formats
    ]
