"""Train a small spiking classifier of digits, and look at its spikes and potentials.

    python examples/train_digits.py DATA.npz spikes.png

DATA is a collection of labelled recordings, such as N-MNIST in the form that docs/classification.md
describes. One in eight recordings is kept back to test on. Takes under three minutes on two cores.
Needs eventvision[train] and matplotlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
import torch

from eventvision.core import load_card
from eventvision.spiking import nn
from eventvision.training.classification import (
    Progress,
    folds,
    load_recipe,
    load_recordings,
    recording_steps,
    score_logistic,
    score_spiking,
    train_classifier,
)

mpl.use("Agg")
from matplotlib import pyplot as plt


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, help="collection of labelled recordings (.npz)")
    parser.add_argument("picture", type=Path, help="where to draw spikes and potentials (.png)")
    parser.add_argument("--recipe", type=Path, default=None, help="default: that of digits-nano")
    parser.add_argument("--epochs", type=int, nargs=2, default=(60, 8), metavar=("RATES", "SPIKES"))
    options = parser.parse_args()

    recipe_file = options.recipe or load_card("digits-nano").folder / "recipe.toml"
    rates, spikes = options.epochs
    recipe = load_recipe(recipe_file).with_epochs(rates=rates, spikes=spikes, integers=0)
    recordings = load_recordings(options.data)
    learn, test = next(iter(folds(len(recordings), 8, seed=1000)))
    known, unknown = recordings.select(learn), recordings.select(test)

    net = train_classifier(recipe, known, watch=show).net
    print(f"spiking network      {score_spiking(net, recipe, unknown)}")
    print(f"logistic regression  {score_logistic(recipe, known, unknown)}")

    events = recording_steps(recipe, unknown)[:, :1]
    draw(net, events, recipe.classes, recipe.step_us, options.picture)
    print(f"spikes and potentials: {options.picture}")


def show(progress: Progress) -> None:
    if progress.epoch % 10 == 0 or progress.epoch == progress.epochs:
        print(f"{progress.phase} {progress.epoch}/{progress.epochs}: loss {progress.loss:.3f}")


def watched(
    net: torch.nn.Sequential, events: torch.Tensor
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Run step by step; return spikes and potentials of each layer, (steps, neurons)."""
    spikes: dict[str, list[torch.Tensor]] = {name: [] for name, _ in nn.neurons(net)}
    potentials: dict[str, list[torch.Tensor]] = {name: [] for name in spikes}
    hooks = [
        neuron.register_forward_hook(lambda _m, _i, out, name=name: spikes[name].append(out))
        for name, neuron in nn.neurons(net)
    ]
    nn.reset(net)
    nn.set_step_mode(net, "s")
    with torch.no_grad():
        for step in events:
            net(step)
            state = nn.states(net)
            for name, values in potentials.items():
                values.append(state[f"{name}.v"])
    nn.set_step_mode(net, "m")
    nn.reset(net)
    for hook in hooks:
        hook.remove()
    return (
        {name: torch.stack(values).flatten(1).numpy() for name, values in spikes.items()},
        {name: torch.stack(values).flatten(1).numpy() for name, values in potentials.items()},
    )


def draw(
    net: torch.nn.Sequential,
    events: torch.Tensor,
    classes: tuple[str, ...],
    step_us: int,
    path: Path,
) -> None:
    spikes, potentials = watched(net, events)
    time_ms = (np.arange(len(events)) + 0.5) * step_us / 1000
    layers = list(spikes)
    figure, axes = plt.subplots(
        len(layers) + 1, 2, figsize=(11, 2.2 * (len(layers) + 1)), layout="constrained"
    )

    off, on = events[:, 0].sum(0).numpy()
    most = max(off.max(), on.max(), 1)
    picture = 1 - np.stack([on, on + off, off], -1) / most
    axes[0, 0].imshow(picture.clip(0, 1))
    axes[0, 0].set_title("events (ON blue, OFF red)")
    axes[0, 1].bar(time_ms, events.sum((1, 2, 3, 4)), width=step_us / 1200, color="0.5")
    axes[0, 1].set_title("events per step")

    for row, name in enumerate(layers, 1):
        fired = spikes[name]
        step, neuron = np.nonzero(fired)
        axes[row, 0].scatter(time_ms[step], neuron, s=30 / max(fired.shape[1] ** 0.5, 1), c="k")
        axes[row, 0].set_ylim(-0.5, fired.shape[1] - 0.5)
        axes[row, 0].set_title(f"{name}: spikes of {fired.shape[1]} neurons, {fired.mean():.1%}")
        busiest = np.argsort(-fired.sum(0), kind="stable")[:10]
        is_last = name == layers[-1]
        for n in range(len(classes)) if is_last else busiest:
            axes[row, 1].plot(time_ms, potentials[name][:, n], label=classes[n] if is_last else "")
        axes[row, 1].axhline(1, color="0.7", lw=0.8, ls="--")
        axes[row, 1].set_title(f"{name}: potentials" + ("" if is_last else " of the ten busiest"))
    counts = spikes[layers[-1]].sum(0)
    answer = classes[int(counts.argmax())]
    axes[-1, 0].set_yticks(range(len(classes)), classes)
    axes[-1, 0].set_title(f"{layers[-1]}: spikes of the classes; most often {answer}")
    axes[-1, 1].legend(ncols=2, fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    for axis in axes[-1]:
        axis.set_xlabel("time in ms")
    for axis in [axes[0, 1], *axes[1:].flat]:
        axis.set_xlim(0, len(events) * step_us / 1000)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
