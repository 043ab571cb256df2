"""What is said to a broker about results: topics and JSON.

Detections and tracks are samples: a few a second, and one more when the last object has gone. What
happens once is told once: an alarm that begins or ends, an object that crosses a line. Every
message has an `id` that no other message of the device ever has, so that a receiver can tell a
message that a broken connection brought twice.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from eventvision.core import Alarm, Counts, Detections, SliceResult, Tracks

from ._jsonl import as_object
from ._mqtt_settings import MqttSettings
from ._results import last_of
from ._spool import Message

_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ABOUT = ("slice", "t0_us", "t1_us", "width", "height")


def encoded(value: object) -> bytes:
    """Return JSON, as short as it goes."""
    return _JSON.encode(value).encode()


class Messages:
    """Turns results into messages.

    Args:
        settings: Topics, and what is published.
        first_number: Number of the first message.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        first_number: int = 1,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._run = secrets.token_hex(8)
        self._number = first_number
        self._every_us = 1e6 / settings.most_per_s
        self._due_us: dict[str, float] = {}
        self._shown: dict[str, bool] = {}
        self._alarmed = False

    @property
    def is_alarmed(self) -> bool:
        """Whether the latest result with an alarm had one."""
        return self._alarmed

    def of(self, result: SliceResult) -> list[Message]:
        """Return what is to be told about the results of a slice."""
        wanted = self._settings.publish
        told = [(kind, key) for kind, key in self._topics(result) if kind in wanted]
        if not told:
            return []
        line = as_object(result)
        about = {name: line[name] for name in _ABOUT}
        return [self._message(kind, {**about, key: line[key]}) for kind, key in told]

    def _topics(self, result: SliceResult) -> Iterator[tuple[str, str]]:
        now_us = result.slice.t1_us
        samples: tuple[tuple[str, Detections | Tracks | None], ...] = (
            ("detections", last_of(result, Detections)),
            ("tracks", last_of(result, Tracks)),
        )
        for kind, found in samples:
            if found is not None and self._is_due(kind, now_us, is_empty=not len(found)):
                yield kind, kind
        alarm = last_of(result, Alarm)
        if alarm is not None and bool(len(alarm.objects)) != self._alarmed:
            self._alarmed = not self._alarmed
            yield "alarms", "alarm"
        counts = last_of(result, Counts)
        if counts is not None and counts.passages:
            yield "counts", "counts"

    def _is_due(self, kind: str, now_us: int, *, is_empty: bool) -> bool:
        """Tell whether a sample is due; emptiness is told once, and at once."""
        was_shown = self._shown.get(kind, False)
        if is_empty:
            self._shown[kind] = False
            return was_shown
        due_us = self._due_us.get(kind, now_us)
        if now_us < due_us <= now_us + self._every_us:
            return False
        self._due_us[kind] = max(due_us + self._every_us, float(now_us))
        self._shown[kind] = True
        return True

    def _message(self, kind: str, content: dict[str, Any]) -> Message:
        number, self._number = self._number, self._number + 1
        whole = {"id": f"{self._run}-{number}", "time": round(self._clock(), 3), **content}
        return Message(number, f"{self._settings.base}/{kind}", encoded(whole))
