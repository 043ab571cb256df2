"""Presets beside real recordings: rates, polarity, intervals, counts of pixels, noise.

Writes docs/pictures/camera-statistics.png and prints the table of docs/simulation/camera-model.md.
Only sums over whole recordings are shown, none of their content. Scenes are not the same, so shapes
count, not heights.

    python docs/scripts/camera_statistics.py FOLDER_OF_REAL_RECORDINGS
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from eventvision.core import Events, SensorSize
from eventvision.io import open_source
from eventvision.simulation import EventCamera, Flicker, Movers, PixelModel, pixel_model, watch

PICTURE = Path(__file__).parents[1] / "pictures" / "camera-statistics.png"
SECONDS = 0.6
QUIET_HZ = 3.0
HOT_HZ = 30.0
DAVIS346, DVXPLORER_LITE = SensorSize(346, 260), SensorSize(320, 240)


@dataclass(frozen=True)
class Sample:
    """Events of one camera, real or simulated."""

    label: str
    events: Events
    is_real: bool


@dataclass(frozen=True)
class Statistics:
    """What is compared.

    Attributes:
        rate_mevps: Events in all.
        on_share: Share of ON events.
        quiet_hz: Mean rate of pixels in whose neighbourhood hardly anything happens.
        quiet_on_share: Share of ON events there.
        hot_share: Share of pixels there that fire at more than 30 Hz.
        alike_us: Times between events of one pixel of the same polarity.
        turned_us: Those between events of opposite polarity.
        pixel_hz: Rates of the pixels that fired, ascending.
        fired_share: Share of pixels that fired.
    """

    rate_mevps: float
    on_share: float
    quiet_hz: float
    quiet_on_share: float
    hot_share: float
    alike_us: NDArray[np.int64]
    turned_us: NDArray[np.int64]
    pixel_hz: NDArray[np.float64]
    fired_share: float


def statistics_of(events: Events) -> Statistics:
    """Sum up a recording."""
    sensor = events.sensor
    seconds = (int(events.t[-1]) - int(events.t[0])) * 1e-6
    place = events.y.astype(np.int64) * sensor.width + events.x
    order = np.lexsort((events.t, place))
    same = np.diff(place[order]) == 0
    waits, polarity = np.diff(events.t[order])[same], events.on[order]
    turned = (polarity[1:] != polarity[:-1])[same]
    pixel_hz = np.bincount(place, minlength=sensor.pixels) / seconds
    around = neighbourhood_hz(pixel_hz.reshape(sensor.shape)).reshape(-1)
    calm, hot = around < QUIET_HZ, pixel_hz > HOT_HZ
    quiet = calm & ~hot
    return Statistics(
        rate_mevps=len(events) / seconds / 1e6,
        on_share=float(events.on.mean()),
        quiet_hz=float(pixel_hz[quiet].mean()),
        quiet_on_share=float(events.on[quiet[place]].mean()),
        hot_share=float((calm & hot).sum() / calm.sum()),
        alike_us=waits[~turned],
        turned_us=waits[turned],
        pixel_hz=np.sort(pixel_hz[pixel_hz > 0]),
        fired_share=float((pixel_hz > 0).mean()),
    )


def neighbourhood_hz(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean rate of the 24 pixels around each."""
    steps = range(-2, 3)
    total = sum(np.roll(rates, (dy, dx), (0, 1)) for dy in steps for dx in steps)
    mean: NDArray[np.float64] = (total - rates) / 24
    return mean


def real(folder: Path, name: str, label: str) -> Sample:
    """Read a recording."""
    with open_source(folder / "aedat4" / f"{name}.aedat4") as source:
        return Sample(label, Events.join([p.events for p in source if len(p)]), is_real=True)


def simulated(
    label: str, sensor: SensorSize, model: PixelModel, *, flicker: bool = False
) -> Sample:
    """Let a preset watch objects that move before a wall."""
    scene = Movers(sensor, seed=2)
    camera = EventCamera(sensor, model, seed=3)
    lit = Flicker(scene, hz=100, depth=0.4) if flicker else scene
    glances = watch(lit, camera, t1_us=round(SECONDS * 1e6))
    return Sample(label, Events.join([g.events for g in glances]), is_real=False)


def groups(folder: Path) -> dict[str, list[Sample]]:
    """Return what is compared, by camera."""
    lite = replace(pixel_model("dvxplorer"), bus_pass_us=0.617)
    return {
        "DAVIS346": [
            real(folder, "robot_bench_davis346", "robot arm, lamps"),
            real(folder, "ring_davis346", "fast ring"),
            real(folder, "road_davis346", "road from above"),
            simulated("davis346", DAVIS346, pixel_model("davis346")),
            simulated("davis346, lamps", DAVIS346, pixel_model("davis346"), flicker=True),
        ],
        "DVXplorer Lite": [
            real(folder, "person_dvxplorer", "person"),
            simulated("dvxplorer, 320x240", DVXPLORER_LITE, lite),
        ],
    }


def table(compared: dict[str, list[tuple[Sample, Statistics]]]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| camera | scene | Mev/s | ON | pixels that fire | quiet pixels | ON there | hot pixels |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for camera, samples in compared.items():
        for sample, found in samples:
            kind = "real" if sample.is_real else "simulated"
            cells = (
                f"{camera}, {kind}", sample.label, f"{found.rate_mevps:.3f}",
                f"{found.on_share:.0%}", f"{found.fired_share:.0%}", f"{found.quiet_hz:.2f} Hz",
                f"{found.quiet_on_share:.0%}", f"{found.hot_share:.1e}",
            )  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(compared: dict[str, list[tuple[Sample, Statistics]]]) -> None:
    """Draw distributions, a row per camera."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, rows = plt.subplots(len(compared), 3, figsize=(13, 3.4 * len(compared)))
    for axes, (camera, samples) in zip(rows, compared.items(), strict=True):
        for number, (sample, found) in enumerate(samples):
            style = {"color": f"C{number}", "ls": "-" if sample.is_real else "--", "lw": 1.4}
            name = f"{sample.label} ({'real' if sample.is_real else 'simulated'})"
            for axis, waits in zip(axes, (found.alike_us, found.turned_us), strict=False):
                edges = np.geomspace(30, 1e6, 70)
                heights, _ = np.histogram(waits, edges)
                axis.plot(edges[:-1] / 1000, heights / heights.sum(), label=name, **style)
            shares = np.linspace(found.fired_share, 0, found.pixel_hz.size, endpoint=False)
            axes[2].plot(found.pixel_hz, shares, label=name, **style)
        axes[0].set_ylabel(f"{camera}\nshare of intervals")
        axes[0].set_xlabel("ms between events of the same polarity")
        axes[1].set_xlabel("ms between events of opposite polarity")
        axes[2].set_xlabel("events a second of a pixel")
        axes[2].set_ylabel("share of pixels with as many")
        for axis in axes:
            axis.set_xscale("log")
            axis.grid(alpha=0.3)
        axes[2].set_yscale("log")
        axes[2].legend(fontsize=8)
    figure.tight_layout()
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=90)


def main() -> None:
    """Compare, draw, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    compared = {
        camera: [(sample, statistics_of(sample.events)) for sample in samples]
        for camera, samples in groups(parser.parse_args().folder).items()
    }
    draw(compared)
    print(table(compared))  # noqa: T201


if __name__ == "__main__":
    main()
