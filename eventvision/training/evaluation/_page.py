"""The page about accuracy, written from an evaluation: nothing on it is typed by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from eventvision.core import ConfigError, output_errors

from ._report import ModelFacts, Report, Section

_INTRODUCTION = """\
# Accuracy

How the shipped models score beside methods that need no learning. This page was written by

    {command}

[Evaluation](training/evaluation.md) explains the data, the scores and the baselines. Numbers in
brackets are 95 % confidence intervals. Simulated data is easier than the world in some ways and
harder in others; what real recordings say stands in a section of its own.
"""


def write_page(report: Report, path: Path, command: str) -> None:
    """Write a page in Markdown, and pictures that may be published into `pictures/` beside it.

    Args:
        report: What was found.
        path: The page.
        command: The command that made it.

    Raises:
        ConfigError: If no model was evaluated.
        OutputError: If it cannot be written.
    """
    if not report.models:
        raise ConfigError("--page", str(path), "at least one MODEL to write about")
    with output_errors(path):
        parts = [_INTRODUCTION.format(command=command), _models(report.models)]
        for section in report.sections:
            parts += _section(section, path)
        path.write_text("\n".join(parts), encoding="utf-8")


def _models(models: tuple[ModelFacts, ...]) -> str:
    heads = (
        "model", "runs on", "parameters", "spikes per neuron", "synaptic operations", "if dense",
    )  # fmt: skip
    lines = ["## Models", "", f"| {' | '.join(heads)} |", "|---|---|---:|---:|---:|---:|"]
    for model in models:
        rate = "–" if model.rate is None else f"{model.rate:.3f}"
        counts = (model.parameters, model.synaptic_operations, model.macs)
        first, *others = ("–" if value is None else f"{value:,.0f}" for value in counts)
        cells = (model.name, f"{model.artifact} on {model.device}", first, rate, *others)
        lines.append(f"| {' | '.join(cells)} |")
    note = (
        "Spikes, synaptic operations (one for each synapse that a spike reaches) and "
        "multiplications, were all computed densely, are means per slice of 240x180 pixels."
    )
    return "\n".join([*lines, "", note, ""])


def _section(section: Section, path: Path) -> Iterator[str]:
    yield f"## {section.title}\n\n{section.about}\n"
    for table in section.tables:
        yield f"### {table.title[:1].upper()}{table.title[1:]}\n\n{table.markdown()}\n"
    for picture in section.public:
        folder = path.parent / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"accuracy-{picture.name.removeprefix('public-')}"
        shutil.copyfile(picture, folder / name)
        yield f"![{picture.stem.removeprefix('public-')}](pictures/{name})\n"
