"""A whole evaluation: models on frozen sets and real recordings, as text, JSON and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from eventvision.core import ConfigError, Result, output_errors

from ._bootstrap import ROUNDS
from ._gallery import Gallery, people_line, perception_lines, picture_line
from ._methods import Method, baselines
from ._models import OpenedModel, activity_of
from ._real import MANIFEST, RealRecording, recordings_with_images, windows_with_people
from ._real_scoring import score_images, score_people
from ._scoring import START_US, evaluate
from ._sequence import Truth, ValidationSequence, without_noise
from ._sets import LIST_FILE, ValidationSet, open_set
from ._tables import ScoreTable, image_tables, people_table, set_tables

OWN_SLICES = "own"
_PICTURE_LINES = 8
_ACTIVITY_SEQUENCES = 3
_PUBLIC = "public-"

Say = Callable[[str], object]
Found = Mapping[str, Mapping[str, Result]]


@dataclass(frozen=True, slots=True)
class Section:
    """What was found on some data.

    Attributes:
        title: Which data, and how it was sliced.
        about: What it is, in a sentence or two.
        tables: The scores.
        pictures: Files of pictures.
        public: Those that show nothing but drawn scenes and freely licensed recordings.
    """

    title: str
    about: str
    tables: tuple[ScoreTable, ...]
    pictures: tuple[Path, ...] = ()
    public: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model beside its scores.

    Attributes:
        name: Name in the tables.
        device: Where it ran.
        artifact: The form that ran.
        parameters: Weights and biases; None where unknown.
        rate: Spikes per neuron and slice; None where unknown.
        synaptic_operations: Additions per slice that spikes cause.
        macs: Multiplications with addition per slice, were all computed densely.
    """

    name: str
    device: str
    artifact: str
    parameters: int | None = None
    rate: float | None = None
    synaptic_operations: float | None = None
    macs: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole evaluation.

    Attributes:
        models: What was evaluated.
        sections: What was found.
    """

    models: tuple[ModelFacts, ...]
    sections: tuple[Section, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "models": [
                {name: getattr(model, name) for name in ModelFacts.__slots__}
                for model in self.models
            ],
            "data": [
                {
                    "title": section.title,
                    "about": section.about,
                    "tables": [table.as_dict() for table in section.tables],
                    "pictures": [path.name for path in section.pictures],
                }
                for section in self.sections
            ],
        }


def run_evaluation(
    models: Sequence[OpenedModel],
    data: Sequence[Path],
    out: Path,
    *,
    slicers: Sequence[str] = (OWN_SLICES,),
    filters: str = "",
    rounds: int = ROUNDS,
    say: Say = lambda _: None,
) -> Report:
    """Score models and baselines on data, and write pictures and `report.json`.

    Args:
        models: What to evaluate.
        data: Folders of frozen sets, and of real recordings with a manifest.
        out: Folder for what is written.
        slicers: How events are cut, each for a section of its own; `own` takes the slices of the
            sequences.
        filters: What every method sees the events through, as `replay` takes it; empty for none.
        rounds: How often sequences are drawn for the confidence intervals; 0 for none.
        say: Is told of progress.

    Raises:
        ConfigError: If a folder holds no data, or a slicer or filter is not known.
        SourceError: If data is damaged.
        OutputError: If something cannot be written.
    """
    kinds = [_kind(folder) for folder in data]
    with output_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    sections: list[Section] = []
    first_set: ValidationSet | None = None
    for folder, kind in zip(data, kinds, strict=True):
        for slicer in slicers:
            chosen = None if slicer == OWN_SLICES else slicer
            if kind is ValidationSet:
                found = open_set(folder)
                first_set = first_set or found
                sections.append(_frozen(found, models, chosen, filters, out, rounds, say))
            else:
                sections += _recorded(folder, models, chosen, filters, out, say)
    facts = tuple(_facts(model, first_set, say) for model in models)
    report = Report(facts, tuple(sections))
    with output_errors(out):
        text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False)
        (out / "report.json").write_text(text + "\n", encoding="utf-8")
    return report


def _kind(folder: Path) -> type[ValidationSet] | type[RealRecording]:
    if (folder / LIST_FILE).is_file():
        return ValidationSet
    if (folder / MANIFEST).is_file():
        return RealRecording
    expected = f"a folder with {LIST_FILE} (made by --make) or {MANIFEST} (recordings)"
    raise ConfigError("--data", str(folder), expected)


def _frozen(
    found: ValidationSet,
    models: Sequence[OpenedModel],
    slicer: str | None,
    filters: str,
    out: Path,
    rounds: int,
    say: Say,
) -> Section:
    methods: list[Method] = [*baselines(found.class_counts), *(m.network for m in models)]
    names = {model.network.name for model in models}
    gallery = Gallery(out)
    every = max(1, len(found) // _PICTURE_LINES)
    stem = f"{found.name}{'' if slicer is None else '-' + _plain(slicer)}"

    def watch(number: int, sequence: ValidationSequence, truth: Truth, results: Found) -> None:
        settled = [t.t_us for t in sequence.truths if t.t_us >= START_US]
        if truth is sequence.truths[0]:
            say(f"{found.name}: {sequence.name} ({number + 1} of {len(found)})")
        if number % every == 0 and settled and truth.t_us == settled[len(settled) // 2]:
            free = _PUBLIC if "-drawn-" in sequence.name else ""
            line = picture_line(sequence.events, truth, results)
            gallery.add(f"{free}{stem}-reconstruction", line)
            asked = {n: r for n, r in results.items() if n in names or not names}
            for line in perception_lines(sequence.events, truth, asked):
                gallery.add(f"{free}{stem}-perception", line)

    shown = _Filtered(found, filters)
    scores = evaluate(shown, methods, slicer=slicer, rounds=rounds, watch=watch)
    pictures = tuple(gallery.write())
    cut = "slices of varied length" if slicer is None else f"slices {slicer}"
    cut += f", events through {filters}" if filters else ""
    about = (
        f"{len(found)} simulated sequences, digest {found.digest[:16]}, {cut}. "
        "In brackets 95 % confidence intervals over sequences."
    )
    return Section(f"{found.name} set, {cut}", about, tuple(set_tables(scores)), pictures,
                   _public(pictures))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Filtered:
    """A set whose events have passed filters."""

    found: ValidationSet
    filters: str

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[ValidationSequence]:
        return (without_noise(sequence, self.filters) for sequence in self.found)


def _recorded(
    folder: Path,
    models: Sequence[OpenedModel],
    slicer: str | None,
    filters: str,
    out: Path,
    say: Say,
) -> list[Section]:
    methods: list[Method] = [*baselines(), *(model.network for model in models)]
    gallery = Gallery(out)
    cut = "" if slicer is None else f", slices {slicer}"
    cut += f", events through {filters}" if filters else ""

    def watch_images(recording: RealRecording, truth: Truth, results: Found) -> None:
        if truth is recording.sequence.truths[-1]:
            free = _PUBLIC if recording.may_be_shown else ""
            line = picture_line(recording.sequence.events, truth, results)
            gallery.add(f"{free}real-{_plain(recording.name + cut)}", line)

    def watch_people(window: RealRecording, truth: Truth, results: Found) -> None:
        line = people_line(window.sequence.events, truth, results)
        gallery.add(f"real-people{_plain(cut)}", line)

    tables: list[ScoreTable] = []
    for whole in recordings_with_images(folder):
        recording = replace(whole, sequence=without_noise(whole.sequence, filters))
        say(f"real: {recording.name}")
        scores = score_images(recording, methods, slicer=slicer, watch=watch_images)
        tables += image_tables(recording.name, scores)
    windows = [
        replace(window, sequence=without_noise(window.sequence, filters))
        for window in windows_with_people(folder)
    ]
    if windows:
        say(f"real: people in {len(windows)} windows")
        found = score_people(windows, methods, slicer=slicer, watch=watch_people)
        tables.append(people_table(found))
    pictures = tuple(gallery.write())
    return [Section(f"Real recordings{cut}", _ABOUT_REAL, tuple(tables), pictures,
                    _public(pictures))]  # fmt: skip


_ABOUT_REAL = (
    "Images of the same pixels, as the sensor took them. Each recording is short and begins in the "
    "middle of things. Where the camera stands still, no method can know what never changed: so "
    "the second table of each counts only pixels within 3 pixels of an event of the last 100 ms."
)


def _facts(model: OpenedModel, found: ValidationSet | None, say: Say) -> ModelFacts:
    name = model.network.name
    if found is None:
        return ModelFacts(name, model.device, model.artifact)
    say(f"activity of {name}")
    chosen = range(0, len(found), -(-len(found) // _ACTIVITY_SEQUENCES))
    activity = activity_of(model.folder, (found[number] for number in chosen))
    if activity is None:
        return ModelFacts(name, model.device, model.artifact)
    return ModelFacts(
        name,
        model.device,
        model.artifact,
        sum(layer.parameters for layer in activity.layers),
        activity.rate if activity.neurons else None,
        activity.synaptic_operations,
        activity.macs,
    )


def _public(pictures: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(path for path in pictures if path.name.startswith(_PUBLIC))


def _plain(text: str) -> str:
    """Return a text fit for the name of a file."""
    return "".join(c if c.isalnum() else "-" for c in text)
