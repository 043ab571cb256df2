"""Holds devices to the same slices: a trigger cuts real recordings, on each of them alike.

    python -m eventvision.testing.trigger_agreement MODEL RECORDING... [--slices 10000]
        [--rate 500] [--devices reference,cpu,onnx]

A trigger's network steps at every cell of a millisecond or two, its state goes on until a slice
ends, and when that is decides what the next one sees: devices that differ in one bit soon cut
elsewhere. Bounds, reasons and all potentials on the way are compared with those of the first
device.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eventvision.core import EventVisionError, ModelCard, ModelError, Session, Slice, load_card
from eventvision.devices import comparable_devices, fit_on, open_session, probe_devices
from eventvision.io import open_source
from eventvision.slicing import parse_slicer

__all__ = ["Agreement", "agreements", "cuts", "main"]

REFERENCE = "reference"


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a device cuts beside another.

    Attributes:
        device: Its name.
        slices: Slices that were compared.
        cells: Steps of the network in them.
        first_difference: Number of the first slice that differs; None if none does.
    """

    device: str
    slices: int
    cells: int
    first_difference: int | None


def cuts(
    card: ModelCard, device: str, recordings: Sequence[Path], *, setting: str, most: int
) -> Iterator[Slice]:
    """Yield up to so many slices of recordings, one after another, cut by a trigger on a device.

    Args:
        card: The trigger.
        device: Where its network runs.
        recordings: Files; each begins anew.
        setting: What is asked of it beyond its card, as behind `trigger:`.
        most: Slices at most.

    Raises:
        EventVisionError: If a file cannot be read, or the model does not run.
    """
    left = most
    for path in recordings:
        for slice_ in _cuts_of(card, device, path, setting):
            if not left:
                return
            left -= 1
            yield slice_


def agreements(
    card: ModelCard,
    devices: Sequence[str],
    recordings: Sequence[Path],
    *,
    setting: str = "",
    most: int = 10_000,
) -> Iterator[Agreement]:
    """Compare all devices with the first one.

    Args:
        card: The trigger.
        devices: Their names.
        recordings: Files.
        setting: As for `cuts`.
        most: Slices at most.
    """
    expected = [
        _told(each) for each in cuts(card, devices[0], recordings, setting=setting, most=most)
    ]
    for device in devices[1:]:
        found = [_told(each) for each in cuts(card, device, recordings, setting=setting, most=most)]
        differing = (
            n for n, pair in enumerate(zip(expected, found, strict=False)) if len({*pair}) > 1
        )
        first = next(differing, None)
        if first is None and len(found) != len(expected):
            first = min(len(found), len(expected))
        cells = sum(len(potential) // 4 for *_, potential in found)
        yield Agreement(device, min(len(found), len(expected)), cells, first)


def main(arguments: list[str] | None = None) -> int:
    """Print how devices agree; 1 if one differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a trigger: name of a shipped model, or a folder")
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--slices", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=500.0, help="slices a second")
    parser.add_argument("--devices", help="names; all that the model fits if left out")
    options = parser.parse_args(arguments)
    setting = f"rate={options.rate:g},cell=1ms,shortest=1ms"
    try:
        card = load_card(options.model)
        if not card.slicer.startswith("trigger"):
            raise ModelError(card.name, f"is no trigger: it does {card.task}", "name one that is")
        devices = options.devices.split(",") if options.devices else _fitting(card)
        worst = 0
        for found in agreements(
            card, devices, options.recordings, setting=setting, most=options.slices
        ):
            same = found.first_difference is None
            worst |= not same
            verdict = "the same" if same else f"differ from slice {found.first_difference}"
            counts = f"{found.slices:,} slices of {found.cells:,} cells"
            sys.stdout.write(f"{found.device:<16}{counts}: {verdict} as on {devices[0]}\n")
    except EventVisionError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return int(worst)


def _cuts_of(card: ModelCard, device: str, path: Path, setting: str) -> Iterator[Slice]:
    opened: list[Session] = []

    def open_trigger(_: str, sizes: object) -> tuple[ModelCard, Session]:
        session = open_session(card, device, sizes=dict(sizes))  # type: ignore[call-overload]
        opened.append(session)
        return card, session

    text = f"trigger:{setting}"
    with open_source(str(path)) as source:
        try:
            slicer = parse_slicer(text, source.info.sensor, open_trigger=open_trigger)
            for packet in source:
                yield from slicer.push(packet)
            yield from slicer.flush()
        finally:
            for session in opened:
                session.close()


def _told(slice_: Slice) -> tuple[int, int, int, str, bytes]:
    potential = b"" if slice_.potential is None else slice_.potential.tobytes()
    return slice_.t0_us, slice_.t1_us, len(slice_), slice_.ended_by, potential


def _fitting(card: ModelCard) -> list[str]:
    """Return the devices that are here and take the model, the reference first."""
    from eventvision.core import SessionOptions

    here = comparable_devices()
    infos = [info for info in probe_devices() if info.name in here]
    names = [info.name for info in infos if fit_on(info, card, SessionOptions()).is_yes]
    return sorted(names, key=lambda name: name != REFERENCE)


if __name__ == "__main__":
    sys.exit(main())
