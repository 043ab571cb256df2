"""What Home Assistant is told, so that the device appears there by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ._mqtt_messages import encoded
from ._mqtt_settings import MqttSettings

_NUMBERS = (
    ("event_rate", "Event rate", "{{ value_json.event_rate_hz | round(0) }}", "events/s"),
    ("latency", "Latency", "{{ value_json.stages.total.p99_ms | default(0) | round(1) }}", "ms"),
    ("dropped", "Dropped", "{{ value_json.dropped.values() | sum }}", "events or slices"),
)


def announcements(
    settings: MqttSettings, tasks: Collection[str], *, version: str
) -> Iterator[tuple[str, bytes]]:
    """Yield topic and payload of everything that is to be announced; all is to be retained."""
    if settings.discovery is None:
        return
    for component, key, about in _entities(settings, tasks):
        whole = {
            "name": about.pop("name"),
            "unique_id": f"eventvision_{settings.name}_{key}",
            "object_id": f"{settings.name}_{key}",
            "availability_topic": f"{settings.base}/availability",
            **about,
            "device": {
                "identifiers": [f"eventvision_{settings.name}"],
                "name": settings.name,
                "manufacturer": "eventvision",
                "model": "event camera",
                "sw_version": version,
            },
        }
        yield f"{settings.discovery}/{component}/{settings.name}/{key}/config", encoded(whole)


def _entities(
    settings: MqttSettings, tasks: Collection[str]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    base = settings.base
    if "alarms" in settings.publish and "alarm" in tasks:
        about = {"name": "Alarm", "state_topic": f"{base}/alarm/state", "device_class": "motion"}
        yield "binary_sensor", "alarm", about
    if "tracks" in settings.publish and "tracking" in tasks:
        about = {
            "name": "Objects",
            "state_topic": f"{base}/tracks",
            "value_template": "{{ value_json.tracks | length }}",
        }
        yield "sensor", "objects", about
    for key, name, template, unit in _NUMBERS:
        about = {
            "name": name,
            "state_topic": f"{base}/stats",
            "value_template": template,
            "unit_of_measurement": unit,
            "state_class": "measurement",
            "entity_category": "diagnostic",
        }
        yield "sensor", key, about
    if not settings.commands:
        return
    for task in tasks:
        yield "switch", f"task_{task}", _switch(f"Task {task}", f"{base}/tasks/{task}")
    yield "switch", "recording", _switch("Recording", f"{base}/recording")


def _switch(name: str, topic: str) -> dict[str, Any]:
    return {
        "name": name,
        "state_topic": f"{topic}/state",
        "command_topic": f"{topic}/set",
        "payload_on": "ON",
        "payload_off": "OFF",
    }
