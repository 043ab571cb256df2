"""Simulating an event camera: speed on given frames, and numbers of events.

The same frames, in memory, 346x260: `movers`, textured objects before a textured wall, 500 frames
a second; `waves`, a pattern of high contrast that moves everywhere and makes some 40 million events
a second. Everybody has one core. EventCV looks once at every frame interval, or, by default, at as
many steps as give no pixel two events at a time; times within an interval are interpolated in
either case, as ours are. Settings are the same: thresholds 0.2, and for `with noise` mismatch 0.03
(15 %), bandwidth 200 Hz at white, refractory period 100 us, leak 1 Hz, shot noise 10 Hz in the
dark. Rows in events compare how much the two make of `movers`; 1.00x is agreement.

    python -m benchmarks.simulation [--json] [--repeat N]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eventvision.core import SensorSize
from eventvision.simulation import Movers

from ._calls import Call, race_calls, rows_of_calls, with_versions
from ._harness import Options, Row, run_benchmark, tell
from ._worker import Outcome
from .recordings import DEFAULT_FOLDER

OURS, PEERS = "_simulation_ours.py", "_simulation_peers.py"
SENSOR = SensorSize(346, 260)
FPS = 500.0
DARKEST = 0.1
"""Light of the darkest pixel: below 20/255, EventCV's logarithm is a straight line."""

Settings = dict[str, Any]
PLAIN: tuple[Settings, Settings] = (
    {"on_threshold": 0.2, "off_threshold": 0.2},
    {"pos_thres": 0.2, "neg_thres": 0.2, "sigma_thres": 0.0, "refractory_us": 0, "cutoff_hz": 0.0,
     "leak_rate_hz": 0.0, "shot_noise_rate_hz": 0.0},
)  # fmt: skip
"""Ours and theirs for pixels without noise."""

EFFECTS: dict[str, tuple[Settings, Settings]] = {
    "plain": ({}, {}),
    "bandwidth 200 Hz": (
        {"bandwidth_hz": 200.0, "bandwidth_in_dark": 0.07}, {"cutoff_hz": 200.0},
    ),
    "refractory 100 us": ({"refractory_us": 100.0}, {"refractory_us": 100}),
    "leak 1 Hz": ({"leak_hz": 1.0}, {"leak_rate_hz": 1.0}),
    "shot noise 10 Hz": ({"shot_noise_hz": 10.0}, {"shot_noise_rate_hz": 10.0}),
    "mismatch 0.03": ({"mismatch": 0.15}, {"sigma_thres": 0.03}),
}  # fmt: skip


def movers_frames(count: int = 150) -> NDArray[np.float32]:
    """Return frames of a scene that moves by less than a pixel from one to the next."""
    scene = Movers(SENSOR, seed=1)
    light = np.stack([scene.render(round(n * 1e6 / FPS)).copy() for n in range(count)])
    return (DARKEST + (1 - DARKEST) * light).astype(np.float32)


def waves_frames(count: int = 30) -> NDArray[np.float32]:
    """Return frames in which everything changes: crossing waves, two pixels a frame."""
    rows, columns = np.mgrid[0 : SENSOR.height, 0 : SENSOR.width]
    turns = 2 * np.pi * np.arange(count)[:, None, None] * 2 / 24
    waves = np.sin(2 * np.pi * columns / 24 + turns) + np.sin(2 * np.pi * rows / 24 + turns)
    light: NDArray[np.float32] = (DARKEST ** (0.5 - 0.25 * waves)).astype(np.float32)
    return light


def all_effects() -> tuple[Settings, Settings]:
    """Return the settings with every effect at once."""
    ours, theirs = PLAIN
    for mine, its in EFFECTS.values():
        ours, theirs = ours | mine, theirs | its
    return ours, theirs


def calls_for(frames: Path, ours: Settings, theirs: Settings) -> dict[str, Call]:
    """Return who simulates, ours first."""
    common = {"frames": str(frames), "fps": FPS}
    once = theirs | {"upsample": "off"}
    return {
        "eventvision": Call(OURS, "simulate", common | {"preset": None, "settings": ours}),
        "eventcv": Call(PEERS, "eventcv", common | {"settings": theirs}),
        "eventcv without sub-steps": Call(PEERS, "eventcv", common | {"settings": once}),
    }


def speed(
    label: str, unit: str, frames: float | None, calls: dict[str, Call], repeat: int
) -> list[Row]:
    """Race on the same frames: frames a second, or, without their number, million events."""
    tell(f"{label}, {unit}")

    def rate(outcome: Outcome) -> float:
        return (outcome.value / 1e6 if frames is None else frames) / outcome.seconds

    return rows_of_calls(label, unit, race_calls(calls, rate, repeat=repeat))


def agreement(frames: Path) -> list[Row]:
    """Compare how many events the two make of the same frames, effect by effect."""
    rows = []
    everything = {name: (PLAIN[0] | ours, PLAIN[1] | theirs) for name, (ours, theirs) in
                  EFFECTS.items()} | {"all of these": all_effects()}  # fmt: skip
    for name, (ours, theirs) in everything.items():
        tell(f"events, {name}")
        calls = calls_for(frames, ours, theirs)
        del calls["eventcv without sub-steps"]
        results = race_calls(calls, lambda outcome: float(outcome.value), repeat=1)
        rows += rows_of_calls(f"events, {name}", "events", results)
    return rows


def measure(options: Options) -> list[Row]:
    """Measure speed on both kinds of frames, and agreement."""
    folder = options.recordings or DEFAULT_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    made = {"movers": movers_frames, "waves": waves_frames}
    paths = {name: folder / f"frames-{name}.npy" for name in made}
    counts = {}
    for name, make in made.items():
        frames = make()
        np.save(paths[name], frames)
        counts[name] = float(len(frames))
    kinds = {"plain": PLAIN, "with noise": all_effects()}
    rows: list[Row] = []
    for name, path in paths.items():
        number = counts[name]
        for kind, settings in kinds.items():
            calls = calls_for(path, *settings)
            rows += speed(f"{name}, {kind}", "frames/s", number, calls, options.repeat)
        for preset in ("davis346", "dvxplorer", "evk4"):
            job = {"frames": str(path), "fps": FPS, "preset": preset, "settings": {}}
            alone = {"eventvision": Call(OURS, "simulate", job)}
            rows += speed(f"{name}, preset {preset}", "frames/s", number, alone, options.repeat)
    for kind, settings in kinds.items():
        ours = {"eventvision": calls_for(paths["waves"], *settings)["eventvision"]}
        rows += speed(f"waves, {kind}", "Mev/s", None, ours, options.repeat)
    return with_versions(rows + agreement(paths["movers"]), PEERS)


if __name__ == "__main__":
    run_benchmark("simulation", __doc__, measure)
