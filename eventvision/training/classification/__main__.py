"""Train a small spiking classifier, or score its recipe by cross-validation.

python -m eventvision.training.classification train RECIPE.toml DATA.npz OUT_FOLDER
python -m eventvision.training.classification score RECIPE.toml DATA.npz [--folds 8] [--seed 1000]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from eventvision.core import EventVisionError

from ._files import write_model_files
from ._recipe import ClassifierRecipe, load_recipe
from ._report import cross_validate
from ._samples import LabelledRecordings, load_recordings
from ._score import Score
from ._train import Progress, train_classifier


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    try:
        recipe, recordings = load_recipe(options.recipe), load_recordings(options.data)
        if options.command == "train":
            _train(recipe, recordings, options.out)
        else:
            _score(recipe, recordings, options.folds, options.seed)
    except (EventVisionError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _train(recipe: ClassifierRecipe, recordings: LabelledRecordings, folder: Path) -> None:
    trained = train_classifier(recipe, recordings, watch=_show)
    for path in write_model_files(folder, recipe, trained, recordings):
        _say(str(path))


def _score(recipe: ClassifierRecipe, recordings: LabelledRecordings, parts: int, seed: int) -> None:
    totals: dict[str, Score] = {}
    for fold in cross_validate(recipe, recordings, parts=parts, seed=seed):
        scores = fold.all()
        totals = {name: totals.get(name, Score(0, 0)) + each for name, each in scores.items()}
        shares = ", ".join(f"{name} {each.accuracy:.1%}" for name, each in scores.items())
        _say(f"fold {fold.number}: {shares}")
    for name, total in totals.items():
        _say(f"{name:<10}{total}")


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
    for name in ("train", "score"):
        command = commands.add_parser(name)
        command.add_argument("recipe", type=Path)
        command.add_argument("data", type=Path)
        command.add_argument("--threads", type=int, default=1)
        if name == "train":
            command.add_argument("out", type=Path)
        else:
            command.add_argument("--folds", type=int, default=8)
            command.add_argument("--seed", type=int, default=1000)
    return parser


if __name__ == "__main__":
    sys.exit(main())
