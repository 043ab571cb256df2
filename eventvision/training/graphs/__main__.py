"""Train or score an event graph.

python -m eventvision.training.graphs train RECIPE.toml DATA OUT_FOLDER [--leave-out 0]
python -m eventvision.training.graphs score MODEL DATA [--leave-out 0]

DATA is a collection of labelled recordings for classifiers. For detectors it is a folder in which
simulated clips are kept, and made where they are missing.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from eventvision.core import EventVisionError, load_card
from eventvision.graph import load_network
from eventvision.training.classification import LabelledRecordings, folds, load_recordings

from ._classifier import events_of, score_by_events, train_classifier
from ._detector import score_detector, train_detector
from ._files import write_model_files
from ._recipe import load_recipe

_SHARES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
_CALIBRATION, _CALIBRATION_CLIPS = 40, 8


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return the exit code."""
    options = _parser().parse_args(arguments)
    torch.set_num_threads(1)
    try:
        {"train": _train, "score": _score}[options.command](options)
    except (EventVisionError, ValueError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def _train(options: argparse.Namespace) -> None:
    recipe = load_recipe(options.recipe)
    options.out.mkdir(parents=True, exist_ok=True)
    if recipe.kind == "graph-detector":
        model, clips = train_detector(recipe, options.data, options.out, _say)
        events = [clip.events for clip in clips[:: -(-len(clips) // _CALIBRATION_CLIPS)]]
    else:
        learn, _ = _parts(options)
        model = train_classifier(recipe, learn, options.out, _say)
        events = [events_of(learn, i) for i in range(min(_CALIBRATION, len(learn)))]
    for path in write_model_files(options.out, model.network(), events):
        _say(str(path))


def _score(options: argparse.Namespace) -> None:
    card = load_card(options.model)
    recipe = load_recipe(card.folder / "recipe.toml")
    for form in ("graph", "graph-integer"):
        network = load_network(card.artifact(form))
        if recipe.kind == "graph-detector":
            for line in score_detector(network, recipe, options.data):
                _say(f"{form:<14}{line}")
            continue
        _, test = _parts(options)
        for share, score in zip(_SHARES, score_by_events(network, test, _SHARES), strict=True):
            _say(f"{form:<14}{share:5.0%} of events: {score}")


def _parts(options: argparse.Namespace) -> tuple[LabelledRecordings, LabelledRecordings]:
    """Return the recordings to learn from and those left out; all twice if none is."""
    recordings = load_recordings(options.data)
    if options.leave_out is None:
        return recordings, recordings
    parts = list(folds(len(recordings), options.folds, seed=options.seed))
    if not 0 <= options.leave_out < len(parts):
        raise ValueError(f"--leave-out must be 0 to {len(parts) - 1}")
    learn, test = parts[options.leave_out]
    return recordings.select(learn), recordings.select(test)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train a recipe and write the model's files")
    train.add_argument("recipe", type=Path)
    train.add_argument("data", type=Path)
    train.add_argument("out", type=Path)
    score = commands.add_parser("score", help="score a model")
    score.add_argument("model", help="name of a shipped model, or a folder")
    score.add_argument("data", type=Path)
    for command in (train, score):
        command.add_argument("--leave-out", type=int, help="fold that is not learned from")
        command.add_argument("--folds", type=int, default=8)
        command.add_argument("--seed", type=int, default=1000, help="of the split into folds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
