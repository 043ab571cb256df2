"""Runs command lines in the process of the tests, which saves seconds each time."""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from subprocess import CompletedProcess
from unittest import mock

from eventvision_apps.cli.main import main


def run(*arguments: object) -> CompletedProcess[str]:
    """Return what a process would: exit code, stdout and stderr."""
    words = ["eventvision", *map(str, arguments)]
    code: object = 0
    with (
        mock.patch.object(sys, "argv", words),
        redirect_stdout(StringIO()) as out,
        redirect_stderr(StringIO()) as problems,
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return CompletedProcess(words, int(code or 0), out.getvalue(), problems.getvalue())
