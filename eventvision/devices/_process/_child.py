"""A process that is ours: started, asked, and killed when it does not answer."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque

from eventvision.core import DeviceError

from ._wire import Message, Wire, WireError

_REMEDY = "see whether the device is connected and its driver sound"
_LAST_LINES = 20
_LINE_BYTES = 2000
_GRACE_S = 2.0
_WORKER = "eventvision.devices._process._worker"


class Child:
    """A process that works for a device.

    Args:
        device: The device that it opens.
        label: Name of the device in messages.
        timeout_s: How long it may take to start.

    Raises:
        DeviceError: If it does not start.
    """

    def __init__(self, device: str, label: str, timeout_s: float) -> None:
        self._label = label
        self._wire: Wire | None = None
        word = secrets.token_hex()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._process = _started(server.getsockname()[1])
            self._said = _Listener(self._process)
            self._tell(json.dumps({"word": word, "device": device}))
            try:
                self._wire = self._connected(server, word, time.monotonic() + timeout_s)
            except BaseException:
                self.stop()
                raise

    def ask(self, request: Message, timeout_s: float) -> Message:
        """Send a request and wait for the answer.

        Raises:
            DeviceError: If the process refuses, died, or was killed because it did not answer; the
                text says which.
        """
        if self._wire is None:
            raise DeviceError(self._label, "its process has ended", _REMEDY)
        try:
            self._wire.send(request, timeout_s)
            answer = self._wire.receive(timeout_s)
        except TimeoutError:
            self.stop()
            problem = f"did not answer within {timeout_s:g} s; its process was stopped"
            raise DeviceError(self._label, problem, _REMEDY) from None
        except WireError:
            raise DeviceError(self._label, self._end(), _REMEDY) from None
        except BaseException:
            self.stop()  # or the answer to this request would be taken for that to the next
            raise
        if "problem" in answer.values:
            remedy = str(answer.values.get("remedy") or _REMEDY)
            raise DeviceError(self._label, str(answer.values["problem"]), remedy)
        return answer

    def stop(self) -> None:
        """End the process; may be called twice."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
        self._process.kill()
        self._process.wait()
        self._said.close()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _connected(self, server: socket.socket, word: str, end_s: float) -> Wire:
        """Wait for the process to call; whoever else calls does not know the word."""
        server.settimeout(0.2)
        while time.monotonic() < end_s:
            if self._process.poll() is not None:
                raise DeviceError(self._label, self._end(), _REMEDY)
            try:
                wire = Wire(server.accept()[0])
            except TimeoutError:
                continue
            try:
                if wire.receive(1.0).values.get("word") == word:
                    return wire
            except (WireError, TimeoutError):
                pass
            wire.close()
        raise DeviceError(self._label, "its process did not start in time", _REMEDY)

    def _tell(self, line: str) -> None:
        """Write a line to the process; standard input stays open, its end is the end of us."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def _end(self) -> str:
        """Say how the process ended, once it has."""
        try:
            code = self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            code = 0
        self.stop()
        how = f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with code {code}"
        last = self._said.last_line()
        return f"its process {how}{f' ({last})' if last else ''}"


class _Listener:
    """Keeps the last lines that a process printed."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._stream = process.stdout
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._thread = threading.Thread(target=self._listen, name="device process", daemon=True)
        self._thread.start()

    def last_line(self) -> str:
        """Return the line that says most: that of a fatal error, else the last one."""
        fatal = [line for line in self._lines if line.startswith("Fatal Python error")]
        return next(iter([*fatal, *reversed(self._lines)]), "")

    def close(self) -> None:
        """Stop listening, once the process has ended."""
        self._thread.join(_GRACE_S)
        if self._stream is not None and not self._thread.is_alive():
            self._stream.close()

    def _listen(self) -> None:
        while self._stream is not None and (line := self._stream.readline(_LINE_BYTES)):
            if text := line.decode(errors="replace").strip():
                self._lines.append(text)


def _started(port: int) -> subprocess.Popen[bytes]:
    """Start an interpreter that finds the same packages, and that Ctrl-C here does not reach."""
    return subprocess.Popen(  # noqa: S603 - this very interpreter, and a module of ours
        [sys.executable, "-P", "-m", _WORKER, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
