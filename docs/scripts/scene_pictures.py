"""Draws docs/pictures/scene-NAME.png: each named scene as light, events and ground truth.

    python docs/scripts/scene_pictures.py [NAME …] [--images FOLDER]

With images, `scene-NAME-images.png` shows the scene made of them; such pictures are for looking at,
not for the repository.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.simulation import (
    SCENES,
    SEGMENTATION_CLASSES,
    EventCamera,
    Scene,
    SceneTruth,
    named_scene,
    pixel_model,
    watch,
)

mpl.use("Agg")

PICTURES = Path(__file__).parents[1] / "pictures"
SENSOR = SensorSize(346, 260)
SEEDS = {"street": 2, "room": 2, "shapes": 3, "juggle": 7, "texture": 2, "mixed_speed": 1}
AT_US = {"cells": 1_000_000, "mixed_speed": 1_450_000, "texture": 600_000}
LATE_US, WARM_US = 900_000, 40_000
WINDOW_US = 20_000
SHORT_US = 3_000
"""Of events that are drawn: less where many small things move fast."""


@dataclass(frozen=True)
class Look:
    """What there is to draw of a scene."""

    truth: SceneTruth
    events: Events
    window_us: int


def look_at(scene: Scene, at_us: int, window_us: int) -> Look:
    """Let a camera watch a scene until a time, and take the truth then."""
    camera = EventCamera(scene.sensor, pixel_model("davis346"), seed=1)
    start = at_us - window_us - WARM_US
    glances = watch(scene, camera, t0_us=start, t1_us=at_us)
    events = Events.join([glance.events for glance in glances])
    seen = events.between(at_us - window_us, at_us)
    return Look(scene.truth(at_us), seen, window_us)


def draw(look: Look, path: Path, title: str) -> None:
    """Draw light, events, objects, classes, depth and flow side by side."""
    import matplotlib.pyplot as plt

    truth = look.truth
    figure, axes = plt.subplots(2, 3, figsize=(10.4, 5.6), layout="constrained")
    panels = (
        ("light", np.sqrt(truth.intensity), {"cmap": "gray", "vmin": 0, "vmax": 1}),
        (f"events of {look.window_us // 1000} ms", event_picture(look.events), {}),
        ("objects", object_picture(truth), {}),
        ("classes", truth.class_map, {"cmap": "tab10", "vmin": 0, "vmax": 9}),
        ("depth", np.log10(np.minimum(truth.depth_m, 300)), {"cmap": "magma"}),
        ("flow", flow_picture(truth.flow_px_s), {}),
    )
    for axis, (name, picture, options) in zip(axes.flat, panels, strict=True):
        axis.imshow(picture, interpolation="nearest", **options)
        axis.set_title(name, fontsize=9)
        axis.set_axis_off()
    draw_boxes(axes.flat[2], truth)
    name_classes(axes.flat[3], truth)
    name_depths(axes.flat[4], truth)
    fastest = float(np.hypot(*truth.flow_px_s).max())
    axes.flat[5].set_title(f"flow, up to {fastest:.0f} px/s", fontsize=9)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def event_picture(events: Events) -> NDArray[np.float64]:
    """Return ON in red and OFF in blue on white, shape (height, width, 3)."""
    picture = np.ones((*events.sensor.shape, 3))
    for on, colour in ((True, (0.8, 0.1, 0.1)), (False, (0.1, 0.2, 0.75))):
        some = events.on == on
        picture[events.y[some], events.x[some]] = colour
    return picture


def object_picture(truth: SceneTruth) -> NDArray[np.float64]:
    """Return a colour for every id, the background dimmed."""
    import colorsys

    picture = np.repeat(0.35 * np.sqrt(truth.intensity)[..., None], 3, axis=2).astype(float)
    for label in truth.ids:
        hue = float(label) * 0.381966 % 1
        picture[truth.mask == label] = colorsys.hsv_to_rgb(hue, 0.65, 0.95)
    return picture


def draw_boxes(axis: object, truth: SceneTruth) -> None:
    """Draw the boxes, unless there are too many to see."""
    from matplotlib.patches import Rectangle

    if truth.ids.size > 60:
        return
    for x, y, w, h in truth.boxes.tolist():
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), w, h, fill=False, color="white", lw=0.7))


def name_classes(axis: object, truth: SceneTruth) -> None:
    """Add a legend of the classes in view."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    seen = np.unique(truth.class_map).tolist()
    colours = plt.get_cmap("tab10")
    handles = [
        Patch(color=colours(index / 9 * 0.999), label=SEGMENTATION_CLASSES[index]) for index in seen
    ]
    axis.legend(handles=handles, fontsize=5, loc="lower right", framealpha=0.7)


def name_depths(axis: object, truth: SceneTruth) -> None:
    """Say in the title what depths there are."""
    finite = truth.depth_m[np.isfinite(truth.depth_m)]
    axis.set_title(f"depth, {finite.min():.1f} to {finite.max():.0f} m (log)", fontsize=9)


def flow_picture(flow: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return direction as hue and speed as brightness, on a logarithmic scale."""
    from matplotlib.colors import hsv_to_rgb

    speed = np.hypot(*flow)
    hue = (np.arctan2(flow[1], flow[0]) / (2 * np.pi)) % 1
    value = np.log1p(speed) / np.log1p(max(float(speed.max()), 1.0))
    colours = hsv_to_rgb(np.stack([hue, np.full_like(hue, 0.8), value], axis=-1))
    return np.clip(colours, 0, 1)


def main() -> None:
    """Draw what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(SCENES))
    parser.add_argument("--images", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURES)
    options = parser.parse_args()
    for name in options.names:
        seed, at_us = SEEDS.get(name, 0), AT_US.get(name, LATE_US)
        scene = named_scene(name, sensor=SENSOR, seed=seed, images=options.images)
        suffix = "" if options.images is None else "-images"
        path = options.out / f"scene-{name.replace('_', '-')}{suffix}.png"
        window_us = SHORT_US if name == "cells" else WINDOW_US
        draw(look_at(scene, at_us, window_us), path, f"{name}: {SCENES[name]}")


if __name__ == "__main__":
    main()
