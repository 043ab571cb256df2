"""Processes in which benchmarks run: ours in this environment, the peers in theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ._harness import Absent

FOLDER = Path(__file__).parent
PEERS_PYTHON = "EVENTVISION_PEERS_PYTHON"
"""Environment variable: the interpreter that has the peers; this one if unset."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call did: its return value, its time, and the process's peak memory after it."""

    value: Any
    seconds: float
    peak_mb: float


class Worker:
    """A process that calls functions of one file and times them; imports are paid once.

    Args:
        script: The file; a bare name means one beside this one.
        python: Interpreter to run it with.
    """

    def __init__(self, script: str | Path, python: str = sys.executable) -> None:
        self._process = subprocess.Popen(
            [python, FOLDER / "_serve.py", FOLDER / script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @classmethod
    def of_peers(cls, script: str | Path) -> Self:
        """Start a process in the environment of the peers."""
        return cls(script, os.environ.get(PEERS_PYTHON, sys.executable))

    def call(self, function: str, **arguments: object) -> Outcome:
        """Call a function there and wait for it.

        Raises:
            Absent: If what it needs is not installed, or it fails.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise Absent("no process")
        try:
            self._process.stdin.write(json.dumps({"function": function, "arguments": arguments}))
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Absent("its process has ended") from None
        line = self._process.stdout.readline()
        if not line:
            raise Absent(f"its process ended with {self._process.wait()}")
        answer = json.loads(line)
        if "absent" in answer:
            raise Absent(answer["absent"], answer["detail"])
        return Outcome(answer["value"], answer["seconds"], answer["peak_mb"])

    def name_with_version(self, package: str) -> str:
        """Return a package's name with its version there, if it is installed."""
        try:
            return f"{package} {self.call('version', package=package).value}"
        except Absent:
            return package

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self._process.kill()
        self._process.communicate()
