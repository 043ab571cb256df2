"""The line at the bottom: the pixel meant, rates, latency, drops, the latest problem."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QLabel, QSizePolicy, QStatusBar

from ..state import AppState, PlaybackPart, PointerPart, Problem, RecordingPart, Severity
from ..trouble import drops
from ..words import count, milliseconds, rate
from .figure import Figure
from .observing import observe_while
from .words import Role, set_role

if TYPE_CHECKING:
    from eventvision.pipeline import Status

_FPS_OVER_S = 1.0
_ROLES: dict[Severity, Role] = {"error": "bad", "warning": "warn", "info": "faint"}


class StatusLine(QStatusBar):
    """Says in figures what is going on."""

    def __init__(self, state: AppState) -> None:
        super().__init__()
        self._playback = state.playback
        self._ticks: deque[float] = deque()
        self._problem = QLabel()
        figures = [Figure(pad_px=5) for _ in range(6)]
        self._pixel, self._recording, self._rates = figures[:3]
        self._latency, self._drops, self._display = figures[3:]
        self._problem.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self._problem, 1)
        for figure in figures:
            self.addPermanentWidget(figure)
        set_role(self._recording, "bad")
        observe_while(self, state.pointer, self._show_pixel)
        observe_while(self, state.status, self._show_status)
        observe_while(self, state.tick, self._show_tick)
        observe_while(self, state.playback, self._show_phase)
        observe_while(self, state.problems, self._show_problems)
        observe_while(self, state.recording, self._show_recording)

    def _show_pixel(self, part: PointerPart) -> None:
        if part.x < 0:
            self._pixel.clear()
            return
        depth = ""
        if part.depth is not None:
            depth = f"  depth {part.depth:.2f}{' m' if part.is_metric else ''}"
        self._pixel.setText(f"({part.x}, {part.y})  {rate(part.rate_hz)}{depth}")

    def _show_status(self, status: Status | None) -> None:
        if status is None:
            for label in (self._rates, self._latency, self._drops):
                label.clear()
            return
        on = status.on_rate_hz / status.event_rate_hz if status.event_rate_hz else 0.0
        self._rates.setText(f"{rate(status.event_rate_hz)}  {on:.0%} ON")
        total = status.stages.get("total")
        self._latency.setText("" if total is None else f"latency {milliseconds(total.p50_ms)}")
        lost = sum(drop.count for drop in drops(status.dropped))
        self._drops.setText(f"dropped {count(lost)}" if lost else "no drops")
        self._drops.setToolTip(
            "\n".join(f"{cause}: {number:,}" for cause, number in status.dropped.items())
        )

    def _show_tick(self, _tick: int) -> None:
        if not self._playback.value.is_running:
            return
        now_s = monotonic()
        self._ticks.append(now_s)
        while now_s - self._ticks[0] > _FPS_OVER_S:
            self._ticks.popleft()
        if len(self._ticks) > 1:
            fps = (len(self._ticks) - 1) / max(now_s - self._ticks[0], 1e-3)
            self._display.setText(f"{fps:.0f} fps")

    def _show_phase(self, part: PlaybackPart) -> None:
        if not part.is_running:  # what stands still has no rate
            self._ticks.clear()
            self._display.clear()

    def _show_problems(self, problems: tuple[Problem, ...]) -> None:
        if not problems:
            self._problem.clear()
            self._problem.setToolTip("")
            return
        latest = problems[-1]
        set_role(self._problem, _ROLES[latest.severity])
        self._problem.setText(latest.text)
        self._problem.setToolTip(latest.text)

    def _show_recording(self, part: RecordingPart) -> None:
        if not part.path:
            self._recording.clear()
            return
        lost = f", {count(part.dropped)} dropped" if part.dropped else ""
        self._recording.setText(f"● {part.seconds:.1f} s  {part.bytes / 1e6:.1f} MB{lost}")
        self._recording.setToolTip(part.path)
