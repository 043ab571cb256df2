"""Every device keeps the contract that plug-ins are held to; whoever does not is found out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from eventvision.core import DeviceError, DeviceInfo, Fit, load_card
from eventvision.devices import _registry as registry
from eventvision.devices import device_names, find_device
from eventvision.testing.device_contract import RULES, broken_rules

COMPUTING = [name for name in device_names() if name not in {"null", "process", "hybrid"}]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("device", COMPUTING)
def test_a_device_keeps_the_contract(device, rule):
    info = find_device(device).probe()
    if rule.needs_device and not info.is_present:
        pytest.skip(f"{device}: {info.missing}; {info.remedy}")
    rule.check(device)


def test_the_null_device_breaks_the_rules_about_computing_and_no_others():
    broken = [line.partition(":")[0] for line in broken_rules(RULES, "null")]
    assert broken == ["it gives the golden output", "a damaged model is an error that names it"]


def test_a_device_in_a_process_of_its_own_keeps_the_contract():
    assert broken_rules(RULES, "process:onnx") == ()


class Honest:
    """The integer simulator under another name; the others break one rule each."""

    def __init__(self):
        self.inner = find_device("cpu")

    def probe(self):
        return DeviceInfo(name="suspect", summary="something", formats=("integer",))

    def fits(self, card, options):
        return self.inner.fits(card, options)

    def open(self, card, options):
        return self.wrap(self.inner.open(card, options))

    def wrap(self, session):
        return session


class Anonymous(Honest):
    def probe(self):
        return DeviceInfo(name="another", summary="something", formats=("integer",))


class Unhelpful(Honest):
    def probe(self):
        return DeviceInfo(name="suspect", summary="s", formats=("integer",), missing="no board")


class Restless(Honest):
    count = 0

    def probe(self):
        Restless.count += 1
        return DeviceInfo(name="suspect", summary=f"{self.count}", formats=("integer",))


class Greedy(Honest):
    def fits(self, card, options):
        return Fit(artifact="integer")

    def open(self, card, options):
        return self.inner.open(load_card("digits-nano"), options)


class Boastful(Honest):
    def open(self, card, options):
        raise DeviceError("suspect", f"{card.name} does not fit", "none")


class Changed(Honest):
    """Sessions whose `step` is another."""

    def wrap(self, session):
        inner, outer = session, self

        class Session:
            def step(self, inputs):
                return outer.step(inner, inputs)

            def reset(self):
                outer.reset(inner)

            def close(self):
                outer.close(inner)

        return Session()

    def step(self, session, inputs):
        return session.step(inputs)

    def reset(self, session):
        session.reset()

    def close(self, session):
        session.close()


class Wrong(Changed):
    def step(self, session, inputs):
        return {"output": session.step(inputs)["output"] + np.float32(1)}


class Wide(Changed):
    def step(self, session, inputs):
        return {"output": session.step(inputs)["output"].astype(np.float64)}


class Stubborn(Changed):
    def reset(self, session):
        pass


class Shared(Honest):
    session = None

    def open(self, card, options):
        Shared.session = Shared.session or self.inner.open(card, options)
        Shared.session.reset()
        return self

    def step(self, inputs):
        return Shared.session.step(inputs)

    def reset(self):
        Shared.session.reset()

    def close(self):
        pass


class Lending(Changed):
    kept = np.zeros((1, 10), np.float32)

    def step(self, session, inputs):
        self.kept[...] = session.step(inputs)["output"]
        return {"output": self.kept}


class Scribbling(Changed):
    def step(self, session, inputs):
        found = session.step(inputs)
        inputs["events"] += 1
        return found


class Complaining(Changed):
    closed = None

    def close(self, session):
        if self.closed is session:
            raise OSError("closed already")
        self.closed = session
        session.close()


SUSPECTS = {
    Anonymous: "under the name by which it was found",
    Unhelpful: "says how to get it",
    Restless: "says the same when it is asked again",
    Greedy: "in none of its forms",
    Boastful: "comes true when it is opened",
    Wrong: "gives the golden output",
    Wide: "names, shapes and types of the card",
    Stubborn: "after a reset",
    Shared: "do not disturb each other",
    Lending: "belong to the caller",
    Scribbling: "inputs are left",
    Complaining: "closed twice",
}


def judge(monkeypatch, kind):
    monkeypatch.setattr(registry, "_BUILT_IN", {**registry._BUILT_IN, "suspect": ""})
    made = registry._factory
    monkeypatch.setattr(
        registry, "_factory", lambda name: kind if name == "suspect" else made(name)
    )
    return broken_rules(RULES, "suspect")


@pytest.mark.parametrize(("kind", "rule"), SUSPECTS.items(), ids=lambda each: str(each)[:20])
def test_a_device_that_breaks_a_rule_is_found_out(monkeypatch, kind, rule):
    assert any(rule in line for line in judge(monkeypatch, kind))


def test_a_device_that_breaks_none_is_not_accused(monkeypatch):
    assert judge(monkeypatch, Honest) == ()


def test_the_contract_runs_without_a_test_runner():
    done = subprocess.run(
        [sys.executable, "-m", "eventvision.testing.device_contract", "null"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"null breaks 2 of {len(RULES)} rules" in done.stdout
