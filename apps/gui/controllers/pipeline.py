"""What happens to events on their way: filters, slicer, tasks, devices, presets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from eventvision.core import EventVisionError

from ..player import Player
from ..presets import read_preset, write_preset
from ..state import AppState, PipelinePart
from ..task_forms import WITH_PLACE
from .problems import Problems


class PipelineSettings:
    """Changes settings while they are in use; what cannot be used is told and changes nothing."""

    def __init__(self, state: AppState, player: Player, problems: Problems) -> None:
        self._state, self._player, self._problems = state, player, problems
        self._cell = state.pipeline

    def set_filters(self, filters: Sequence[str]) -> bool:
        """Use these filters, in this order; returns whether they can be used."""
        texts = tuple(text.strip() for text in filters if text.strip())
        return self._use(
            replace(self._cell.value, filters=texts),
            lambda: self._player.set_filters(",".join(texts)),
        )

    def add_filter(self, text: str) -> bool:
        """Add a filter at the end."""
        return self.set_filters((*self._cell.value.filters, text))

    def change_filter(self, index: int, text: str) -> bool:
        """Put another filter in place of one."""
        filters = list(self._cell.value.filters)
        filters[index] = text
        return self.set_filters(filters)

    def remove_filter(self, index: int) -> None:
        """Take a filter away."""
        filters = list(self._cell.value.filters)
        del filters[index]
        self.set_filters(filters)

    def move_filter(self, index: int, by: int) -> None:
        """Let a filter work earlier (-1) or later (1)."""
        filters = list(self._cell.value.filters)
        to = index + by
        if 0 <= to < len(filters):
            filters.insert(to, filters.pop(index))
            self.set_filters(filters)

    def set_slicer(self, text: str) -> bool:
        """Cut the stream in another way; returns whether that can be done."""
        return self._use(
            replace(self._cell.value, slicer=text.strip()),
            lambda: self._player.set_slicer(text.strip()),
        )

    def set_task(self, name: str, *, on: bool) -> bool:
        """Let a task run, or not; those of a place are not begun before there is one."""
        if on and name in WITH_PLACE and not self._method_of(name):
            self._problems.add("pipeline", WITH_PLACE[name], "warning")
            return False
        return self._use(
            self._with_task(name, on=on), lambda: self._player.set_task(self._text_of(name), on=on)
        )

    def set_method(self, name: str, method: str) -> bool:
        """Do a task in another way, as `clusters` or `model=FOLDER`; empty for the usual one."""
        return self._use(self._with_task(name, method=method), self._player.restart)

    def watch_region(self, region: str) -> bool:
        """Raise an alarm when an object enters `WIDTHxHEIGHT+X+Y`."""
        watching = self._with_task("alarm", on=True, method=f"region={region}")
        return self._use(watching, self._player.restart)

    def count_at(self, place: str) -> bool:
        """Count at one more place, `line=X0xY0-X1xY1` or `zone=WIDTHxHEIGHT+X+Y`; from 0."""
        method = ";".join(filter(None, (self._method_of("counting"), place)))
        counting = self._with_task("counting", on=True, method=method)
        return self._use(counting, self._player.restart)

    def count_nowhere(self) -> bool:
        """Forget all places at which objects are counted."""
        return self._use(self._with_task("counting", on=False, method=""), self._player.restart)

    def set_device(self, device: str, task: str = "") -> bool:
        """Run a task's model on a device, or those of all tasks that have none of their own."""
        if task:
            return self._use(self._with_task(task, device=device), self._player.restart)
        return self._use(replace(self._cell.value, device=device), self._player.restart)

    def load_preset(self, path: str | Path) -> bool:
        """Use the settings of a configuration file, the daemon's or one saved here."""
        try:
            loaded = read_preset(Path(path), self._cell.value)
        except (EventVisionError, OSError) as error:
            self._problems.add("pipeline", error)
            return False
        return self._use(loaded, self._player.restart)

    def save_preset(self, path: str | Path) -> bool:
        """Write the settings into a configuration file; what else stands there is kept."""
        try:
            write_preset(Path(path), self._cell.value, self._state.source.value.name)
        except (EventVisionError, OSError) as error:
            self._problems.add("pipeline", error)
            return False
        self._cell.change(preset=str(path))
        return True

    def _with_task(self, name: str, **fields: object) -> PipelinePart:
        tasks = tuple(
            replace(task, **fields) if task.name == name else task  # type: ignore[arg-type]
            for task in self._cell.value.tasks
        )
        return replace(self._cell.value, tasks=tasks)

    def _method_of(self, name: str) -> str:
        return next(task.method for task in self._cell.value.tasks if task.name == name)

    def _text_of(self, name: str) -> str:
        return next(task.text for task in self._cell.value.tasks if task.name == name)

    def _use(self, settings: PipelinePart, apply: Callable[[], object]) -> bool:
        """Check settings; if they are right, show them and let them take effect."""
        try:
            self._player.check(settings)
        except EventVisionError as error:
            self._problems.add("pipeline", error)
            return False
        self._problems.clear("pipeline")
        self._cell.set(settings)
        self._player.settings = settings
        apply()
        return True
