"""The example of a neuron of one's own runs, learns, and computes the same by every backend."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import torch

from eventvision.spiking import nn

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_neuron.py"


def test_the_example_learns_and_says_who_computed():
    outcome = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith("numba: ")
    before, after = map(float, re.findall(r"\d\.\d{4}", outcome.stdout))
    assert after < before / 3


def test_its_fast_form_is_its_plain_form():
    make = runpy.run_path(str(EXAMPLE))["Refractory"]
    x = torch.rand(12, 3, 4) * 1.5
    found = []
    for backend in ("torch", "numba"):
        neuron = make(decay=torch.full((4,), 0.8), learn=("decay", "threshold"), backend=backend)
        given = x.clone().requires_grad_()
        output = neuron(given)
        (output * x.flip(0)).sum().backward()
        found.append([output, given.grad, *(p.grad for p in neuron.parameters())])
    assert 0.05 < found[0][0].mean() < 0.5
    torch.testing.assert_close(*found)


def test_it_rests_after_a_spike():
    neuron = runpy.run_path(str(EXAMPLE))["Refractory"](period=2.0)
    spikes = neuron(torch.full((7, 1), 2.0)).flatten().tolist()
    assert spikes == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]
    nn.reset(neuron)
    assert neuron(torch.full((1, 1), 2.0)).item() == 1.0
