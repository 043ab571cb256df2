"""`python -m eventvision.devices.fpga MODEL`: co-simulate the layers of a model one by one.

The golden sample runs through the integer simulator; every layer that sees spikes then runs on an
accelerator of its own, in Verilator, on what it saw there. Each takes some seconds to build.
"""

from __future__ import annotations

import argparse
import sys

from eventvision.core import EventVisionError, load_card, load_golden
from eventvision.devices._integer import IntegerBinding
from eventvision.devices._tensors import sizes_of
from eventvision.spiking.integer import load_model

from ._apart import ApartCheck, check_apart
from ._parts import DEFAULT_PART, find_part


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each layer; 1 if a number is wrong, 2 if it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m eventvision.devices.fpga",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="a shipped model, or a folder")
    parser.add_argument("--part", default=DEFAULT_PART, help="what each layer has to fit")
    options = parser.parse_args(arguments)
    wrong = 0
    try:
        card, part = load_card(options.model), find_part(options.part)
        sample = load_golden(card)
        model = load_model(card.artifact("integer"))
        rows = [
            {name: values[step] for name, values in sample.inputs.items()}
            for step in range(sample.steps)
        ]
        binding = IntegerBinding(card, model, sizes_of(card, rows[0], {}))
        steps = [
            {name: model.encode(name, each) for name, each in binding.to_model(row).items()}
            for row in rows
        ]
        for check in check_apart(model, binding.sizes, steps, part):
            wrong += not (check.misfit or check.is_same)
            sys.stdout.write(_line(check) + "\n")
            sys.stdout.flush()
    except EventVisionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 1 if wrong else 0


def _line(check: ApartCheck) -> str:
    if check.misfit:
        return f"{check.layer}: does not fit: {check.misfit}"
    verdict = "every number right" if check.is_same else "WRONG"
    each = check.cycles / max(check.spikes, 1)
    return (
        f"{check.layer}: {verdict} in {check.steps} steps, {check.spikes:,} events, "
        f"{check.cycles:,} cycles, {each:.1f} an event"
    )


if __name__ == "__main__":
    sys.exit(main())
