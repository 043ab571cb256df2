"""Memory of the desktop application while a live camera is looked at, by hand.

    python -m benchmarks.gui_memory [--minutes M] [--source NAME]

Two views of a simulated street, with the tasks that a first start has. It is flat where the
end is as low as the first minute.
"""

from __future__ import annotations

import argparse

from ._harness import rounded
from ._worker import Worker

EVERY_S = 10.0


def main() -> None:
    """Look for so long, and tell how much memory was taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--source", default="sim:street")
    arguments = parser.parse_args()
    tasks = ["reconstruction", "detection", "tracking"]
    with Worker("_gui_ours.py") as ours:
        found = ours.call(
            "live", name=arguments.source, seconds=arguments.minutes * 60, every_s=EVERY_S,
            tasks=tasks,
        ).value  # fmt: skip
    first = found[: max(1, round(60 / EVERY_S))]
    print(f"{arguments.source}, two views, {arguments.minutes:g} minutes, in MiB:")
    for words, value in (
        ("most in the first minute", max(first)),
        ("most", max(found)),
        ("at the end", found[-1]),
    ):
        print(f"  {words:26}{rounded(value):>6}")


if __name__ == "__main__":
    main()
