"""`eventvision train`, `evaluate` and `finetune`: their options."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .arguments import (
    JsonOption,
)


def train(
    recipe: Annotated[
        Path, typer.Argument(metavar="RECIPE", help="What to train and how: a recipe.toml.")
    ],
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder of the model; a stopped run goes on there."),
    ],
    images: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Images for the scenes to learn from; may be given again. Without: drawn scenes.",
            default_factory=list,
            show_default=False,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Labelled recordings, for a classifier."),
    ] = None,
    device: Annotated[str, typer.Option(metavar="NAME", help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of the CPU.")] = 2,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Begin with the weights of a model, its twin or a file, not with random ones.",
        ),
    ] = None,
    slices_per_second: Annotated[
        float | None,
        typer.Option(
            metavar="HZ",
            help="Mean rate of slices that a trigger learns; as its recipe says if not given.",
        ),
    ] = None,
) -> None:
    """Train a model by a recipe, on simulated scenes or labelled recordings."""
    from .train import run

    code = run(
        recipe,
        out,
        data=data,
        images=images,
        device=device,
        threads=threads,
        weights=weights,
        slices_per_second=slices_per_second,
    )
    sys.exit(code)


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="A frozen set, or a folder of real recordings; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL...]",
            help="Shipped models or their folders; none for the baselines alone.",
            default_factory=list,
            show_default=False,
        ),
    ],
    device: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="Where models run: onnx, cpu, torch, …; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    slicer: Annotated[
        list[str],
        typer.Option(
            metavar="RULE",
            help="How events are cut: own (default), time:20ms, …; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    twin: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="A non-spiking twin, to compare with; may be given again.",
            default_factory=list,
            show_default=False,
        ),
    ],
    filters: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="Filters that all see the events through, as for replay."
        ),
    ] = "none",
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where report.json and pictures go.")
    ] = Path("evaluation"),
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page in Markdown as well.")
    ] = None,
    card: Annotated[
        bool, typer.Option("--card", help="Write the main scores into the models' cards as well.")
    ] = False,
    make: Annotated[
        str | None,
        typer.Option(metavar="SET", help="Make a frozen set in --data: mixed or procedural."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="DIR", help="With --make mixed: images to show.")
    ] = None,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of a device.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Score models beside baselines, on frozen sequences and on real recordings."""
    from .evaluate import make as make_set
    from .evaluate import run

    if make is not None:
        sys.exit(make_set(make, data, images=images))
    sys.exit(
        run(
            models,
            data,
            devices=device,
            slicers=slicer,
            filters=filters,
            twins=twin,
            out=out,
            page=page,
            card=card,
            threads=threads,
            as_json=as_json,
        )
    )


def finetune(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A model of perception, or its folder.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="Folder of labelled windows.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder of the new model.")],
    layout: Annotated[
        str, typer.Option(metavar="NAME", help="How DATA is laid out: pedro or dsec-detection.")
    ] = "pedro",
    epochs: Annotated[
        int, typer.Option(metavar="N", min=1, help="How often each window is learned from.")
    ] = 30,
    held_back: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0, max=0.9, help="Windows to test on, not to learn."),
    ] = 0.25,
    slices: Annotated[
        int, typer.Option(metavar="N", min=1, help="Slices that a window is cut into.")
    ] = 4,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Threads of the CPU.")] = 2,
) -> None:
    """Teach the detection of a model your own labelled recordings."""
    from .train import run_finetune

    sys.exit(
        run_finetune(
            model,
            data,
            out,
            layout=layout,
            epochs=epochs,
            held_back=held_back,
            slices=slices,
            threads=threads,
        )
    )
