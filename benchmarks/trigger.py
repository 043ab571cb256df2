"""Slices of a spiking trigger beside fixed slicers, at the same mean rate.

A view is only as good as what it shows at every moment: until a slice ends, the picture of the one
before is on the screen. The error is the mean absolute difference to the truth over all moments and
pixels, both scaled by their 1st and 99th percentile. "age" is that of a network which makes no
mistake: its picture is the truth at the end of the slice, so only age makes it wrong; "picture" is
that of reconstruction-nano, which errs much more than age does. Every slicer is set so that it
makes as many slices a second as are asked for on that very stream, so the mean over streams of the
fixed slicers is that of their best setting. Scenes and cameras have seeds that no trigger has
learned from; a ratio above 1 means that the trigger's error is smaller. The range behind a label is
that of 95 % of ratios of means over streams drawn again with replacement.

    python -m benchmarks.trigger [--json] [--repeat STREAMS]
"""

from __future__ import annotations

import os

import numpy as np

from ._harness import Options, Row, run_benchmark, tell
from ._trigger_runs import (
    SLICERS,
    cut_at_rate,
    is_shipped,
    live_error,
    picture_maker,
    scenes_at,
    stream,
)

SCENES = {
    "mixed speed": ("mixed_speed", (1.0,)),
    "street": ("street", (1.0,)),
    "juggle": ("juggle", (1.0,)),
    "constant speed, shapes": ("shapes", (0.3, 1.0, 3.0)),
}
RATES_HZ = (15.0, 30.0, 60.0)
MODEL = os.environ.get("EVENTVISION_TRIGGER", "trigger-nano")
"""Name or folder of the trigger to test."""

_OURS = "trigger"
_DRAWS = 2_000


def measure(options: Options) -> list[Row]:
    """Return a row for each scene, rate and rival."""
    if not (is_shipped(MODEL) and is_shipped("reconstruction-nano")):
        tell("trigger-nano and reconstruction-nano are not both here: nothing to measure")
        return []
    pictures = picture_maker()
    rows = []
    for title, (scene, speeds) in SCENES.items():
        for rate_hz in RATES_HZ:
            tell(f"{title}, {rate_hz:g} slices a second")
            aged: dict[str, list[float]] = {name: [] for name in SLICERS}
            pictured: dict[str, list[float]] = {name: [] for name in SLICERS}
            for seed in range(options.repeat):
                for speed in speeds:
                    shown = stream(scene, seed, speed)
                    for name in SLICERS:
                        slices = cut_at_rate(name, shown, rate_hz, MODEL)
                        aged[name].append(live_error(shown, slices, scenes_at(shown, slices)))
                        pictured[name].append(live_error(shown, slices, pictures(slices)))
            rows += _rows(f"age, {title}, {rate_hz:g} slices/s", aged)
            rows += _rows(f"picture, {title}, {rate_hz:g} slices/s", pictured)
    return rows


def _rows(label: str, errors: dict[str, list[float]]) -> list[Row]:
    ours = np.array(errors[_OURS])
    rows = []
    for name, values in errors.items():
        if name == _OURS:
            continue
        low, high = _range_of_ratio(np.array(values), ours)
        rows.append(
            Row(
                label=f"{label} ({low:.3f} to {high:.3f})",
                unit="mean error, % of the range of light",
                ours=100 * float(ours.mean()),
                peer_name=name,
                peer=100 * float(np.mean(values)),
                less_is_better=True,
            )
        )
    return rows


def _range_of_ratio(theirs: np.ndarray, ours: np.ndarray) -> tuple[float, float]:
    """Return between what the ratio of the mean errors lies, streams drawn again."""
    drawn = np.random.default_rng(0).integers(0, ours.size, (_DRAWS, ours.size))
    ratios = theirs[drawn].mean(axis=1) / ours[drawn].mean(axis=1)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)


if __name__ == "__main__":
    run_benchmark("trigger", __doc__ or "", measure)
