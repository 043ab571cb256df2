"""Makes the parts of a run from what users write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from eventvision.core import (
    ConfigError,
    Filter,
    Packet,
    Representation,
    SensorSize,
    Slicer,
    Source,
    Task,
)
from eventvision.filters import HotPixels, parse_filters
from eventvision.representations import parse_representation
from eventvision.slicing import parse_slicer
from eventvision.tasks import build_tasks, can_replace, parse_task

from ._config import RunConfig
from ._networks import Networks


class Parts:
    """Builds filters, slicers and tasks for one sensor and one set of networks.

    Args:
        source_sensor: Size of the pixel array that the first filter sees.
        sensor: Size of the pixel array behind the filters.
        networks: Opens the networks of tasks and slicers.
    """

    def __init__(self, source_sensor: SensorSize, sensor: SensorSize, networks: Networks) -> None:
        self._source_sensor, self.sensor, self._networks = source_sensor, sensor, networks
        self._texts: dict[str, str] = {}

    def filters(self, text: str) -> list[Filter]:
        """Return a chain of filters that have seen nothing, and learned nothing beforehand.

        Raises:
            ConfigError: If there is no such filter, or it cannot work on this sensor, or events
                would come out on another one than `sensor`.
        """
        built: list[Filter] = [*parse_filters(text, self._source_sensor)]
        if (built[-1].sensor if built else self._source_sensor) != self.sensor:
            expected = f"filters that give {self.sensor}, as those that the run began with"
            raise ConfigError("filters", text, expected)
        return built

    def slicer(self, text: str) -> Slicer:
        """Return a slicer.

        Raises:
            ConfigError: If there is no such slicer.
            ModelError: If the model of a trigger is missing or is none.
            DeviceError: If it cannot run.
        """
        return parse_slicer(text, self.sensor, open_trigger=self._networks.open_trigger)

    def next_slicer(self, text: str) -> tuple[Slicer, Callable[[], None]]:
        """Return a slicer, and what releases the network of the one before once that is idle.

        Raises:
            ConfigError, ModelError, DeviceError: As `slicer` does; the present one stays.
        """
        before = self._networks.take_triggers()

        def retire() -> None:
            for session in before:
                session.close()

        try:
            return self.slicer(text), retire
        except BaseException:
            self._networks.give_back_triggers(before)
            raise

    def tasks(self, texts: Sequence[str]) -> list[Task]:
        """Return tasks and those that they need, needed ones first.

        Raises:
            ConfigError: If there is no such task.
            ModelError: If a model is missing, or does not do the task.
            DeviceError: If it cannot run.
        """
        named = {parse_task(text).name: text for text in texts}
        looked_at = {**self._texts, **named}.get("graph") if "alarm" in named else None
        wanted = [*texts, looked_at] if looked_at and "graph" not in named else texts
        built = build_tasks(wanted, self.sensor, network=self._networks.open)
        self._texts |= named
        return built

    def replacement(self, text: str) -> Task | None:
        """Return a task that is there as it is meant now; None if that is how it is done already.

        Raises:
            ConfigError: If it cannot be replaced while the run goes on.
        """
        form = parse_task(text)
        before = parse_task(self._texts.get(form.name, form.name))
        if form == before:
            return None
        if not can_replace(before, form):
            raise ConfigError("tasks", text, f"{form.name} with the model that the run began with")
        return next(task for task in self.tasks([text]) if task.name == form.name)

    def representation(self, text: str | None) -> Representation | None:
        """Return what is rendered for each slice, if anything.

        Raises:
            ConfigError: If there is no such representation.
        """
        return parse_representation(text, self.sensor) if text else None


def first_filters(config: RunConfig, source: Source) -> list[Filter]:
    """Return the filters that a run begins with; they have learned from a recording.

    Raises:
        ConfigError: If there is no such filter, or it cannot work on the sensor.
    """
    filters: list[Filter] = [*parse_filters(config.filters, source.info.sensor)]
    if not source.is_live:
        learn_hot_pixels(filters, source)
    return filters


def learn_hot_pixels(filters: Sequence[Filter], source: Source) -> None:
    """Let hot-pixel filters judge by the whole recording, as it reaches them."""
    for index, stage in enumerate(filters):
        if isinstance(stage, HotPixels):
            stage.learn(_through(filters[:index], source))
            for earlier in filters[:index]:
                earlier.reset()


def _through(filters: Sequence[Filter], packets: Iterable[Packet]) -> Iterator[Packet]:
    for packet in packets:
        passed = packet
        for stage in filters:
            passed = stage.process(passed)
        yield passed
