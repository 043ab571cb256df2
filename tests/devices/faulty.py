"""A device that goes wrong as it is told, brought by a package that is only on the path.

`faulty:FAULT` gives two good results, or as many as the environment says, and then does what its
name says; `unplugged` stays away until the file that stands for its plug is there again.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path

import numpy as np

from eventvision.core import DeviceError, DeviceInfo, Fit
from eventvision.devices import PowerMeter

GOOD_STEPS = int(os.environ.get("FAULTY_GOOD_STEPS", "2"))
PLUG = Path(__file__).with_name("plug")


class FaultyDevice:
    def __init__(self, fault: str = "none") -> None:
        self.fault = fault

    def probe(self):
        if self.fault == "crashing_probe":
            ctypes.string_at(0)
        return DeviceInfo(name="faulty", summary="fails", formats=("onnx",), facets=("PowerMeter",))

    def fits(self, card, options):
        if self.fault == "misfit":
            return Fit(layer="conv2", reason="needs 128 Ki neurons", remedy="a smaller input")
        return Fit(artifact="onnx")

    def open(self, card, options):
        if self.fault == "hanging_open":
            time.sleep(600)
        if self.fault == "unplugged" and not PLUG.exists():
            raise DeviceError("faulty", "is unplugged", "plug it in")
        shapes = {name: spec.shape_for(options.sizes) for name, spec in card.outputs.items()}
        return FaultySession(self.fault, shapes)


class FaultySession:
    def __init__(self, fault: str, shapes: dict) -> None:
        self.fault, self.shapes, self.steps = fault, shapes, 0
        self.facets = (PowerMeter(lambda: 12.5),)

    def step(self, inputs):
        self.steps += 1
        if self.steps > GOOD_STEPS:
            return getattr(self, self.fault)()
        return self.none()

    def none(self):
        return self.filled(os.getpid() % 1000)

    def killed(self):
        os.kill(os.getpid(), signal.SIGKILL)

    def segfault(self):
        ctypes.string_at(0)

    def exit(self):
        print("licence server is gone")
        sys.stdout.flush()
        os._exit(3)

    def hang(self):
        time.sleep(600)

    def stopped(self):
        os.kill(os.getpid(), signal.SIGSTOP)

    def memory(self):
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        return {name: np.ones((1 << 20, 1 << 12)) for name in self.shapes}

    def filled(self, value):
        return {name: np.full(shape, value, np.float32) for name, shape in self.shapes.items()}

    def nan(self):
        return self.filled(np.nan)

    def shape(self):
        return {name: np.zeros(shape[1:], np.float32) for name, shape in self.shapes.items()}

    def unplugged(self):
        PLUG.unlink()
        raise OSError("[Errno 19] no such device")

    def raises(self):
        raise RuntimeError("driver says no")

    def reset(self):
        pass

    def close(self):
        pass
