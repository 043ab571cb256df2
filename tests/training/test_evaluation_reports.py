"""Decoding, real recordings, tables, pages and the command, on tiny models and made-up files."""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from eventvision_apps.cli.main import main

from eventvision.core import (
    ConfigError,
    Events,
    FormatError,
    ModelError,
    SensorSize,
    Slice,
    load_card,
)
from eventvision.simulation import DETECTION_CLASSES, PixelModel
from eventvision.training.evaluation import (
    Estimate,
    OpenedModel,
    Report,
    ScoreTable,
    ValidationSequence,
    baselines,
    evaluate,
    module_predictor,
    open_model,
    recordings_with_images,
    run_evaluation,
    score_images,
    score_people,
    set_tables,
    windows_with_people,
    write_page,
    write_scores,
)
from eventvision.training.evaluation import _decoding as decoding
from eventvision.training.evaluation import _sets as sets
from eventvision.training.evaluation._making import make_sequence
from eventvision.training.evaluation._methods import Network, ground_plane
from eventvision.training.evaluation._real import RealRecording, active_pixels
from eventvision.training.evaluation._report import ModelFacts, Section
from eventvision.training.evaluation._scenarios import Scenario
from eventvision.training.losses import boxes_at, places_of
from eventvision.training.networks import STRIDES, Perception, PerceptionShape

SENSOR, WIDE = SensorSize(64, 48), SensorSize(90, 50)
TINY = PerceptionShape(channels=(8, 8, 8, 8), blocks=(1, 1, 1, 1), pyramid=8)


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """A frozen set of one short drawn sequence."""
    plan = Scenario(
        name="00-street-drawn-0.2-1x", scene="street", image=None, seed=3,
        camera=PixelModel(on_threshold=0.2, off_threshold=0.2), speed=1.0, start_us=0,
        duration_us=320_000, slice_us=40_000, by_count=False,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sets, "scenarios", lambda name, images, for_prior=False: iter([plan]))
        patch.setattr(sets, "make_sequence", lambda plan: make_sequence(plan, SENSOR))
        return sets.make_set("procedural", tmp_path_factory.mktemp("frozen"))


