"""One file of settings: every problem is told with its place, all of them at once."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from eventvision.core import ConfigError, ConfigFileError, SensorSize, SourceNotFoundError
from eventvision.pipeline import RunConfig, config_schema, load_config, save_config

GOOD = """\
# What the camera at the gate does.
source: camera:evk4   # the only one
filters: [background:2ms, refractory:500us]
slicer: time:20ms
tasks: [detection, tracking]
speed: 0.5
sensor: 346x260
device: onnx,detection=cpu
mqtt:
  host: broker
gui:
  palette: Dark
"""


@pytest.fixture
def file(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return path

    return write


def problems(path: Path, **options) -> list[str]:
    with pytest.raises(ConfigFileError) as refused:
        load_config(path, **options)
    return [line.removeprefix(f"{path}") for line in refused.value.problems]


def test_a_file_says_what_options_say(file):
    config = load_config(file(GOOD))
    assert config.source == "camera:evk4"
    assert config.filters == "background:2ms,refractory:500us"
    assert config.tasks == ("detection", "tracking")
    assert (config.speed, config.sensor) == (0.5, SensorSize(346, 260))
    assert config.device.device_for("detection") == "cpu"


@pytest.mark.parametrize("text", ["tasks: none", "tasks: []", "tasks:", 'tasks: ""'])
def test_no_tasks_can_be_written_in_several_ways(file, text):
    assert load_config(file(f"source: a\n{text}\n")).tasks == ()


def test_on_and_off_are_texts_and_numbers_are_numbers(file):
    config = load_config(file("source: on\nstrict: true\nstart_s: 1_0\nend_s: 1e3\n"))
    assert (config.source, config.strict, config.start_s, config.end_s) == ("on", True, 10, 1000)


def test_every_problem_is_told_at_once_with_its_line(file):
    text = """\
source: a
slicer: tyme:10ms
strict: maybe
task: [detection]
tasks:
  - detektion
speed: -1
speed: 2
"""
    assert [line.split(" ")[0] for line in problems(file(text))] == [
        ":2:", ":3:", ":4:", ":5:", ":7:", ":8:",
    ]  # fmt: skip
    told = "\n".join(problems(file(text)))
    assert "slicer: 'tyme:10ms' cannot be used; expected time:WINDOW" in told
    assert "task: is no setting; did you mean tasks?" in told
    assert "not 'detektion'" in told
    assert "speed: is there twice" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("filters: none\n", ": source: is missing; add source: VALUE"),
        ("- a\n- b\n", ":1: holds no settings"),
        ("source: [a\n", "is no YAML"),
        ("source: a\n\tslicer: b\n", "is no YAML"),
        ("source: a\nstart_s: 5\nend_s: 2\n", "must lie after start_s"),
        ("source: &a [*a]\n", "holds too much, or itself"),
        ("source: a\nqqq: 1\n", "known: source, sensor"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(file, text, told):
    found = problems(file(text))
    assert len(found) == 1
    assert told in found[0]
    assert "\n" not in found[0]


def test_no_alias_makes_a_small_file_large(file):
    layers = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    assert "holds too much" in problems(file(f"a0: &a0 [1]\n{layers}\n"))[0]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"# " + b"x" * (1 << 20)])
def test_what_is_no_file_of_settings_is_refused(tmp_path, content):
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigFileError):
        load_config(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"none\.yaml"):
        load_config(tmp_path / "none.yaml")


def test_the_environment_fills_in_values_but_no_structure(file, monkeypatch):
    monkeypatch.setenv("CAMERA_ADDRESS", "tcp://gate: [1]")
    monkeypatch.setenv("SECONDS", "2.5")
    text = "source: ${CAMERA_ADDRESS}\nstart_s: ${SECONDS}\nslicer: ${RULE:-time:5ms}\n"
    config = load_config(file(text))
    assert (config.source, config.start_s, config.slicer) == ("tcp://gate: [1]", 2.5, "time:5ms")
    assert load_config(file("source: $${HOME}\n")).source == "${HOME}"


def test_a_variable_that_is_missing_is_named_with_its_line(file, monkeypatch):
    monkeypatch.delenv("NO_SUCH", raising=False)
    found = problems(file("# first\nsource: a\nslicer: ${NO_SUCH}\n"))
    assert found == [
        ":3: slicer: the environment has no NO_SUCH; set it, or write ${NO_SUCH:-TEXT}"
    ]


def test_what_the_environment_says_is_never_shown(file, monkeypatch):
    monkeypatch.setenv("SECRET_RULE", "hunter2")
    (found,) = problems(file("source: a\nslicer: ${SECRET_RULE}\n"))
    assert "hunter2" not in found
    assert "${SECRET_RULE}" in found


def test_what_is_given_besides_counts_instead(file):
    config = load_config(file(GOOD), given={"source": "b", "speed": "max"})
    assert (config.source, config.speed, config.slicer) == ("b", "max", "time:20ms")
    assert problems(file(GOOD), given={"slicer": "x"})[0].startswith("slicer: 'x' cannot be used")


def test_a_saved_file_loads_as_it_was(tmp_path):
    path = tmp_path / "new.yaml"
    config = RunConfig.checked(
        source="a.aedat4", tasks=("depth",), filters="none", speed=2, sensor="10x20", device="cpu"
    )
    save_config(config, path)
    assert load_config(path) == config
    assert "video" not in path.read_text()


def test_saving_keeps_comments_sections_and_what_means_the_same(file, monkeypatch):
    monkeypatch.setenv("WHERE", "camera:evk4")
    path = file(GOOD.replace("source: camera:evk4", "source: ${WHERE}"))
    path.chmod(0o600)
    config = load_config(path)
    save_config(config.model_copy(update={"slicer": "count:5000", "start_s": 3.0}), path)
    saved = path.read_text()
    assert "# What the camera at the gate does." in saved
    assert "source: ${WHERE}   # the only one" in saved
    assert "slicer: count:5000" in saved
    assert saved.index("start_s: 3.0") < saved.index("mqtt:")
    assert "  palette: Dark" in saved
    assert "filters: [background:2ms, refractory:500us]" in saved
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_config(path).slicer == "count:5000"


def test_a_file_that_cannot_be_used_is_not_written_over(file):
    path = file("sorce: a\n")
    with pytest.raises(ConfigError):
        save_config(RunConfig.checked(source="a"), path)
    assert path.read_text() == "sorce: a\n"


def test_the_schema_describes_every_setting():
    schema = config_schema()
    assert set(RunConfig.model_fields) <= set(schema["properties"])
    assert all(schema["properties"][name].get("description") for name in RunConfig.model_fields)
    assert schema["required"] == ["source"]
