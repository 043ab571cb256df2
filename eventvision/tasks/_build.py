"""From task names to tasks in the order in which they must run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from eventvision.core import ConfigError, SensorSize, Task, load_card

from ._counting import Counting
from ._detection import Detection, DetectionSettings
from ._forms import ALARM, COUNTING, TaskForm, parse_task, parse_tasks
from ._gates import parse_gates
from ._ground import load_ground
from ._learned import LearnedDepth, LearnedDetection, LearnedReconstruction, LearnedSegmentation
from ._network import Network
from ._objects import ObjectSettings
from ._reconstruction import Reconstruction, ReconstructionSettings
from ._spots import SpotDetection, spot_settings
from ._tracking import MANY_SMALL, Tracking, TrackingSettings
from ._watch import Watch, watch_settings

if TYPE_CHECKING:
    from ._graph import GraphSettings

OpenNetwork = Callable[[TaskForm], Network]
"""Returns the network behind a task; tasks that can share one get the same."""


def build_tasks(
    names: Sequence[str],
    sensor: SensorSize,
    *,
    network: OpenNetwork | None = None,
    reconstruction: ReconstructionSettings | None = None,
    detection: DetectionSettings | None = None,
    objects: ObjectSettings | None = None,
    tracking: TrackingSettings | None = None,
    graph: GraphSettings | None = None,
) -> list[Task]:
    """Return the named tasks and those that they need, each once, needed ones first.

    Args:
        names: Tasks as `parse_task` reads them, in any order.
        sensor: Size of the pixel array that the slices come from.
        network: Opens the networks of learned tasks, if there are to be any.
        reconstruction: Settings of the method `fibar`, if not the defaults.
        detection: Settings of the method `clusters`, if not the defaults.
        objects: Settings of learned detection, if not the defaults.
        tracking: Settings of this task, if not the defaults; of small objects `MANY_SMALL`.
        graph: Settings of this task, if not the defaults and none are named with it.

    Raises:
        ConfigError: If a name is unknown, it lists the known ones; or a task is learned and nobody
            opens networks.
        ModelError: If a model is missing or does not do the task.
        DeviceError: If it cannot run.
    """
    hand_made: dict[str, Callable[[], Task]] = {
        "reconstruction": lambda: Reconstruction(sensor, reconstruction),
        "detection": lambda: Detection(sensor, detection),
        "tracking": lambda: Tracking(sensor, tracking),
    }
    learned: dict[str, Callable[[Network], Task]] = {
        "reconstruction": LearnedReconstruction,
        "detection": lambda opened: LearnedDetection(opened, objects),
        "segmentation": LearnedSegmentation,
        "depth": LearnedDepth,
    }
    forms = {form.name: form for form in parse_tasks(names)}
    if tracking is None and "detection" in forms and forms["detection"].settings:
        tracking = MANY_SMALL
    built: dict[str, Task] = {}

    def add(form: TaskForm) -> None:
        if form.name in built:
            return
        if form.name == "graph":
            task: Task = _graph_task(form, sensor, graph)
        elif form.name == ALARM:
            source = "graph" if "graph" in forms else "detection"
            task = Watch(watch_settings(form, source))
        elif form.name == COUNTING:
            gates = parse_gates(form.gates)
            task = Counting(gates, None if gates.ground is None else load_ground(gates.ground))
        elif form.name == "detection" and form.settings:
            task = SpotDetection(sensor, spot_settings(form))
        elif not form.model:
            task = hand_made[form.name]()
        elif network is None:
            raise ConfigError("tasks", form.name, "tasks that need no network")
        else:
            task = learned[form.name](network(form))
        for needed in task.needs:
            add(forms.get(needed) or parse_task(needed))
        built[form.name] = task

    for form in forms.values():
        add(form)
    return list(built.values())


def _graph_task(form: TaskForm, sensor: SensorSize, settings: GraphSettings | None) -> Task:
    from ._graph import Graph, graph_settings

    wanted = graph_settings(form) if form.settings else settings
    return Graph(sensor, load_card(form.model), wanted)