@pytest.fixture
def recordings(tmp_path):
    """A folder like that of the real recordings: a text file with images, a window with a box."""
    random = np.random.default_rng(1)
    slider = tmp_path / "txt" / "slider_depth"
    (slider / "images").mkdir(parents=True)
    picture = (np.add.outer(np.arange(180), np.arange(240)) % 256).astype(np.uint8)
    lines = []
    for number, seconds in enumerate((0.0, 0.05, 0.1)):
        cv2.imwrite(str(slider / "images" / f"{number}.png"), picture)
        lines.append(f"{seconds:.6f} images/{number}.png\n")
    (slider / "images.txt").write_text("".join(lines))
    times = np.sort(random.uniform(0.004, 0.12, 3000))
    rows = [
        f"{t:.6f} {random.integers(0, 60)} {random.integers(0, 180)} {random.integers(0, 2)}"
        for t in times
    ]
    rows[-1] = "0.120000 239 179 1"
    (slider / "events_chunk.txt").write_text("\n".join(rows) + "\n")
    people = tmp_path / "person_boxes"
    people.mkdir()
    t = np.sort(random.integers(0, 40_000, 2000))
    x, y = random.integers(100, 140, 2000), random.integers(80, 180, 2000)
    np.save(people / "frame0000001.npy", np.column_stack([t, x, y, t % 2]))
    corners = "<xmin>100</xmin><ymin>80</ymin><xmax>140</xmax><ymax>180</ymax>"
    (people / "frame0000001.xml").write_text(
        f"<annotation><object><bndbox>{corners}</bndbox></object></annotation>"
    )
    manifest = [
        {"file": "txt/slider_depth/events_chunk.txt", "licence": "MIT (same upstream note)"},
        {"file": "person_boxes/frame0000001.npy", "licence": "cite paper"},
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path


def perception(seed=0):
    torch.manual_seed(seed)
    return Perception(TINY)


def opened(name="tiny"):
    network = Network(name, module_predictor(perception()))
    return OpenedModel(network, None, "torch", "safetensors", sets.Path("nowhere"))


def test_voxel_grids_are_padded_at_the_bottom_and_on_the_right():
    grid = np.ones((5, 33, 64), np.float32)
    padded = decoding.padded(grid)
    assert padded.shape == (1, 5, 64, 64)
    assert padded[0, :, :33].all()
    assert not padded[0, :, 33:].any()


def test_boxes_are_decoded_as_the_loss_encodes_them():
    random = torch.Generator().manual_seed(1)
    places = places_of(64, 96, STRIDES)
    outputs = torch.randn(len(places.x), 9, generator=random) * 0.3
    outputs[:, 4] = -9
    outputs[100, 4] = 9
    (box,) = decoding.results_of({"detection": outputs[None].numpy()}, WIDE)["detection"].boxes
    x, y, w, h = boxes_at(outputs, places)[100].tolist()
    left, top, right, bottom = max(x, 0), max(y, 0), min(x + w, 90), min(y + h, 50)
    assert box == pytest.approx((left, top, right - left, bottom - top), abs=1e-3)


def test_unsure_boxes_are_kept_for_average_precision():
    outputs = np.full((1, 8 * 12 + 4 * 6 + 2 * 3, 9), -9, np.float32)
    outputs[0, :, :4] = 0
    outputs[0, 40, [4, 5]] = -2.0
    found = decoding.results_of({"detection": outputs}, WIDE)["detection"]
    assert found.class_names == DETECTION_CLASSES
    assert found.scores.tolist() == pytest.approx([1 / (1 + np.exp(2)) ** 2])


def test_maps_are_enlarged_and_cropped():
    logits = np.full((1, 9, 16, 24), -5, np.float32)
    logits[0, 3, :, :12], logits[0, 0, :, 12:] = 5, 5
    depth = np.stack([np.full((16, 24), np.log(0.1)), np.zeros((16, 24))])[None]
    outputs = {"segmentation": logits, "depth": depth.astype(np.float32)}
    found = decoding.results_of(outputs, WIDE)
    assert found["segmentation"].mask.shape == (50, 90)
    assert (found["segmentation"].mask[:, :48] == 3).all()
    assert (found["segmentation"].mask[:, 48:] == 0).all()
    np.testing.assert_allclose(found["depth"].depth, 10, rtol=1e-5)


def test_a_slice_without_events_changes_nothing():
    calls = []

    class Counting:
        def reset(self):
            pass

        def step(self, events):
            calls.append(events)
            return {"image": events[:, :1]}

    network = Network("", Counting())
    network.start(SENSOR)
    some = Events.from_columns([0], [5], [5], [1], sensor=SENSOR)
    first = network.step(Slice(0, some, 0, 1000, "time"))
    assert network.step(Slice(1, Events.empty(SENSOR), 1000, 2000, "time")) is first
    assert len(calls) == 1


def test_the_ground_plane_is_nearer_further_down():
    plane = ground_plane()
    plane.start(SENSOR)
    depth = plane.step(None)["depth"].depth
    assert (depth[:24] == 30).all()
    assert (np.diff(depth[:, 0]) <= 0).all()
    assert depth[-1, 0] == pytest.approx(0.9 * 64 / 23.5)


def test_a_network_scores_on_all_its_tasks(frozen):
    (scores,) = evaluate(frozen, [opened().network], rounds=2)
    assert set(scores.settled) == {"detection", "segmentation", "depth"}
    assert 0 <= scores.settled["segmentation"]["miou"].value <= 1


def test_real_images_are_compared_from_30_ms_on(recordings):
    (recording,) = recordings_with_images(recordings)
    assert (recording.name, recording.may_be_shown) == ("slider_depth", False)
    assert [truth.t_us for truth in recording.sequence.truths] == pytest.approx(
        [46_000, 96_000], abs=500
    )
    assert np.diff(recording.sequence.edges_us).max() <= 20_000
    scores = score_images(recording, baselines())
    assert set(scores) == {"grey", "accumulated frame", "FIBAR"}
    assert scores["grey"].whole["correlation"].value == 0


def test_where_something_happened_is_around_recent_events():
    data = Events.from_columns([0, 150_000], [5, 40], [5, 20], [1, 1], sensor=SENSOR)
    sequence = ValidationSequence("", data, np.array([0, 200_000]), ())
    active = active_pixels(sequence, 200_000)
    assert active.sum() == 7 * 7
    assert active[17:24, 37:44].all()


@pytest.mark.parametrize(
    ("licence", "shown"),
    [("MIT", True), ("Apache-2.0", True), ("GPL-3.0", False), ("MIT (see upstream)", False)],
)
def test_only_freely_licensed_recordings_may_be_shown(licence, shown):
    nothing = ValidationSequence("", Events.empty(SENSOR), np.zeros(1, np.int64), ())
    assert RealRecording("", nothing, licence).may_be_shown is shown


def test_people_are_looked_for_in_windows(recordings):
    windows = list(windows_with_people(recordings))
    assert np.diff(windows[0].sequence.edges_us).tolist() == pytest.approx([10_000] * 4, abs=30)
    found = score_people(windows, [*baselines(), opened().network])
    assert found["clusters"]["ap50 any class"].value == 1
    assert set(found) == {"clusters", "tiny"}


def test_pixels_that_were_never_measured_do_not_count(recordings):
    (recording,) = recordings_with_images(recordings)
    (first, *_) = recording.sequence.truths
    shade = first.shade.copy()
    shade[:, 60:] = np.nan
    partly = replace(recording.sequence, truths=(replace(first, shade=shade),))
    truth = replace(first, shade=np.where(np.isnan(shade), 0.5, shade))
    wholly = replace(recording.sequence, truths=(truth,))
    known, all_ = (
        score_images(replace(recording, sequence=one), baselines())["FIBAR"].whole
        for one in (partly, wholly)
    )
    assert known["mse"].value != all_["mse"].value
    assert not np.isnan(known["ssim"].value)


def test_a_damaged_manifest_is_one_clear_error(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(FormatError, match="copy it again"):
        list(recordings_with_images(tmp_path))


def test_a_table_reads_well():
    table = ScoreTable(
        "pictures", "method", ("MSE", "SSIM"),
        (("net", (Estimate(0.1, 0.05, 0.2), None)), ("grey", (Estimate(0.5, 0.5, 0.5),) * 2)),
    )  # fmt: skip
    assert table.markdown().splitlines() == [
        "| method | MSE | SSIM |",
        "|---|---:|---:|",
        "| net | 0.100 (0.050–0.200) | – |",
        "| grey | 0.500 | 0.500 |",
    ]
    assert table.as_dict()["rows"]["net"] == {"MSE": [0.1, 0.05, 0.2]}


def test_tables_leave_out_who_does_not_take_part(frozen):
    tables = {table.title: table for table in set_tables(evaluate(frozen, baselines(), rounds=0))}
    assert [name for name, _ in tables["reconstruction"].rows] == [
        "grey", "accumulated frame", "FIBAR",
    ]  # fmt: skip
    assert [name for name, _ in tables["depth"].rows] == ["median", "ground plane"]
    assert "segmentation" not in tables
    assert tables["detection, first quarter of a second"].columns == ("mAP50", "any class")


def test_a_whole_evaluation_writes_numbers_pictures_and_a_page(frozen, recordings, tmp_path):
    out = tmp_path / "out"
    report = run_evaluation([opened()], [frozen.folder, recordings], out, rounds=2)
    told = json.loads((out / "report.json").read_text())
    assert [section["title"] for section in told["data"]] == [
        "procedural set, slices of varied length", "Real recordings",
    ]  # fmt: skip
    assert told["models"][0]["name"] == "tiny"
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures == [
        "public-procedural-perception.png", "public-procedural-reconstruction.png",
        "real-people.png", "real-slider-depth.png",
    ]  # fmt: skip
    page = tmp_path / "docs" / "accuracy.md"
    page.parent.mkdir()
    write_page(report, page, "eventvision evaluate tiny")
    text = page.read_text()
    assert "    eventvision evaluate tiny\n" in text
    assert "| tiny | " in text
    shown = sorted(path.name for path in (page.parent / "pictures").iterdir())
    assert shown == ["accuracy-procedural-perception.png", "accuracy-procedural-reconstruction.png"]
    assert all(f"(pictures/{name})" in text for name in shown)


CARD = """name = "tiny"

[[metrics]]
name = "older [x]"
value = 0.5

[[data]]
name = "drawn"
"""


def test_a_card_gets_the_scores_of_each_form_in_place_of_older_ones(tmp_path):
    card = tmp_path / "card.toml"
    card.write_text(CARD)
    forms = [
        replace(opened(), card=load_card("perception-nano"), folder=tmp_path, artifact=form)
        for form in ("integer", "onnx")
    ]
    forms = [replace(one, network=Network(one.artifact, None)) for one in forms]
    score = Estimate(0.5, 0.25, 0.75)
    table = ScoreTable(
        "detection",
        "method",
        ("mAP50", "vehicle"),
        (("integer", (score, score)), ("onnx", (score, None))),
    )
    write_scores(Report((), (Section("S", "About.", (table,)),)), forms, "again")
    read = tomllib.loads(card.read_text())
    expected = {"name": "mAP50", "value": 0.5, "low": 0.25, "high": 0.75, "data": "S: detection"}
    assert read["metrics"] == [
        expected | {"artifact": form, "command": "again"} for form in ("integer", "onnx")
    ]
    assert read["data"] == [{"name": "drawn"}]


@pytest.mark.parametrize("name", ["perception-nano", "reconstruction-nano"])
def test_shipped_networks_tell_how_good_they_are(name):
    found = load_card(name).metrics
    assert {metric.artifact for metric in found} == {"integer", "onnx"}
    assert all(name in metric.command for metric in found)


def test_a_page_without_a_model_is_not_written(tmp_path):
    with pytest.raises(ConfigError, match="at least one MODEL"):
        write_page(Report(()), tmp_path / "page.md", "")
    assert not list(tmp_path.iterdir())


def test_a_page_tells_what_is_known_of_a_model(tmp_path):
    facts = ModelFacts("net", "onnx", "onnx", 101_500, 0.123, 4.5e6, 9e6)
    write_page(Report((facts,), (Section("S", "About.", ()),)), tmp_path / "page.md", "x")
    row = "| net | onnx on onnx | 101,500 | 0.123 | 4,500,000 | 9,000,000 |"
    assert row in (tmp_path / "page.md").read_text().splitlines()


RECIPE = """
kind = "reconstruction"
name = "tiny"
[schedule]
batches = 1
"""


def test_the_checkpoint_of_a_training_is_evaluated_and_its_activity_measured(frozen, tmp_path):
    from safetensors.torch import save_file

    from eventvision.training.evaluation import activity_of
    from eventvision.training.networks import SpikingReconstruction

    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "recipe.toml").write_text(RECIPE)
    save_file(SpikingReconstruction().state_dict(), folder / "best.safetensors")
    model = open_model(folder)
    assert (model.network.name, model.device) == ("model (torch)", "torch")
    (scores,) = evaluate(frozen, [model.network], rounds=0)
    assert 0 <= scores.settled["reconstruction"]["ssim"].value <= 1
    activity = activity_of(folder, frozen)
    assert activity.steps == 8
    assert 0 < activity.synaptic_operations < activity.macs


def test_a_model_for_something_else_is_refused():
    with pytest.raises(ModelError, match="does classification"):
        open_model("digits-nano")


def test_a_folder_without_a_network_says_what_is_missing(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE)
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        open_model(tmp_path)


def command(monkeypatch, *arguments):
    """Run the command in this process and return its exit code."""
    monkeypatch.setattr(sys, "argv", ["eventvision", "evaluate", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_the_command_prints_tables_and_writes_files(frozen, tmp_path, monkeypatch, capsys):
    from safetensors.torch import save_file

    from eventvision.training.scenes import build_network, load_scene_recipe

    twin = tmp_path / "twin"
    twin.mkdir()
    (twin / "recipe.toml").write_text('size = "tiny"\nspiking = false\n' + RECIPE.lstrip())
    network = build_network(load_scene_recipe(twin / "recipe.toml"))
    save_file(network.state_dict(), twin / "model.safetensors")
    out = tmp_path / "out"
    assert command(monkeypatch, "--data", frozen.folder, "--out", out, "--twin", twin) == 0
    told = capsys.readouterr().out
    assert "FIBAR" in told
    assert "non-spiking twin" in told
    assert (out / "report.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a folder of a frozen set or of recordings"),
        (("--data", "."), "made by --make"),
        (("--card", "--data", "."), "at least one MODEL with a card"),
        (("--make", "mixed", "--data", "x"), "a folder of images"),
        (("--make", "other", "--data", "x"), "mixed, procedural"),
        (("--make", "procedural"), "one folder to make the set in"),
        (("nosuch-model", "--data", "."), "nosuch-model"),
    ],
)
def test_a_wrong_command_is_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command(monkeypatch, *arguments) == 2
    told = capsys.readouterr().err.strip()
    assert len(told.splitlines()) == 1
    assert message in told
