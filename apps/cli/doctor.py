"""`eventvision doctor`: what is installed, what can be used, and how to get the rest."""

from __future__ import annotations

import sys

from .arguments import JsonOption


def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed, which cameras and devices can be used, and how to get the rest."""
    from .examination import run

    sys.exit(run(as_json=as_json))
