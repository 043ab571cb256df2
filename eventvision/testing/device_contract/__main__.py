"""Holds a device to the contract: `python -m eventvision.testing.device_contract NAME [MODEL]`."""

from __future__ import annotations

import argparse
import sys

from eventvision.core import EventVisionError
from eventvision.devices import find_device

from ._rule import broken_rules
from ._rules import RULES


def main() -> int:
    """Print the rules that a device breaks; 1 if there are any."""
    parser = argparse.ArgumentParser(description="Hold a device to what every device promises.")
    parser.add_argument("device", help="name of the device, as in --device")
    parser.add_argument("model", nargs="?", default="digits-nano", help="a model that fits it")
    arguments = parser.parse_args()
    try:
        info = find_device(arguments.device).probe()
        broken = broken_rules(RULES, arguments.device, arguments.model)
    except EventVisionError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    if not info.is_present:
        print(f"{arguments.device} is missing, so only some rules apply: {info.missing}")  # noqa: T201
    for line in broken:
        print(f"broken: {line}")  # noqa: T201
    print(f"{arguments.device} breaks {len(broken)} of {len(RULES)} rules")  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
