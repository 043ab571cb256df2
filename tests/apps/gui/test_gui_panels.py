"""Panels do what their controls say, and show what they are told."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication

from eventvision.core import Events, SensorSize, Slice
from eventvision.io import CAMERA_MODELS, CameraDescription, default_settings, load_settings
from eventvision.simulation import shipped_recording

pytestmark = pytest.mark.usefixtures("no_thread_stays")
PATIENCE_MS = 120_000


@pytest.fixture
def shown(qtbot):
    def show(widget):
        qtbot.addWidget(widget)
        widget.show()
        return widget

    return show


# -- 3-D ----------------------------------------------------------------------------------------


def slices() -> list[Slice]:
    random = np.random.default_rng(0)
    sensor = SensorSize(64, 48)
    columns = [np.sort(random.integers(0, 100_000, 2000)), *random.integers(0, 48, (2, 2000))]
    events = Events.from_columns(*columns, random.integers(0, 2, 2000), sensor=sensor)
    return [Slice(0, events, 0, 100_000, "time")]


@pytest.fixture
def cloud(shown, qtbot):
    from eventvision_apps.gui.views.cloud_panel import CloudPanel

    panel = shown(CloudPanel(slices))
    panel.resize(600, 400)
    qtbot.waitUntil(lambda: panel.view._artist.take() is not None, timeout=PATIENCE_MS)
    yield panel
    panel.view.stop()


def colours(widget) -> set[str]:
    image = widget.grab().toImage()
    places = [(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)]
    return {image.pixelColor(x, y).name() for x, y in places}


def test_the_cloud_is_drawn(cloud):
    assert len(colours(cloud.view)) > 50


def test_without_events_the_cloud_says_what_to_do(shown, qtbot):
    from eventvision_apps.gui.views.cloud_view import CloudView

    view = shown(CloudView(list))
    qtbot.waitUntil(lambda: view._artist.take() is not None, timeout=PATIENCE_MS)
    view.stop()
    shown_text = view.grab().toImage()
    assert len({shown_text.pixel(x, 5) for x in range(shown_text.width())}) == 1
    assert len(colours(view)) > 1


def drag(view, button: Qt.MouseButton) -> None:
    """Press, move 40 px to the right and 10 down, release."""
    none = Qt.MouseButton.NoButton
    for kind, at, pressed in (
        (QEvent.Type.MouseButtonPress, QPointF(99, 99), button),
        (QEvent.Type.MouseMove, QPointF(139, 109), button),
        (QEvent.Type.MouseButtonRelease, QPointF(139, 109), none),
    ):
        keys = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(view, QMouseEvent(kind, at, at, button, pressed, keys))


def test_dragging_turns_the_cloud_and_the_right_button_moves_it(cloud):
    view, before = cloud.view, cloud.view.orbit
    drag(view, Qt.MouseButton.LeftButton)
    assert view.orbit == before.turned(16, 4)
    drag(view, Qt.MouseButton.RightButton)
    assert view.orbit.pan_x > 0


def test_the_wheel_zooms(cloud):
    at, none = QPointF(9, 9), Qt.MouseButton.NoButton
    keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, at, QPoint(0, 0), QPoint(0, 120), none, keys, phase, False)
    before = cloud.view.orbit.zoom
    QApplication.sendEvent(cloud.view, event)
    assert cloud.view.orbit.zoom > before


@pytest.mark.parametrize(
    ("key", "field", "sign"),
    [
        (Qt.Key.Key_Right, "yaw_deg", 1),
        (Qt.Key.Key_Left, "yaw_deg", -1),
        (Qt.Key.Key_Down, "pitch_deg", 1),
        (Qt.Key.Key_Plus, "zoom", 1),
        (Qt.Key.Key_Minus, "zoom", -1),
    ],
)
def test_the_cloud_follows_the_keyboard(cloud, qtbot, key, field, sign):
    before = getattr(cloud.view.orbit, field)
    qtbot.keyClick(cloud.view, key)
    assert np.sign(getattr(cloud.view.orbit, field) - before) == sign
    qtbot.keyClick(cloud.view, Qt.Key.Key_Home)
    assert getattr(cloud.view.orbit, field) == before


def test_the_time_shown_can_be_chosen(cloud):
    cloud.span.setCurrentIndex(0)
    assert cloud.view.span_us == 50_000


# -- cameras ------------------------------------------------------------------------------------


EVK4 = CameraDescription(driver="test", model="evk4", title="EVK4", serial="42")
BUSY = CameraDescription(driver="test", model="davis", title="DAVIS", serial="7", problem="in use")


@pytest.fixture
def cameras(shown, tmp_path):
    from eventvision_apps.gui.camera_desk import CameraDesk
    from eventvision_apps.gui.views.camera_panel import CameraPanel

    attached: list[CameraDescription] = []
    panel = CameraPanel(CameraDesk(tmp_path, lambda: None, lambda _: None), lambda: attached)
    panel.attached = attached
    shown(panel)
    yield panel
    panel.stop()


def test_without_a_camera_there_is_a_way_to_try_one(cameras, qtbot):
    assert cameras.nothing.isVisible()
    assert not cameras.open_button.isEnabled()
    with qtbot.waitSignal(cameras.simulator_wanted, timeout=PATIENCE_MS):
        cameras.simulator_wanted.emit()


def test_a_camera_that_is_plugged_in_appears_and_opens(cameras, qtbot):
    cameras.attached.append(EVK4)
    cameras.watch.look_now()
    qtbot.waitUntil(lambda: cameras.cameras.count() == 1, timeout=PATIENCE_MS)
    with qtbot.waitSignal(cameras.wanted, timeout=PATIENCE_MS) as wanted:
        cameras.open_button.click()
    assert wanted.args == ["camera:evk4/42", ""]


def test_a_camera_that_is_in_use_cannot_be_opened_and_says_so(cameras, qtbot):
    cameras.attached.append(BUSY)
    cameras.watch.look_now()
    qtbot.waitUntil(lambda: cameras.cameras.count() == 1, timeout=PATIENCE_MS)
    assert "in use" in cameras.cameras.item(0).text()
    assert cameras.models.currentData() == "davis"


@pytest.mark.parametrize("model", CAMERA_MODELS)
def test_every_model_has_its_own_controls(cameras, model):
    cameras.choose_model(model)
    assert set(cameras._rows) == set(default_settings(model).model_dump()) - {"model"}
    for name, value in default_settings(model).model_dump().items():
        row = cameras._rows.get(name)
        if row is not None and value is not None:
            assert row.value() == value


def test_turning_a_slider_changes_the_setting_and_its_field(cameras):
    cameras.choose_model("evk4")
    row = cameras._rows["bias_fo"]
    row.slider.setValue(row.slider.maximum())
    assert row.field.value() == 55
    assert cameras._desk.settings.bias_fo == 55
    row.field.setValue(-35)
    assert row.slider.value() == 0


def test_a_region_stays_on_the_sensor(cameras):
    cameras.choose_model("dvs128")
    row = cameras._rows["roi"]
    row.given.setChecked(True)
    row.sliders["x"].setValue(127)
    assert cameras._desk.settings.roi.model_dump() == {"x": 127, "y": 0, "width": 1, "height": 128}
    row.given.setChecked(False)
    assert cameras._desk.settings.roi is None


def test_what_a_model_lacks_is_shown_as_lacking(cameras):
    cameras.choose_model("triton")
    groups = {
        box.title(): box.isEnabled()
        for box in cameras.area.widget().children()
        if hasattr(box, "title")
    }
    assert groups["Biases"]
    assert not groups["Region of interest"]


def test_settings_are_saved_and_loaded(cameras, tmp_path):
    cameras.choose_model("evk4")
    cameras._rows["bias_hpf"].field.setValue(60)
    cameras.save(tmp_path / "mine.json")
    assert load_settings(tmp_path / "mine.json").bias_hpf == 60
    cameras._reset()
    assert cameras._rows["bias_hpf"].value() == 0
    cameras.load(tmp_path / "mine.json")
    assert cameras._rows["bias_hpf"].value() == 60


def test_a_file_that_holds_no_settings_is_told_in_the_panel(cameras, tmp_path):
    (tmp_path / "bad.json").write_text("{")
    cameras.load(tmp_path / "bad.json")
    assert "bad.json" in cameras.notice.text()


# -- network, simulator, files --------------------------------------------------------------------


def test_network_fields_make_an_address_and_hide_what_does_not_apply(shown, qtbot):
    from eventvision_apps.gui.views.network_panel import NetworkPanel

    panel = shown(NetworkPanel())
    assert panel.address.text() == "tcp://localhost:7777"
    panel.scheme.setCurrentIndex(2)
    assert not panel.connect_button.isEnabled()
    assert "sensor" in panel.address.text()
    assert panel.wire.isVisible()
    assert not panel.token.isVisible()
    panel.sensor.setText("640x480")
    with qtbot.waitSignal(panel.wanted, timeout=PATIENCE_MS) as wanted:
        panel.connect_button.click()
    assert wanted.args == ["udp://localhost:7777?sensor=640x480"]


def test_a_scene_is_opened_by_activating_it(shown, qtbot):
    from eventvision_apps.gui.views.simulator_panel import SimulatorPanel

    panel = shown(SimulatorPanel())
    panel.scenes.setCurrentRow(1)
    panel.seed.setValue(4)
    with qtbot.waitSignal(panel.wanted, timeout=PATIENCE_MS) as wanted:
        panel.scenes.itemActivated.emit(panel.scenes.item(1))
    assert wanted.args == ["sim:street?seed=4"]


def test_dropped_files_are_opened_and_others_told(shown, tmp_path):
    from eventvision_apps.gui.views.sources_panel import FilesPanel

    opened: list[str] = []
    panel = shown(FilesPanel(list, opened.append))
    for name in ("a.raw", "b.raw"):
        (tmp_path / name).touch()
    panel.drop([str(tmp_path)])
    assert [Path(name).name for name in opened] == ["a.raw"]
    assert panel.recent.count() == 2
    panel.drop([str(tmp_path / "none.raw")])
    assert "no such file" in panel.notice.text()


def test_recordings_that_are_gone_cannot_be_chosen(shown, tmp_path):
    from eventvision_apps.gui.views.sources_panel import FilesPanel

    panel = shown(FilesPanel(list, list))
    panel.show_recent((str(tmp_path / "gone.raw"), str(shipped_recording("room")), "sim:room"))
    enabled = [bool(panel.recent.item(n).flags() & Qt.ItemFlag.ItemIsEnabled) for n in range(3)]
    assert enabled == [False, True, True]


# -- recording, problems, welcome, keys ------------------------------------------------------------


def test_the_record_panel_tells_time_size_and_what_is_lost(shown, tmp_path):
    from eventvision_apps.gui.recording_plan import RecordingPlan
    from eventvision_apps.gui.state import RecordingPart
    from eventvision_apps.gui.views.record_panel import RecordPanel

    plans: list[RecordingPlan] = []
    panel = shown(RecordPanel(RecordingPlan(folder=tmp_path), list, plans.append))
    assert not panel.record.isEnabled()
    panel.show_recording(
        RecordingPart(path=str(tmp_path / "a.raw"), seconds=3.2, bytes=4_000_000, dropped=7),
        can_record=True,
    )
    assert panel.told.text() == "0:03.2 · 4.0 MB"
    assert "7 events are missing" in panel.notice.text()
    assert not panel.pre_roll.isEnabled()
    panel.show_recording(RecordingPart(), can_record=True)
    panel.pre_roll.setCurrentIndex(3)
    panel.set_folder(tmp_path / "other")
    assert plans[-1] == RecordingPlan(folder=tmp_path / "other", pre_roll_s=5.0)


def test_problems_are_listed_with_what_helps_and_can_be_dismissed(shown, qtbot):
    from eventvision_apps.gui.state import Problem
    from eventvision_apps.gui.trouble import drops
    from eventvision_apps.gui.views.problems_panel import ProblemsPanel
    from PyQt6.QtWidgets import QLabel, QToolButton

    dismissed: list[Problem] = []
    panel = shown(ProblemsPanel(dismissed.append, list, list, list))
    assert not panel.clear_button.isEnabled()
    problem = Problem(where="file", text="a.raw: <b>is empty</b>; record it again")
    panel.show_problems((problem,), drops({"events: damaged": 5}))
    texts = [label.text() for label in panel.findChildren(QLabel)]
    assert "a.raw: <b>is empty</b>; record it again" in texts
    assert any("5 events lost (damaged)" in text for text in texts)
    panel.area.widget().findChild(QToolButton).click()
    assert dismissed == [problem]


def test_the_banner_shows_the_latest_problem_until_it_is_put_away(shown):
    from eventvision_apps.gui.state import Problem
    from eventvision_apps.gui.views.problem_banner import ProblemBanner
    from PyQt6.QtWidgets import QWidget

    over = shown(QWidget())
    over.resize(500, 300)
    banner = ProblemBanner(over, list)
    first, second = (Problem(where="file", text=text) for text in ("first", "second"))
    banner.show_problems((first,))
    assert banner.isVisible()
    banner.put_away()
    banner.show_problems((first,))
    assert not banner.isVisible()
    banner.show_problems((first, second, Problem(where="file", text="by the way", severity="info")))
    assert (banner.isVisible(), banner.text.text()) == (True, "second")
    assert over.rect().contains(banner.geometry())


def test_the_welcome_opens_samples_and_draws_them(shown, qtbot):
    from eventvision_apps.gui.views.welcome import WelcomePage
    from PyQt6.QtWidgets import QWidget

    over = shown(QWidget())
    over.resize(700, 600)
    opened: list[str] = []
    page = WelcomePage(opened.append, (), over)
    page.show()
    assert page.geometry() == over.rect()
    page.cards["room"].click()
    assert opened == [str(shipped_recording("room"))]
    qtbot.waitUntil(lambda: not page.cards["street"].icon().isNull(), timeout=PATIENCE_MS)
    page.stop()


def test_help_lists_every_command_and_finds_them(shown):
    from eventvision_apps.gui.views.commands import COMMANDS
    from eventvision_apps.gui.views.keys_dialog import MOUSE, KeysDialog

    dialog = shown(KeysDialog(COMMANDS))
    groups = [dialog.tree.topLevelItem(n) for n in range(dialog.tree.topLevelItemCount())]
    assert sum(group.childCount() for group in groups) == len(COMMANDS) + len(MOUSE)
    dialog.search.setText("ctrl+r")
    seen = [
        group.child(n).text(0)
        for group in groups
        for n in range(group.childCount())
        if not group.child(n).isHidden()
    ]
    assert seen == ["Record or stop"]


def test_every_command_says_in_plain_words_what_it_does():
    from eventvision_apps.gui.views.commands import COMMANDS

    assert [command.text for command in COMMANDS if not command.tip] == []


def test_no_key_means_two_things():
    from eventvision_apps.gui.views.commands import COMMANDS

    keys = [key.casefold() for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


# -- dialogs --------------------------------------------------------------------------------------


def test_an_export_runs_shows_what_was_done_and_can_be_done_again(shown, qtbot, tmp_path):
    from eventvision_apps.gui.exports import new_export
    from eventvision_apps.gui.views.export_dialog import ExportDialog

    form = new_export("cut", str(shipped_recording("shapes")), tmp_path)
    dialog = shown(ExportDialog(form))
    dialog.end.setValue(0.1)
    with qtbot.waitSignal(dialog.strip.over, timeout=PATIENCE_MS) as over:
        dialog.go.click()
    assert over.args[0].state == "done"
    assert "shapes-part.aedat4" in dialog.strip.text.text()
    assert dialog.go.text() == "Again"
    dialog.go.click()
    assert "exists already" in dialog.notice.text()


def test_closing_the_dialog_cancels_the_export(shown, tmp_path):
    from eventvision_apps.gui.exports import new_export
    from eventvision_apps.gui.views.export_dialog import ExportDialog

    form = new_export("convert", str(shipped_recording("shapes")), tmp_path)
    dialog = shown(ExportDialog(form))
    dialog.out.setText(str(tmp_path / "shapes.csv"))
    dialog.go.click()
    dialog.close()
    assert not list(tmp_path.glob("*.part"))


def test_the_contents_of_a_recording_are_shown(shown, qtbot):
    from eventvision_apps.gui.views.inspection_dialog import InspectionDialog

    dialog = shown(InspectionDialog(str(shipped_recording("room")), list))
    qtbot.waitUntil(lambda: dialog.contents.rowCount() > 0, timeout=PATIENCE_MS)
    values = {
        dialog.contents.item(n, 0).text(): dialog.contents.item(n, 1).text() for n in range(12)
    }
    assert values["Events"] == "345,253"
    assert not dialog.repair_button.isEnabled()


def test_diagnostics_reach_the_clipboard(application, qtbot, shown):
    from eventvision_apps.gui.views.problems_panel import make

    panel = shown(make(*application))
    panel.copy_button.click()
    qtbot.waitUntil(lambda: "Copied" in panel.told.text(), timeout=PATIENCE_MS)
    assert "[devices]" in QApplication.clipboard().text()


def test_space_is_left_to_the_button_that_was_reached_by_tab(application, shown, qtbot):
    from eventvision_apps.gui.views.main_window import MainWindow
    from PyQt6.QtWidgets import QCheckBox

    state, controller = application
    window = shown(MainWindow(state, controller))
    panel = window.show_panel("3-D")
    box = panel.findChild(QCheckBox)
    qtbot.mouseClick(box, Qt.MouseButton.LeftButton)
    assert not box.hasFocus()
    box.setFocus(Qt.FocusReason.TabFocusReason)
    was = box.isChecked()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked() != was
    window.close()


def test_the_layout_is_kept_and_can_be_undone(application, shown):
    from eventvision_apps.gui.views.layout import keep_layout, reset_layout
    from eventvision_apps.gui.views.main_window import MainWindow

    state, controller = application
    window = shown(MainWindow(state, controller))
    keep_layout(window)
    window.docks["Timeline"].hide()
    window.close()
    kept = state.preferences.value
    assert kept.layout
    assert kept.geometry
    reset_layout(window)
    assert not window.docks["Timeline"].isHidden()


def test_the_documentation_lists_every_key():
    from eventvision_apps.gui.views.commands import COMMANDS

    page = (Path(__file__).parents[3] / "docs" / "gui.md").read_text(encoding="utf-8")
    missing = [
        command.text
        for command in COMMANDS
        if f"| {command.text.rstrip('…')} | {', '.join(f'`{k}`' for k in command.keys)} |"
        not in page
    ]
    assert not missing


def test_every_link_of_the_documentation_leads_somewhere():
    docs = Path(__file__).parents[3] / "docs"
    page = (docs / "gui.md").read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)]+)\)", page):
        file, _, part = target.partition("#")
        assert not file or (docs / file).exists(), target
        assert file or part in headings, target
