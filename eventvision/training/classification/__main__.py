"""Train a small spiking classifier, score its recipe, or test a model on other recordings.

python -m eventvision.training.classification train RECIPE.toml DATA OUT_FOLDER [--leave-out 0]
python -m eventvision.training.classification score RECIPE.toml DATA [--folds 8] [--seed 1000]
python -m eventvision.training.classification test MODEL DATA [--shrink 4] [--adapt]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from eventvision.core import EventVisionError, load_card

from ._files import RECIPE_FILE, load_classifier, write_model_files
from ._recipe import load_recipe
from ._report import (
    adapted_score,
    cross_validate,
    logistic_by_folds,
    score_integer,
    score_spiking,
)
from ._resize import anti_transposed, resized
from ._samples import load_recordings
from ._score import Score, folds
from ._train import Progress, train_classifier


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        {"train": _train, "score": _score, "test": _test}[options.command](options)
    except (EventVisionError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    recipe, recordings = load_recipe(options.recipe), load_recordings(options.data)
    shown = recordings
    if options.leave_out is not None:
        parts = list(folds(len(recordings), options.folds, seed=options.seed))
        if not 0 <= options.leave_out < len(parts):
            raise ValueError(f"--leave-out must be 0 to {len(parts) - 1}")
        learn, test = parts[options.leave_out]
        recordings, shown = recordings.select(learn), recordings.select(test)
    trained = train_classifier(recipe, recordings, watch=_show)
    for path in write_model_files(options.out, recipe, trained, shown):
        _say(str(path))
    if options.leave_out is not None:
        _say(f"on what was left out: {score_spiking(trained.net, recipe, shown)}")


def _score(options: argparse.Namespace) -> None:
    recipe, recordings = load_recipe(options.recipe), load_recordings(options.data)
    totals: dict[str, Score] = {}
    for fold in cross_validate(recipe, recordings, parts=options.folds, seed=options.seed):
        scores = fold.all()
        totals = {name: totals.get(name, Score(0, 0)) + each for name, each in scores.items()}
        shares = ", ".join(f"{name} {each.accuracy:.1%}" for name, each in scores.items())
        _say(f"fold {fold.number}: {shares}")
    for name, total in totals.items():
        _say(f"{name:<10}{total}")


def _test(options: argparse.Namespace) -> None:
    card = load_card(options.model)
    recipe = load_recipe(card.folder / RECIPE_FILE)
    recordings = load_recordings(options.data)
    if options.anti_transpose:
        recordings = anti_transposed(recordings)
    if options.shrink is not None:
        recordings = resized(recordings, recipe.sensor, shrink=options.shrink)
    _say(f"spiking   {score_spiking(load_classifier(card), recipe, recordings)}")
    _say(f"integer   {score_integer(card, recipe, recordings)}")
    if options.adapt:
        parts, seed = options.folds, options.seed
        adapted = adapted_score(card, recipe, recordings, parts=parts, seed=seed)
        _say(f"adapted   {adapted}")
        baseline = logistic_by_folds(recipe, recordings, parts=parts, seed=seed)
        _say(f"logistic  {baseline}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _show(progress: Progress) -> None:
    if progress.epoch % 10 == 0 or progress.epoch == progress.epochs:
        where = f"{progress.phase} {progress.epoch}/{progress.epochs}"
        _say(f"{where}: loss {progress.loss:.3f}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a recipe and write the model's files")
    train.add_argument("recipe", type=Path)
    train.add_argument("data", type=Path, help="recordings: an .npz, or a folder of classes")
    train.add_argument("out", type=Path)
    train.add_argument("--leave-out", type=int, help="fold that is not learned from but tested on")
    score = commands.add_parser("score", help="cross-validate a recipe")
    score.add_argument("recipe", type=Path)
    score.add_argument("data", type=Path)
    test = commands.add_parser("test", help="score a model on other recordings")
    test.add_argument("model", help="name of a shipped model, or a folder")
    test.add_argument("data", type=Path)
    test.add_argument("--shrink", type=float, help="old pixels that make one new pixel")
    turn = "exchange x and y and reverse both (MNIST-DVS)"
    test.add_argument("--anti-transpose", action="store_true", help=turn)
    adapt = "also adapt the last layer, and fit a logistic regression, by folds"
    test.add_argument("--adapt", action="store_true", help=adapt)
    for command in (train, score, test):
        command.add_argument("--folds", type=int, default=8)
        command.add_argument("--seed", type=int, default=1000, help="of the split into folds")
        command.add_argument("--threads", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main())
