"""Settings of cameras: ranges are kept, files say what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eventvision.core import ConfigError, OutputError, SourceNotFoundError
from eventvision.io import (
    CAMERA_MODELS,
    default_settings,
    load_settings,
    save_settings,
    setting_ranges,
)

DOCS = Path(__file__).parents[2] / "docs" / "cameras.md"


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_settings_come_back_from_a_file_as_they_were(tmp_path, model):
    path = tmp_path / "settings.json"
    save_settings(default_settings(model), path)
    assert load_settings(path) == default_settings(model)
    assert next(iter(json.loads(path.read_text()))) == "model"


def test_a_file_need_not_name_every_setting(tmp_path):
    path = tmp_path / "settings.json"
    region = {"x": 10, "y": 20, "width": 100, "height": 50}
    path.write_text(json.dumps({"model": "evk4", "bias_fo": -3, "roi": region}))
    settings = load_settings(path)
    assert (settings.bias_fo, settings.bias_hpf) == (-3, 0)
    assert settings.roi.model_dump() == region


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "camera settings as JSON"),
        ("[1, 2]", "model: None cannot be used; expected one of evk4"),
        ('{"bias_fo": 3}', "model: None cannot be used; expected one of evk4"),
        ('{"model": "evk9"}', "model: 'evk9' cannot be used; expected one of evk4"),
        ('{"model": "evk4", "bias_fo": 56}', "bias_fo: 56 cannot be used; expected -35 to 55"),
        ('{"model": "evk4", "bias_on": 5}', "bias_on: 5 cannot be used; expected one of the"),
        ('{"model": "evk4", "roi": {"x": 3}}', "roi.y: .* expected field required"),
        ('{"model": "davis", "bias_on": [8, 1]}', "bias_on.0: 8 cannot be used"),
        ('{"model": "dvxplorer", "readout_fps": "fast"}', "'fast' .* expected constant_100"),
        ('{"model": "evk4", "event_rate_limit_evps": 1}', "expected 5,000 to 320,000,000"),
    ],
)
def test_a_wrong_file_is_one_clear_error_that_names_the_setting(tmp_path, content, said):
    path = tmp_path / "settings.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=rf"settings\.json.*{said}"):
        load_settings(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"nowhere\.json: cannot be read"):
        load_settings(tmp_path / "nowhere.json")


def test_a_huge_file_is_refused(tmp_path):
    path = tmp_path / "huge.json"
    path.write_bytes(b" " * (1 << 21))
    with pytest.raises(ConfigError, match="larger than 1 MB"):
        load_settings(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="a part of the path is a file"):
        save_settings(default_settings("evk4"), tmp_path / "file" / "settings.json")


def test_an_unknown_model_has_no_settings():
    with pytest.raises(ConfigError, match="one of evk4"):
        default_settings("evk9")


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_the_documentation_has_every_setting_with_its_values(model):
    section = DOCS.read_text().split(f"### `{model}`")[1].split("###")[0]
    for name, values, default, meaning in setting_ranges(model):
        assert f"| `{name}` | {values} | {default} | {meaning} |" in section


@pytest.mark.parametrize(
    ("alias", "model"),
    [("evk3", "evk3-hd"), ("DAVIS346", "davis"), ("dvxplorer-lite", "dvxplorer")],
)
def test_aliases_of_models_have_settings(alias, model):
    assert default_settings(alias).model == model
