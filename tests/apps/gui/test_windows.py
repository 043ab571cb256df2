"""The main window: keys, menus, views, timeline and pipeline panel do what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from eventvision_apps.gui.history import History, entry_of, extended
from eventvision_apps.gui.overview import Overview
from eventvision_apps.gui.state import PlaybackPart, Viewport
from eventvision_apps.gui.views.commands import COMMANDS, MENUS
from eventvision_apps.gui.views.main_window import MainWindow
from eventvision_apps.gui.views.panels import PANELS
from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QComboBox, QLineEdit, QToolButton

from eventvision.core import Detections, Events, SensorSize, Slice, SliceResult, SourceInfo
from eventvision.tasks import parse_gates

PATIENCE_MS = 120_000
SENSOR = SensorSize(64, 48)
INFO = SourceInfo(name="x", format="AEDAT4", sensor=SENSOR, sensor_from="header")
NO_KEYS = Qt.KeyboardModifier.NoModifier


def result(index: int = 0, *, potential: bool = False) -> SliceResult:
    draw = np.random.default_rng(index)
    t0_us = index * 10_000
    t = np.sort(draw.integers(t0_us, t0_us + 10_000, 400))
    x, y = draw.integers(0, 64, 400), draw.integers(0, 48, 400)
    events = Events.from_columns(t, x, y, draw.integers(0, 2, 400), sensor=SENSOR)
    found = Detections(
        np.array([[8, 8, 20, 16]], np.float32), np.array([0.75], np.float32), np.array([0])
    )
    trace = np.linspace(0, 1, 5, dtype=np.float32) if potential else None
    slice_ = Slice(index, events, t0_us, t0_us + 10_000, "spike", potential=trace)
    return SliceResult(slice_, {"detection": found})


@pytest.fixture
def window(application, qtbot) -> MainWindow:
    state, controller = application
    window = MainWindow(state, controller)
    qtbot.addWidget(window, before_close_func=lambda each: each._timer.stop())
    window.resize(1000, 700)
    window.show()
    return window


@pytest.fixture
def drawn(window, qtbot) -> MainWindow:
    """A window with something to see."""
    show(window, qtbot)
    return window


def show(window: MainWindow, qtbot, count: int = 3) -> None:
    for index in range(count):
        window.controller.renderer.deliver(result(index))
    qtbot.waitUntil(
        lambda: (
            window.controller.shown is not None and window.controller.shown.now_us == count * 10_000
        ),
        timeout=PATIENCE_MS,
    )


def colours(widget) -> int:
    image = widget.grab().toImage()
    places = [(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)]
    return len({image.pixelColor(x, y).rgb() for x, y in places})


def settled(qtbot, is_so: Callable[[], object]) -> None:
    qtbot.waitUntil(lambda: bool(is_so()), timeout=PATIENCE_MS)


def test_every_command_is_in_a_menu_and_no_key_does_two_things():
    assert {command.menu for command in COMMANDS} <= set(MENUS)
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))


def test_every_command_is_an_action_with_its_keys(window):
    actions = {action.text(): len(action.shortcuts()) for action in window.actions()}
    expected = {command.text: len(command.keys) for command in COMMANDS}
    assert {text: actions.get(text) for text in expected} == expected


def test_every_panel_is_filled_once_it_is_seen(window, qtbot):
    for panel in PANELS:
        window.show_panel(panel.title)
        widget = window.docks[panel.title].widget()
        settled(qtbot, lambda widget=widget: not hasattr(widget, "is_loading"))
        assert widget is not None


@pytest.mark.parametrize(
    ("key", "changed"),
    [
        (Qt.Key.Key_O, lambda state: not state.views.value.views[0].boxes),
        (Qt.Key.Key_Minus, lambda state: state.views.value.views[0].accumulation_us == 5_000),
        (Qt.Key.Key_Plus, lambda state: state.views.value.views[0].accumulation_us == 20_000),
        (Qt.Key.Key_BracketRight, lambda state: state.playback.value.speed == 2.0),
        (Qt.Key.Key_BracketLeft, lambda state: state.playback.value.speed == 0.5),
        (Qt.Key.Key_L, lambda state: state.playback.value.loops),
    ],
)
def test_keys_do_what_they_say(window, qtbot, key, changed):
    window.activateWindow()
    window.grid.setFocus()
    qtbot.keyClick(window.grid.panes[0].view, key)
    settled(qtbot, lambda: changed(window.state))


def test_a_view_shows_the_picture_that_was_drawn(drawn):
    view = drawn.grid.panes[0].view
    assert colours(view) > 10


def test_four_views_are_arranged_and_go_again(drawn, qtbot):
    drawn.controller.views.set_count(4)
    show(drawn, qtbot, 4)
    assert len(drawn.grid.panes) == 4
    assert all(pane.view.width() > 100 for pane in drawn.grid.panes)
    assert len({pane.view._image is not None for pane in drawn.grid.panes}) == 1
    drawn.controller.views.set_count(1)
    assert len(drawn.grid.panes) == 1
    show(drawn, qtbot, 5)


def test_the_wheel_zooms_around_the_pointer(drawn):
    view = drawn.grid.panes[0].view
    at = QPointF(view.width() / 3, view.height() / 3)
    place = view.mapping().to_sensor(at.x(), at.y())
    wheel(view, at, 240)
    assert drawn.state.views.value.viewports[0].zoom > 1.5
    assert view.mapping().to_sensor(at.x(), at.y()) == pytest.approx(place, abs=0.2)


def test_dragging_moves_the_sensor_and_a_double_click_shows_all(drawn):
    view = drawn.grid.panes[0].view
    wheel(view, QPointF(view.width() / 2, view.height() / 2), 600)
    before = drawn.state.views.value.viewports[0]
    drag(view, QPoint(200, 200), QPoint(240, 180))
    after = drawn.state.views.value.viewports[0]
    assert after.x < before.x
    assert after.y > before.y
    mouse(view, QEvent.Type.MouseButtonDblClick, QPoint(100, 100))
    assert drawn.state.views.value.viewports[0] == Viewport()


def test_the_pixel_under_the_pointer_is_told(drawn, qtbot):
    view = drawn.grid.panes[0].view
    x, y = view.mapping().to_view(20.5, 30.5)
    mouse(view, QEvent.Type.MouseMove, QPoint(round(x), round(y)), Qt.MouseButton.NoButton)
    settled(qtbot, lambda: (drawn.state.pointer.value.x, drawn.state.pointer.value.y) == (20, 30))
    view.leaveEvent(None)
    settled(qtbot, lambda: drawn.state.pointer.value.x == -1)


def test_what_watches_a_place_says_how_to_choose_one(window):
    pipeline, state = window.controller.pipeline, window.state
    for name in ("alarm", "counting"):
        assert not pipeline.set_task(name, on=True)
        assert "press" in state.problems.value[-1].text
    assert pipeline.count_at("zone=40x30+2+3")
    assert "counting" in state.pipeline.value.on
    assert not state.problems.value
    assert pipeline.set_task("counting", on=False)
    assert pipeline.set_task("counting", on=True)


def test_a_region_that_was_dragged_can_become_a_filter(drawn, monkeypatch):
    view = drawn.grid.panes[0].view
    drawn.grid.choose("region")
    assert view.wanted
    offered = []

    def choose(menu, _at):
        offered.extend(action.text() for action in menu.actions() if action.text())
        menu.actions()[2].trigger()

    monkeypatch.setattr("PyQt6.QtWidgets.QMenu.exec", choose)
    mapping = view.mapping()
    corners = [QPoint(*map(round, mapping.to_view(*place))) for place in ((10, 10), (30, 25))]
    drag(view, *corners)
    assert len(offered) == 5
    name, _, setting = drawn.state.pipeline.value.filters[-1].partition(":")
    width, height = map(int, setting.partition("+")[0].split("x"))
    assert name == "roi"
    assert abs(width - 20) <= 1
    assert abs(height - 15) <= 1
    assert not view.wanted


def test_lines_that_are_dragged_are_counted_at(drawn):
    view, pipeline = drawn.grid.panes[0].view, drawn.controller.pipeline
    for places in (((10, 10), (10, 30)), ((20, 10), (20, 10)), ((40, 10), (60, 30))):
        drawn.grid.choose("line")
        mapping = view.mapping()
        drag(view, *(QPoint(*map(round, mapping.to_view(*place))) for place in places))
        assert not view.wanted
    (counting,) = (task for task in drawn.state.pipeline.value.tasks if task.name == "counting")
    gates = parse_gates(counting.method)
    assert counting.on
    assert len(gates.lines) == 2  # a click is no line
    np.testing.assert_allclose(gates.lines[0].points, [[10, 10], [10, 30]], atol=1)
    assert pipeline.count_nowhere()
    assert "counting" not in drawn.state.pipeline.value.on


def test_a_line_is_chosen_with_the_keyboard_and_the_view_is_moved(drawn, qtbot):
    view = drawn.grid.panes[0].view
    drawn.grid.choose("line")
    for key in (Qt.Key.Key_Return, *[Qt.Key.Key_Down] * 9, Qt.Key.Key_Return):
        qtbot.keyClick(view, key)
    (counting,) = (task for task in drawn.state.pipeline.value.tasks if task.name == "counting")
    np.testing.assert_array_equal(
        parse_gates(counting.method).lines[0].points, [[32, 24], [32, 33]]
    )
    qtbot.keyClick(view, Qt.Key.Key_PageUp)
    zoomed = drawn.state.views.value.viewports[0]
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert zoomed.zoom > 1
    assert drawn.state.views.value.viewports[0].x > zoomed.x
    drawn.grid.choose("region")
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert not view.wanted


def test_without_anything_open_the_view_says_what_to_do(window):
    empty = window.grid.panes[0].view.grab().toImage()
    window.state.playback.set(PlaybackPart(phase="failed"))
    window.grid.panes[0].view.update()
    failed = window.grid.panes[0].view.grab().toImage()
    assert empty != failed


def test_the_timeline_seeks_where_it_is_clicked(window, qtbot):
    state = window.state
    timeline = window.docks["Timeline"].widget().timeline
    counts = np.ones((2, 100), np.int64)
    state.source.change(name="x", info=INFO)
    state.playback.change(phase="paused", first_us=0, last_us=1_000_000)
    state.overview.set(Overview(0, 1_000_000, 10_000, counts, 1.0))
    axis = timeline.axis()
    x = round(8 + axis.column(250_000))
    mouse(timeline, QEvent.Type.MouseButtonPress, QPoint(x, 20))
    assert state.playback.value.is_scrubbing
    mouse(timeline, QEvent.Type.MouseButtonRelease, QPoint(x, 20))
    part = state.playback.value
    assert part.position_us == pytest.approx(250_000, abs=2_000)
    assert part.is_seeking
    assert not part.is_scrubbing


def test_the_timeline_draws_slices_and_the_potential(window):
    timeline = window.docks["Timeline"].widget().timeline
    timeline.resize(600, 180)
    before = colours(timeline)
    state = window.state
    state.overview.set(Overview(0, 1_000_000, 10_000, np.ones((2, 100), np.int64), 0.5))
    state.playback.change(mark_in_us=200_000, mark_out_us=700_000)
    state.history.set(extended(History(), [entry_of(result(n, potential=True)) for n in range(20)]))
    assert colours(timeline) > before + 3


def test_the_transport_is_disabled_for_live_sources(window):
    state = window.state
    buttons = window.docks["Timeline"].widget().transport.findChildren(QToolButton)
    state.source.change(name="camera:", info=INFO, is_live=True)
    assert sum(button.isEnabled() for button in buttons) == 1
    state.source.change(is_live=False)
    assert all(button.isEnabled() for button in buttons)


def test_tasks_are_switched_in_the_panel(window, qtbot):
    from PyQt6.QtWidgets import QCheckBox

    panel = window.docks["Pipeline"].widget()
    boxes = {box.text(): box for box in panel.findChildren(QCheckBox)}
    boxes["Detection"].click()
    chosen = {task.name: task.on for task in window.state.pipeline.value.tasks}
    assert not chosen["detection"]
    window.controller.pipeline.set_task("detection", on=True)
    assert boxes["Detection"].isChecked()


def test_filters_are_added_tuned_and_taken_away_in_the_panel(window, qtbot):
    from PyQt6.QtWidgets import QSlider

    panel = window.docks["Pipeline"].widget()
    (slider,) = panel.findChildren(QSlider)
    slider.setValue(slider.maximum())
    settled(qtbot, lambda: window.state.pipeline.value.filters == ("background:100000us",))
    add = next(b for b in panel.findChildren(QToolButton) if b.text() == "Add filter")
    flip = next(action for action in add.menu().actions() if action.text() == "Flip")
    flip.trigger()
    assert window.state.pipeline.value.filters == ("background:100000us", "flip:x")
    window.controller.pipeline.remove_filter(0)
    assert window.state.pipeline.value.filters == ("flip:x",)


def test_the_slicer_is_chosen_in_the_panel(window, qtbot):
    panel = window.docks["Pipeline"].widget()
    kinds = next(box for box in panel.findChildren(QComboBox) if box.accessibleName() == "Slicer")
    kinds.activated.emit(kinds.findText("Events"))
    assert window.state.pipeline.value.slicer == "count:20000"
    edit = next(each for each in panel.findChildren(QLineEdit) if "slicer" in each.accessibleName())
    assert edit.text() == "20000"
    edit.selectAll()
    qtbot.keyClicks(edit, "5000")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert window.state.pipeline.value.slicer == "count:5000"


def test_a_problem_is_shown_in_the_line_below(window):
    window.controller.problems.add("source", "gone.raw: no such file; check the path")
    assert window.statusBar()._problem.text().startswith("gone.raw")


def test_the_picture_of_the_views_is_saved(drawn, tmp_path, monkeypatch):
    path = tmp_path / "views.png"
    monkeypatch.setattr(
        "PyQt6.QtWidgets.QFileDialog.getSaveFileName", lambda *_: (str(path), "png")
    )
    drawn.save_picture()
    assert path.read_bytes().startswith(b"\x89PNG")


def wheel(view, at: QPointF, angle: int) -> None:
    view.wheelEvent(
        QWheelEvent(
            at,
            QPointF(view.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, angle),
            Qt.MouseButton.NoButton,
            NO_KEYS,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
    )


def mouse(widget, kind: QEvent.Type, at: QPoint, button=Qt.MouseButton.LeftButton) -> None:
    where = QPointF(at)
    place = QPointF(widget.mapToGlobal(at))
    event = QMouseEvent(kind, where, place, button, button, NO_KEYS)
    handlers = {
        QEvent.Type.MouseButtonPress: widget.mousePressEvent,
        QEvent.Type.MouseMove: widget.mouseMoveEvent,
        QEvent.Type.MouseButtonRelease: widget.mouseReleaseEvent,
        QEvent.Type.MouseButtonDblClick: widget.mouseDoubleClickEvent,
    }
    handlers[kind](event)


def drag(widget, start: QPoint, end: QPoint) -> None:
    mouse(widget, QEvent.Type.MouseButtonPress, start)
    mouse(widget, QEvent.Type.MouseMove, end)
    mouse(widget, QEvent.Type.MouseButtonRelease, end)
