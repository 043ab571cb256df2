"""`eventvision train` and `finetune`: a model from a recipe, or from another and windows."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from .output import tell


def run(
    recipe: Path,
    out: Path,
    *,
    data: Path | None,
    images: Sequence[Path],
    device: str,
    threads: int,
    weights: str | None,
    slices_per_second: float | None,
) -> int:
    """Train, and say how far it is."""
    from eventvision.training.run import train_recipe

    try:
        train_recipe(
            recipe,
            out,
            data=data,
            images=tuple(images),
            device=device,
            threads=threads,
            weights=weights,
            slices_per_second=slices_per_second,
            say=_say,
        )
    except KeyboardInterrupt:
        tell(f"stopped; the same command goes on from the last checkpoint in {out}")
        return 130
    return 0


def run_finetune(
    model: str,
    data: Path,
    out: Path,
    *,
    layout: str,
    epochs: int,
    held_back: float,
    slices: int,
    threads: int,
) -> int:
    """Learn from labelled windows, and say what it changed."""
    from eventvision.training.run import finetune_model

    finetune_model(
        model,
        data,
        out,
        layout=layout,
        epochs=epochs,
        held_back=held_back,
        slices=slices,
        threads=threads,
        say=_say,
    )
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
