"""`python -m eventvision.devices.speck MODEL OUT`: write the chip form of a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eventvision.core import EventVisionError

from ._form import write_chip_form


def main() -> int:
    """Run the command; 2 if it cannot be done."""
    parser = argparse.ArgumentParser(
        prog="python -m eventvision.devices.speck", description=__doc__
    )
    parser.add_argument("model", help="a shipped model, or a folder")
    parser.add_argument("out", type=Path, help="new folder")
    given = parser.parse_args()
    try:
        write_chip_form(given.model, given.out)
    except EventVisionError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
