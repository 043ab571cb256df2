"""Numbers as Prometheus reads them: text format 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from eventvision.pipeline import LATENCY_BOUNDS_MS

from .access import Failures
from .machine import memory_bytes, temperatures_c
from .protocol import Limits

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_PREFIX = "eventvision"
_Sample = tuple[str, Mapping[str, str], float]


@dataclass(slots=True)
class Counters:
    """What the server counts itself.

    Attributes:
        limits: Of its connections.
        failures: Failed log-ins and tokens.
        viewers: Streams of pictures now.
    """

    limits: Limits
    failures: Failures
    viewers: int = field(default=0)


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    samples: tuple[_Sample, ...]

    def lines(self) -> Iterator[str]:
        yield f"# HELP {_PREFIX}_{self.name} {self.about}"
        yield f"# TYPE {_PREFIX}_{self.name} {self.kind}"
        for ending, labels, value in self.samples:
            told = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
            braces = f"{{{told}}}" if told else ""
            yield f"{_PREFIX}_{self.name}{ending}{braces} {_number(value)}"


def exposition(status: Mapping[str, Any], counters: Counters) -> str:
    """Return all metrics of a daemon.

    Args:
        status: As `Status.as_dict` gives it; `daemon` may hold what the supervisor counts, and
            `mqtt` what `MqttSink.report` says, `rerun` whether a viewer is there.
        counters: What the server counts.
    """
    families = (
        *_of_run(status),
        *_of_parts(status),
        *_of_mqtt(status.get("mqtt")),
        *_of_rerun(status.get("rerun")),
        *_of_daemon(status.get("daemon")),
        *_of_machine(status),
        *_of_server(counters),
    )
    return "\n".join(line for family in families for line in family.lines()) + "\n"


def _of_run(status: Mapping[str, Any]) -> Iterator[_Family]:
    on = status["on_events"]
    polarities = {"on": on, "off": status["events"] - on}
    yield _counters("events_total", "Events that the source delivered", "polarity", polarities)
    on_hz = status["on_rate_hz"]
    rates = {"on": on_hz, "off": status["event_rate_hz"] - on_hz}
    yield _gauges("event_rate_hz", "Events a second of late", "polarity", rates)
    yield _counters("slices_total", "Slices cut", "reason", status["slices_by_reason"])
    yield _single("slices_seen_total", "Slices looked at", status["slices"], kind="counter")
    yield _latencies(status["stages"])
    yield _counters("dropped_total", "Data lost", "cause", status["dropped"])
    yield _counters("filtered_total", "Events removed", "filter", status["filtered"])
    yield _counters("damage_total", "Damage in the source", "kind", status["damage_kinds"])
    for name, about in (
        ("running", "Whether the pipeline runs"),
        ("paused", "Whether slices are held"),
        ("waiting", "Whether the source waits for its camera"),
    ):
        yield _single(name, about, float(status[name]))
    if status["position_us"] is not None:
        yield _single("position_seconds", "End of the latest slice", status["position_us"] / 1e6)


def _of_parts(status: Mapping[str, Any]) -> Iterator[_Family]:
    tasks = status["tasks"]
    for name, about in (
        ("on", "Whether a task is wanted"),
        ("rate_hz", "Results a second of late"),
        ("share", "Share of slices on which load lets a task run"),
    ):
        values = {task: float(told[name]) for task, told in tasks.items()}
        yield _gauges(f"task_{name}", about, "task", values)
    missed = {task: float(told["missed"]) for task, told in tasks.items()}
    yield _counters("task_missed_total", "Slices without a result of a task", "task", missed)
    networks = [
        ({key: str(told[key]) for key in ("model", "device", "artifact")}, told)
        for told in status["networks"]
    ]
    up = tuple(("", labels, float(told["is_running"])) for labels, told in networks)
    yield _Family("device_up", "gauge", "Whether a network's device is there", up)
    for name, about in (
        ("steps", "Steps of a network"),
        ("failures", "Failures of the device that a network runs on"),
        ("restarts", "Restarts of the device that a network runs on"),
        ("dropped", "Slices that had no device"),
    ):
        samples = tuple(("", labels, float(told[name])) for labels, told in networks)
        yield _Family(f"device_{name}_total", "counter", about, samples)
    recorder = status["recorder"]
    yield _single("recording", "Whether a recording is being written", float(recorder is not None))
    for name, unit in (("seconds", "seconds"), ("bytes", "bytes"), ("dropped", "dropped_events")):
        value = _total((recorder or {}).get(name, 0))
        yield _single(f"recorder_{unit}", "Of the recording being written", value)


def _of_mqtt(report: Mapping[str, Any] | None) -> Iterator[_Family]:
    if report is None:
        return
    yield _single("mqtt_connected", "Whether the broker is there", float(report["connected"]))
    yield _single("mqtt_waiting", "Messages that wait for the broker", report["waiting"])
    for name in ("arrived", "commands", "commands_refused"):
        yield _single(f"mqtt_{name}_total", "Of MQTT", report[name], kind="counter")
    yield _counters("mqtt_dropped_total", "Messages lost", "cause", report["dropped"])


def _of_rerun(told: Mapping[str, Any] | None) -> Iterator[_Family]:
    if told is None:
        return
    yield _single("rerun_connected", "Whether the viewer is there", float(told["connected"]))
    yield _single("rerun_shown_total", "Slices shown in it", told["shown"], kind="counter")


def _of_daemon(told: Mapping[str, Any] | None) -> Iterator[_Family]:
    if told is None:
        return
    yield _single("uptime_seconds", "Since the daemon began", told["uptime_s"])
    yield _counters("restarts_total", "Restarts", "stage", told["restarts"])
    yield _counters("faults_total", "What went wrong", "kind", told["faults"])
    lasting = {str(kind): 1.0 for kind in told["lasting"]}
    yield _gauges("fault", "What is wrong now", "kind", lasting)


def _of_machine(status: Mapping[str, Any]) -> Iterator[_Family]:
    temperatures = temperatures_c()
    if status["temperature_c"] is not None:
        temperatures["sensor"] = status["temperature_c"]
    yield _gauges("temperature_celsius", "Temperatures", "zone", temperatures)
    memory = memory_bytes()
    if memory is not None:
        yield _single("memory_bytes", "Memory that the process holds", memory)


def _of_server(counters: Counters) -> Iterator[_Family]:
    limits = counters.limits
    yield _single("http_connections", "Open connections", limits.open)
    yield _single("http_viewers", "Streams of pictures", counters.viewers)
    cut = {"too many": limits.refused, "too slow": limits.too_slow}
    yield _counters("http_cut_total", "Connections cut", "cause", cut)
    failures = counters.failures.total
    yield _single("http_failures_total", "Wrong tokens and passwords", failures, kind="counter")


def _latencies(stages: Mapping[str, Mapping[str, Any]]) -> _Family:
    samples: list[_Sample] = []
    for stage, told in stages.items():
        labels = {"stage": stage}
        for bound_ms, count in zip(LATENCY_BOUNDS_MS, told["counts"], strict=True):
            samples.append(("_bucket", {**labels, "le": _number(bound_ms / 1e3)}, count))
        samples.append(("_bucket", {**labels, "le": "+Inf"}, told["count"]))
        samples.append(("_sum", labels, told["sum_s"]))
        samples.append(("_count", labels, told["count"]))
    return _Family("latency_seconds", "histogram", "How long stages take", tuple(samples))


def _counters(name: str, about: str, label: str, values: Mapping[str, float]) -> _Family:
    return _Family(name, "counter", about, _labelled(label, values))


def _gauges(name: str, about: str, label: str, values: Mapping[str, float]) -> _Family:
    return _Family(name, "gauge", about, _labelled(label, values))


def _single(
    name: str, about: str, value: float, *, kind: Literal["counter", "gauge"] = "gauge"
) -> _Family:
    return _Family(name, kind, about, (("", {}, value),))


def _labelled(label: str, values: Mapping[str, float]) -> tuple[_Sample, ...]:
    return tuple(("", {label: name}, value) for name, value in values.items())


def _total(value: object) -> float:
    """Return a number, or the sum of numbers by cause."""
    if isinstance(value, Mapping):
        return float(sum(_numbers(value.values())))
    return float(value) if isinstance(value, int | float) else 0.0


def _numbers(values: Iterable[object]) -> Iterator[float]:
    return (float(value) for value in values if isinstance(value, int | float))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    return str(int(value)) if float(value).is_integer() else repr(float(value))
