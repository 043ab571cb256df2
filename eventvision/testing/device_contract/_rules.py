"""The rules, each a sentence about behaviour."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eventvision.core import ARTIFACT_FORMATS, DeviceError, EventVisionError, load_card
from eventvision.devices import find_device, golden_outputs, largest_difference, tolerance_of

from ._rule import Arrays, BrokenRuleError, Case, Rule, need

_RULES: list[Rule] = []


def _rule(sentence: str, *, needs_device: bool = True) -> Callable[[Callable[[Case], None]], None]:
    """Enter a function into the table."""

    def enter(test: Callable[[Case], None]) -> None:
        _RULES.append(Rule(sentence, needs_device, test))

    return enter


@_rule("it says what it is, under the name by which it was found", needs_device=False)
def _names_itself(case: Case) -> None:
    info = case.device.probe()
    need(info.name == case.name, f"it calls itself {info.name!r}, it is known as {case.name!r}")
    need(bool(info.summary), "its summary is empty")
    unknown = set(info.formats) - set(ARTIFACT_FORMATS)
    need(not unknown, f"it takes {unknown}, of which nobody has heard")


@_rule("where it is missing it says how to get it", needs_device=False)
def _tells_the_remedy(case: Case) -> None:
    info = case.device.probe()
    need(info.is_present or bool(info.remedy), f"it lacks a remedy for {info.missing!r}")


@_rule("it says the same when it is asked again", needs_device=False)
def _probes_alike(case: Case) -> None:
    need(find_device(case.name).probe() == case.device.probe(), "two probes differ")


@_rule("a model in none of its forms does not fit, and is not opened", needs_device=False)
def _refuses_other_forms(case: Case) -> None:
    taken = set(case.device.probe().formats)
    others = {name: "x" for name in ARTIFACT_FORMATS if name not in taken}
    if not others:
        return
    card = dataclasses.replace(case.card, artifacts=others)
    fit = case.device.fits(card, case.options)
    need(not fit.is_yes, f"it would run {fit.artifact}")
    try:
        case.device.open(card, case.options).close()
    except EventVisionError:
        return
    raise BrokenRuleError("it opened what does not fit")


@_rule("what it says of a model comes true when it is opened")
def _fits_what_it_opens(case: Case) -> None:
    fit = case.fit
    try:
        with case.session():
            need(fit.is_yes, f"it opened a model of which it said: {fit}")
    except DeviceError as error:
        need(not fit.is_yes, f"it said that the model fits, and then: {error}")


@_rule("it gives the golden output")
def _gives_the_golden_output(case: Case) -> None:
    with case.session() as session:
        found = case.run(session)
    artifact = case.fit.artifact
    difference = largest_difference(found, golden_outputs(case.card, artifact))
    tolerance = tolerance_of(case.card, artifact)
    need(difference <= tolerance, f"it is {difference:g} away, {tolerance:g} is allowed")


@_rule("outputs have the names, shapes and types of the card")
def _answers_as_the_card_says(case: Case) -> None:
    with case.session() as session:
        found = session.step(case.inputs(0))
    for name, spec in case.card.outputs.items():
        need(name in found, f"output {name} is missing")
        told = (found[name].shape, found[name].dtype)
        wanted = (spec.shape_for(case.options.sizes), spec.dtype)
        need(told == wanted, f"output {name} is {told}, the card says {wanted}")


@_rule("after a reset it gives the same again, bit for bit")
def _resets(case: Case) -> None:
    with case.session() as session:
        session.reset()
        first = case.run(session)
        session.reset()
        need(_are_equal(case.run(session), first), "a second run gave other outputs")


@_rule("two sessions do not disturb each other")
def _keeps_sessions_apart(case: Case) -> None:
    with case.session() as alone:
        expected = case.run(alone)
    with case.session() as one, case.session() as other:
        other.step(case.inputs(case.sample.steps - 1))
        rows = []
        for index in range(case.sample.steps):
            rows.append(one.step(case.inputs(index)))
            other.step(case.inputs(index))
    found = {name: np.stack([row[name] for row in rows]) for name in case.card.outputs}
    need(_are_equal(found, expected), "a session beside another gave other outputs")


@_rule("outputs belong to the caller: later steps do not change them")
def _hands_outputs_over(case: Case) -> None:
    with case.session() as session:
        first = session.step(case.inputs(0))
        kept = {name: values.copy() for name, values in first.items()}
        case.run(session)
    need(_are_equal(first, kept), "outputs of the first step changed later")


@_rule("inputs are left as they were")
def _leaves_inputs_alone(case: Case) -> None:
    given = case.inputs(0)
    kept = {name: values.copy() for name, values in given.items()}
    with case.session() as session:
        session.step(given)
    need(_are_equal(given, kept), "an input was written to")


@_rule("it may be opened in one thread and used in another")
def _crosses_threads(case: Case) -> None:
    with case.session() as session:
        expected = case.run(session)
        session.reset()
        found: list[Arrays] = []
        thread = threading.Thread(target=lambda: found.append(case.run(session)))
        thread.start()
        thread.join()
    need(bool(found), "a step failed in another thread")
    need(_are_equal(found[0], expected), "another thread got other outputs")


@_rule("a session is closed twice without complaint, and the device opens another")
def _closes_twice(case: Case) -> None:
    session = case.device.open(case.card, case.options)
    session.close()
    session.close()
    with case.session() as again:
        again.step(case.inputs(0))


@_rule("a damaged model is an error that names it")
def _refuses_damage(case: Case) -> None:
    artifact = case.fit.artifact
    if not artifact:
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / case.card.folder.name
        shutil.copytree(case.card.folder, copy)
        path = copy / case.card.artifacts[artifact]
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        try:
            case.device.open(load_card(copy), case.options).close()
        except EventVisionError as error:
            told = str(error)
            need(case.card.name in told or path.name in told, f"it does not name it: {told}")
            return
    raise BrokenRuleError("it opened half a file")


def _are_equal(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(values, other[name]) for name, values in one.items()
    )


RULES = tuple(_RULES)
"""All rules."""
