"""Trains a trigger with each of its four terms left out once, and prints the table of the docs.

All trainings have the same seed, streams and number of steps, far fewer than that of trigger-nano.
Every trigger then cuts streams of mixed speed that none has learned from: with its threshold as it
learned it, and with one that gives 30 slices a second, beside slices of equal time.

    python docs/scripts/trigger_ablation.py [--steps 150] [--streams 4]
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
from eventvision.core import SensorSize  # noqa: E402
from eventvision.training.triggers import (  # noqa: E402
    CellStream,
    TriggerRecipe,
    load_trigger_recipe,
    make_stream,
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
RATE_HZ, GOLDEN_CELLS, FIRST_SEED = 30.0, 12, 1_500_000


def triggers(
    recipe: TriggerRecipe, streams: Sequence[CellStream], folder: Path
) -> Iterator[tuple[str, Path]]:
    """Yield what was left out and the folder of the trained trigger."""
    for number, (title, change) in enumerate(LEFT_OUT.items()):
        losses = recipe.losses.model_copy(update=change)
        changed = recipe.model_copy(update={"losses": losses})
        network = train_trigger(changed, streams=streams)
        write_trigger(folder / str(number), changed, network, streams[0].counts[:GOLDEN_CELLS])
        yield title, folder / str(number)


def held_out(recipe: TriggerRecipe, count: int) -> list[CellStream]:
    """Return streams of mixed speed that none has learned from, of the size of those it did."""
    sensor = SensorSize(recipe.streams.width, recipe.streams.height)
    return [
        make_stream("mixed_speed", sensor, seed=FIRST_SEED + number, seconds=2.0,
                    cell_us=recipe.cell_us)
        for number in range(count)
    ]  # fmt: skip


def age_error(name: str, streams: Sequence[CellStream]) -> float:
    """Return the mean error of age at the same rate on each stream, in percent of the light."""
    errors = []
    for shown in streams:
        until_us = shown.cells * shown.cell_us
        slices = runs.cut_at_rate(name, shown.events, until_us, RATE_HZ)
        errors.append(runs.live_error(shown, slices, runs.scenes_at(shown, slices)))
    return 100 * float(np.mean(errors))


def own_rate(trigger: str, streams: Sequence[CellStream]) -> float:
    """Return how many slices a second come if the threshold stays as it was learned."""
    setting = f"trigger:model={trigger},adapt=off"
    count = sum(len(runs.cut(setting, shown.events)) for shown in streams)
    return count / sum(shown.cells * shown.cell_us / 1e6 for shown in streams)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--streams", type=int, default=4, help="held-out streams")
    options = parser.parse_args()
    torch.set_num_threads(1)
    recipe = load_trigger_recipe(RECIPE).model_copy(update={"steps": options.steps})
    unseen, streams = held_out(recipe, options.streams), list(streams_of(recipe))
    say("| left out | slices a second, threshold as learned | age at 30 slices/s, % |")
    say("|---|---:|---:|")
    with TemporaryDirectory() as folder:
        for title, trigger in triggers(recipe, streams, Path(folder)):
            rate, age = own_rate(str(trigger), unseen), age_error(str(trigger), unseen)
            say(f"| {title} | {rate:.0f} | {age:.3f} |")
    say(f"| *slices of equal time* | – | {age_error('constant time', unseen):.3f} |")


if __name__ == "__main__":
    main()
