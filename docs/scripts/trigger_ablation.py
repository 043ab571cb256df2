"""Trains a trigger with each of its four terms left out once, and prints the table of the docs.

All trainings have the same seed, streams and number of steps, far fewer than that of trigger-nano.
Every trigger is then set to 30 slices a second on streams that none has learned from, beside slices
of equal time.

    python docs/scripts/trigger_ablation.py [--steps 300] [--streams 2]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks import _trigger_runs as runs  # noqa: E402
from eventvision.training.triggers import (  # noqa: E402
    CellStream,
    TriggerProgress,
    TriggerRecipe,
    load_trigger_recipe,
    streams_of,
    train_trigger,
    write_trigger,
)

RECIPE = ROOT / "models" / "trigger-nano" / "recipe.toml"
LEFT_OUT: dict[str, dict[str, object]] = {
    "nothing": {},
    "membrane (spiking position)": {"membrane": 0.0},
    "linear (linear assuming)": {"linear": 0.0},
    "feedback": {"feedback": False},
    "rate": {"rate": 0.0},
}
SCENES, RATE_HZ, GOLDEN_CELLS = ("mixed_speed", "street"), 30.0, 12


def triggers(
    recipe: TriggerRecipe, streams: Sequence[CellStream], folder: Path
) -> Iterator[tuple[str, Path, float]]:
    """Yield what was left out, the folder of the trained trigger, and its mean slice in cells."""
    for number, (title, change) in enumerate(LEFT_OUT.items()):
        losses = recipe.losses.model_copy(update=change)
        changed, course = recipe.model_copy(update={"losses": losses}), list[TriggerProgress]()
        network = train_trigger(changed, streams=streams, watch=course.append)
        write_trigger(folder / str(number), changed, network, streams[0].counts[:GOLDEN_CELLS])
        yield title, folder / str(number), course[-1].cells


def age_error(name: str, trigger: str, seeds: int, scene: str) -> float:
    """Return the mean error of age on a scene, in percent of the range of light."""
    errors = []
    for seed in range(seeds):
        shown = runs.stream(scene, seed, 1.0)
        until_us = shown.cells * shown.cell_us
        slices = runs.cut_at_rate(name, shown.events, until_us, RATE_HZ, trigger)
        errors.append(runs.live_error(shown, slices, runs.scenes_at(shown, slices)))
    return 100 * float(np.mean(errors))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--streams", type=int, default=2, help="held-out streams of each scene")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load_trigger_recipe(RECIPE).model_copy(update={"steps": options.steps})
    streams = list(streams_of(recipe))
    say(f"| left out | mean slice in training | {' | '.join(f'age, {s}' for s in SCENES)} |")
    say("|---|---:|" + "---:|" * len(SCENES))
    with TemporaryDirectory() as folder:
        for title, trigger, cells in triggers(recipe, streams, Path(folder)):
            ages = [age_error("trigger", str(trigger), options.streams, s) for s in SCENES]
            length = f"{cells * recipe.cell_us / 1e3:.0f} ms"
            shown = " | ".join(f"{age:.2f}" for age in ages)
            say(f"| {title} | {length} | {shown} |")
    ages = [age_error("constant time", "", options.streams, scene) for scene in SCENES]
    say(f"| *slices of equal time* | – | {' | '.join(f'{age:.2f}' for age in ages)} |")


if __name__ == "__main__":
    main()
