"""The daemon's entry: check, describe, install or run."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

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
    _handle_signals(supervisor)
    code = supervisor.run()
    _leave(code)
    return code


def _handle_signals(supervisor: Supervisor) -> None:
    """Let SIGTERM and SIGINT stop, and SIGHUP reload."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        del frame
        if number in (signal.SIGTERM, signal.SIGINT):
            supervisor.stop()
        else:
            supervisor.reload()

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):  # Windows has no SIGHUP
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, on_signal)


def _leave(code: int) -> None:
    """End the process even where a thread is stuck in a driver."""
    if any(thread.name.startswith("eventvision-") for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)
