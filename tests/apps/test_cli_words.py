"""Every command and option explains itself, and means the same wherever it appears."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest
import typer.main
from eventvision_apps.cli.main import app

from eventvision.pipeline import RunConfig

ROOT = Path(__file__).parents[2]
COMMANDS = typer.main.get_command(app).commands
PARAMETERS = [(name, each) for name, command in COMMANDS.items() for each in command.params]
OPTIONS = [(name, each) for name, each in PARAMETERS if each.param_type_name == "option"]

UNITS = {
    "FPS": "Frames|Images", "HZ": "rate", "S": "seconds", "R": "in a step", "SHARE": "Windows",
}  # fmt: skip
"""Metavariables of numbers with a unit, and the words of their help that say it."""
COUNTED = r"Threads|Processes|slices|learned from|channels|seed|0 takes one"
"""Words that say what `N` counts."""


def is_number(option) -> bool:
    hint = option.type_descriptor.annotation
    return {int, float} & {hint, *typing.get_args(hint)} != set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_a_sentence_what_it_does(name):
    first = COMMANDS[name].help.splitlines()[0]
    assert re.fullmatch(r"[A-Z].{15,99}\.", first), first


def test_everything_that_can_be_given_is_explained_in_sentences():
    silent = [
        (command, each.name, each.help)
        for command, each in PARAMETERS
        if not re.fullmatch(r"(?s)\S.{5,}[.…]", each.help or "")
    ]
    assert silent == []


def test_a_number_says_its_unit_and_what_holds_without_it():
    numbers = [(command, option) for command, option in OPTIONS if is_number(option)]
    assert len(numbers) > 20
    unclear = [
        (command, option.name, option.help)
        for command, option in numbers
        if not re.search(UNITS.get(option.metavar, COUNTED), option.help, re.IGNORECASE)
        or (option.default is None and not re.search(r"if not given|instead", option.help))
    ]
    assert unclear == []


def test_a_value_has_a_name_in_capitals():
    values = [(command, each) for command, each in OPTIONS if not each.is_flag]
    unnamed = [(c, each.name) for c, each in values if not re.search(r"[A-Z]", each.metavar or "")]
    assert unnamed == []


def replay_options():
    return {each.name: each for each in COMMANDS["replay"].params}


NOT_OPTIONS = {"pre_roll_s": "recordings are begun meanwhile by the daemon and the window only"}
NOT_SETTINGS = {"config", "sim", "as_json", "help"}


def test_the_options_of_replay_are_the_settings_of_a_run():
    settings = set(RunConfig.model_fields) - set(NOT_OPTIONS)
    assert {name.removesuffix("_s") for name in settings} == set(replay_options()) - NOT_SETTINGS


@pytest.mark.parametrize("name", sorted(set(RunConfig.model_fields) - set(NOT_OPTIONS)))
def test_an_option_of_replay_has_the_default_of_its_setting(name):
    option, field = replay_options()[name.removesuffix("_s")], RunConfig.model_fields[name]
    if field.is_required():
        return
    default = option.default() if callable(option.default) else option.default
    given = {} if default in (None, [], ()) else {name: default}
    plain = RunConfig(source="x")
    assert getattr(RunConfig(source="x", **given), name) == getattr(plain, name)


SHARED = ("sensor", "read", "strict", "force", "as_json", "threads", "start", "end")


@pytest.mark.parametrize("name", SHARED)
def test_an_option_of_several_commands_has_one_metavariable(name):
    found = {each.metavar for _, each in PARAMETERS if each.name == name}
    assert len(found) == 1 or name == "sensor", found


@pytest.mark.parametrize("name", ["filters", "slicer", "tasks", "device"])
def test_commands_that_run_the_pipeline_share_its_defaults(name):
    found = {
        command: each.default
        for command, each in OPTIONS
        if each.name == name and command in ("replay", "batch")
    }
    assert len(found) == 2
    assert len(set(found.values())) == 1, found


def test_the_page_of_settings_has_each_with_its_option_and_default():
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \| (.+?) \|$", page("config.md"), re.MULTILINE)
    assert [name for name, _, _ in rows] == list(RunConfig.model_fields)
    for name, option, default in rows:
        if name in NOT_OPTIONS:
            assert option == "–"
        elif name != "source":
            assert option.strip("`") in replay_options()[name.removesuffix("_s")].opts
        field = RunConfig.model_fields[name]
        if default.startswith("`"):
            told = ",".join(field.default) if name == "tasks" else str(field.default)
            assert default.strip("`").lower() == told.lower()


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_the_page_of_replay_has_every_option():
    flags = {flag for each in replay_options().values() for flag in each.opts if flag[:2] == "--"}
    told = set(re.findall(r"`(?:-c FILE`|.*?)(--[a-z-]+)", page("replay.md")))
    assert flags - told - {"--config", "--sim", "--help"} == set()
