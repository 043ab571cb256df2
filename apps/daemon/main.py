"""The daemon's entry: check, describe, install or run."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

from .logs import set_up_logging
from .settings import daemon_schema, load_daemon_config
from .supervisor import Supervisor

_LOG = logging.getLogger("eventvision.daemon")


def show_schema() -> int:
    """Print the JSON schema of the settings."""
    print(json.dumps(daemon_schema(), indent=2))  # noqa: T201
    return 0


def check(path: Path) -> int:
    """Say that a file of settings can be used.

    Raises:
        EventVisionError: If it cannot; tells all that is wrong.
    """
    config = load_daemon_config(path)
    print(f"{path}: is fine; source {config.source}, tasks {', '.join(config.tasks) or 'none'}")  # noqa: T201
    return 0


def run(path: Path) -> int:
    """Run the daemon until it is told to stop; return its exit code.

    Raises:
        EventVisionError: If the settings cannot be used.
    """
    config = load_daemon_config(path)
    set_up_logging(config.logging.level, config.logging.format)
    _LOG.info("started with %s", path)
    supervisor = Supervisor(path, config)
    supervisor.handle_signals()
    code = supervisor.run()
    _leave(code)
    return code


def _leave(code: int) -> None:
    """End the process even where a thread is stuck in a driver."""
    import threading

    if any(thread.name.startswith("eventvision-") for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
