"""Data sets are read in the layout in which they are distributed; all files are made here."""

from __future__ import annotations

import pickle
import struct

import cv2
import h5py
import numpy as np
import pytest

from eventvision.core import (
    EVENT_DTYPE,
    Events,
    FormatError,
    Packet,
    SensorSize,
    SourceNotFoundError,
)
from eventvision.io import open_writer
from eventvision.simulation import DETECTION_CLASSES, SEGMENTATION_CLASSES
from eventvision.training import datasets
from eventvision.training.datasets import UNLABELLED, LabelledBoxes

GEN1, MEGAPIXEL, DSEC = SensorSize(304, 240), SensorSize(1280, 720), SensorSize(640, 480)
START_US = 1_000_000


def made(sensor, *, start_us=0, count=4000, span_us=400_000, seed=0):
    random = np.random.default_rng(seed)
    data = np.zeros(count, EVENT_DTYPE)
    data["t"] = start_us + np.sort(random.integers(0, span_us, count))
    data["x"] = random.integers(0, sensor.width, count)
    data["y"] = random.integers(0, sensor.height, count)
    data["on"] = random.integers(0, 2, count)
    return Events(data, sensor)


def written(path, events, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = open_writer(path, events.sensor, **options)
    writer.write(Packet(events))
    writer.close()
    return events


def image(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), array)
    return array


def lines(path, *texts):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(texts) + "\n")


def same_events(sample, events):
    expected = events.between(sample.t0_us, sample.t1_us)
    assert len(expected) > 10
    np.testing.assert_array_equal(sample.events.data, expected.data)


def prophesee(root, sensor, name, time_column):
    events = written(root / "train" / "clip_td.dat", made(sensor))
    kinds = [(time_column, "<u8"), *((side, "<f4") for side in "xywh"), ("class_id", "u1"),
             ("class_confidence", "<f4"), ("track_id", "<u4")]  # fmt: skip
    rows = np.zeros(3, kinds)
    rows[time_column] = 200_000, 200_000, 300_000
    rows["x"], rows["w"], rows["class_id"], rows["track_id"] = (10, 20, 30), 15, (0, 1, 1), 7
    np.save(root / "train" / "clip_bbox.npy", rows)
    return getattr(datasets, name)(root, split="train"), events


@pytest.mark.parametrize(
    ("sensor", "name", "time_column"),
    [(GEN1, "Gen1Detection", "ts"), (MEGAPIXEL, "MegapixelDetection", "t")],
)
def test_prophesee_detection(tmp_path, sensor, name, time_column):
    dataset, events = prophesee(tmp_path, sensor, name, time_column)
    assert len(dataset) == 2
    first, second = dataset
    same_events(first, events)
    assert (first.t0_us, first.t1_us, second.t1_us) == (150_000, 200_000, 300_000)
    assert first.boxes.boxes.tolist() == [[10, 0, 15, 0], [20, 0, 15, 0]]
    assert first.boxes.classes.tolist() == [0, 1]
    assert second.boxes.ids.tolist() == [7]
    shared = first.in_shared_classes(dataset.shared_classes).boxes
    assert [DETECTION_CLASSES[kind] for kind in shared.classes] == (
        ["vehicle", "pedestrian"] if sensor == GEN1 else ["pedestrian", "cyclist"]
    )


def test_a_class_that_a_set_does_not_have_is_refused(tmp_path):
    prophesee(tmp_path, GEN1, "Gen1Detection", "ts")
    rows = np.load(tmp_path / "train" / "clip_bbox.npy")
    rows["class_id"] = 6
    np.save(tmp_path / "train" / "clip_bbox.npy", rows)
    with pytest.raises(FormatError, match="has the class 6"):
        datasets.Gen1Detection(tmp_path)[0]


@pytest.fixture
def sequence(tmp_path):
    """A DSEC sequence with its events, which begin at 1 s."""
    folder = tmp_path / "train" / "zurich_city_00_a"
    events = made(DSEC, start_us=START_US)
    written(folder / "events/left/events.h5", events)
    return folder, events


def rectify(folder, shift):
    x, y = np.meshgrid(np.arange(640, dtype=np.float32), np.arange(480, dtype=np.float32))
    with h5py.File(folder / "events/left/rectify_map.h5", "w") as file:
        file["rectify_map"] = np.stack([x + shift, y], axis=-1)


def test_dsec_detection(tmp_path, sequence):
    folder, events = sequence
    kinds = [("t", "<u8"), *((side, "<f8") for side in "xyhw"), ("class_id", "u1"),
             ("class_confidence", "<f8"), ("track_id", "<u8")]  # fmt: skip
    rows = np.zeros(2, kinds)
    rows["t"], rows["x"], rows["h"], rows["w"] = START_US + 100_000, (1, 2), 8, 9
    rows["class_id"], rows["track_id"] = (2, 5), (3, 4)
    (folder / "object_detections/left").mkdir(parents=True)
    np.save(folder / "object_detections/left/tracks.npy", rows)
    (sample,) = dataset = datasets.DsecDetection(tmp_path, split="train")
    same_events(sample, events)
    assert sample.boxes.boxes.tolist() == [[1, 0, 9, 8], [2, 0, 9, 8]]
    shared = sample.in_shared_classes(dataset.shared_classes).boxes
    assert (shared.classes.tolist(), shared.ids.tolist()) == ([0], [3])


def test_dsec_semantic_in_the_rectified_view(tmp_path, sequence):
    folder, events = sequence
    labels = np.full((440, 640), 5, np.uint8)
    labels[:100], labels[200] = 1, 0
    image(folder / "semantic/left/11classes/data/000000.png", labels)
    lines(folder / "semantic/timestamps.txt", str(START_US + 120_000))
    rectify(folder, 5)
    (sample,) = dataset = datasets.DsecSemantic(tmp_path)
    expected = events.between(sample.t0_us, sample.t1_us)
    kept = expected.x < 635
    np.testing.assert_array_equal(sample.events.x, expected.x[kept] + 5)
    assert (sample.segmentation[:440] == labels).all()
    assert (sample.segmentation[440:] == UNLABELLED).all()
    shared = sample.in_shared_classes(dataset.shared_classes).segmentation
    assert SEGMENTATION_CLASSES[shared[0, 0]] == "building"
    assert SEGMENTATION_CLASSES[shared[300, 0]] == "road"
    assert shared[200, 0] == UNLABELLED


def test_dsec_disparity(tmp_path, sequence):
    folder, events = sequence
    stored = np.zeros((480, 640), np.uint16)
    stored[10, 20] = 10 * 256 + 128
    image(folder / "disparity/event/000002.png", stored)
    lines(folder / "disparity/timestamps.txt", str(START_US + 110_000))
    (sample,) = datasets.DsecDisparity(tmp_path)
    same_events(sample, events)
    assert sample.disparity_px[10, 20] == 10.5
    assert np.isnan(sample.disparity_px).sum() == 480 * 640 - 1


def test_images_without_their_times_are_refused(tmp_path, sequence):
    folder, _ = sequence
    image(folder / "disparity/event/000002.png", np.zeros((480, 640), np.uint16))
    with pytest.raises(SourceNotFoundError, match=r"timestamps\.txt is missing"):
        datasets.DsecDisparity(tmp_path)
    lines(folder / "disparity/timestamps.txt", "1", "2")
    with pytest.raises(FormatError, match="2 times for 1 images"):
        datasets.DsecDisparity(tmp_path)


def test_mvsec_depth(tmp_path):
    events = made(SensorSize(346, 260), start_us=START_US)
    with h5py.File(tmp_path / "indoor_flying1_data.hdf5", "w") as file:
        rows = np.stack([events.x, events.y, events.t * 1e-6, 2.0 * events.on - 1], axis=1)
        file["davis/left/events"] = rows
    depth = np.full((2, 260, 346), np.nan, np.float32)
    depth[1, 5, 6] = 3.25
    with h5py.File(tmp_path / "indoor_flying1_gt.hdf5", "w") as file:
        file["davis/left/depth_image_raw"] = depth
        file["davis/left/depth_image_raw_ts"] = np.array([1.1, 1.15])
    dataset = datasets.MvsecDepth(tmp_path)
    assert len(dataset) == 2
    sample = pickle.loads(pickle.dumps(dataset))[1]
    same_events(sample, events)
    assert sample.depth_m[5, 6] == 3.25
    assert np.isnan(sample.depth_m).sum() == 260 * 346 - 1


DAVIS240 = SensorSize(240, 180)
FRAME_TIMES_S = (0.05, 0.1, 0.15)


def frames(count=3):
    return [np.full((180, 240), 40 * number + 10, np.uint8) for number in range(count)]


def as_text(root, events):
    text = [f"{t * 1e-6:.9f} {x} {y} {int(on)}" for t, x, y, on in events.data.tolist()]
    lines(root / "shapes" / "events.txt", *text)
    listing = []
    for number, (seconds, frame) in enumerate(zip(FRAME_TIMES_S, frames(), strict=True)):
        name = f"images/frame_{number:08d}.png"
        image(root / "shapes" / name, frame)
        listing.append(f"{seconds:.9f} {name}")
    lines(root / "shapes" / "images.txt", *listing)


def as_hdf5(root, events):
    with h5py.File(root / "bike_bay_hdr.h5", "w") as file:
        file.attrs["sensor_resolution"] = np.array([180, 240])
        columns = {"xs": events.x.astype(np.int16), "ys": events.y.astype(np.int16),
                   "ts": events.t * 1e-6, "ps": events.on}  # fmt: skip
        for name, column in columns.items():
            file[f"events/{name}"] = column
        for number, (seconds, frame) in enumerate(zip(FRAME_TIMES_S, frames(), strict=True)):
            file[f"images/image{number:09d}"] = frame
            file[f"images/image{number:09d}"].attrs["timestamp"] = seconds


def as_bag(root, events):
    rosbag1 = pytest.importorskip("rosbags.rosbag1")
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    types = get_typestore(Stores.ROS1_NOETIC)
    text = "uint16 x\nuint16 y\ntime ts\nbool polarity\n"
    types.register(get_types_from_msg(text, "dvs_msgs/msg/Event"))
    text = "std_msgs/Header header\nuint32 height\nuint32 width\ndvs_msgs/Event[] events\n"
    types.register(get_types_from_msg(text, "dvs_msgs/msg/EventArray"))
    known = types.types

    def time(t_us):
        whole, rest = divmod(int(t_us), 10**6)
        return known["builtin_interfaces/msg/Time"](sec=whole, nanosec=1000 * rest)

    def header(t_us):
        return known["std_msgs/msg/Header"](seq=0, stamp=time(t_us), frame_id="")

    with rosbag1.Writer(root / "reflective_materials.bag") as bag:
        kinds = ("dvs_msgs/msg/EventArray", "sensor_msgs/msg/Image")
        topics = [
            bag.add_connection(topic, kind, typestore=types)
            for topic, kind in zip(("/dvs/events", "/dvs/image_raw"), kinds, strict=True)
        ]
        for part in np.array_split(events.data, 20):
            listed = [
                known["dvs_msgs/msg/Event"](x=x, y=y, ts=time(t), polarity=on)
                for t, x, y, on in part.tolist()
            ]
            last_us = int(part["t"][-1])
            message = known[kinds[0]](header=header(last_us), height=180, width=240, events=listed)
            bag.write(topics[0], last_us * 1000, types.serialize_ros1(message, kinds[0]))
        for seconds, frame in zip(FRAME_TIMES_S, frames(), strict=True):
            t_us = round(seconds * 1e6)
            message = known[kinds[1]](
                header=header(t_us), height=180, width=240, encoding="mono8", is_bigendian=0,
                step=240, data=frame.ravel(),
            )  # fmt: skip
            bag.write(topics[1], t_us * 1000, types.serialize_ros1(message, kinds[1]))


@pytest.mark.parametrize("form", [as_text, as_hdf5, as_bag])
@pytest.mark.parametrize("name", ["EventCameraDataset", "HighQualityFrames"])
def test_recordings_with_images(tmp_path, form, name):
    events = made(DAVIS240, span_us=200_000)
    form(tmp_path, events)
    samples = list(getattr(datasets, name)(tmp_path))
    assert [(s.t0_us, s.t1_us) for s in samples] == [(50_000, 100_000), (100_000, 150_000)]
    for sample, frame in zip(samples, frames()[1:], strict=True):
        same_events(sample, events)
        np.testing.assert_array_equal(sample.frame, frame)


def test_real_images_belong_to_their_events(shared_recordings):
    dataset = datasets.EventCameraDataset(shared_recordings / "txt" / "slider_depth")
    sample = dataset[2]
    assert sample.frame.shape == (180, 240)
    assert sample.t1_us - sample.t0_us == pytest.approx(38_766, abs=10)
    assert len(sample.events) > 1000


def test_ddd17_segmentation(tmp_path):
    events = made(SensorSize(346, 260), start_us=START_US)
    folder = tmp_path / "dir0"
    (folder / "index").mkdir(parents=True)
    (events.t * 1000).astype("<i8").tofile(folder / "events.dat.t")
    np.stack([events.x, events.y, events.on], 1).astype("<i2").tofile(folder / "events.dat.xyp")
    np.save(folder / "index" / "index_50ms.npy", [[1_100_000_000, 9, 0], [1_200_000_000, 99, 9]])
    labels = np.full((200, 346), 2, np.uint8)
    labels[0] = 5
    image(folder / "segmentation_masks" / "segmentation_00000002.png", labels)
    (sample,) = dataset = datasets.Ddd17Segmentation(tmp_path, split="train")
    same_events(sample, events)
    assert sample.t1_us == 1_200_000
    assert (sample.segmentation[:200] == labels).all()
    assert (sample.segmentation[200:] == UNLABELLED).all()
    shared = sample.in_shared_classes(dataset.shared_classes).segmentation
    assert SEGMENTATION_CLASSES[shared[0, 0]] == "vehicle"
    assert len(datasets.Ddd17Segmentation(tmp_path, split="test")) == 0


def bin40(path, events):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (
        bytes((x, y)) + (int(on) << 23 | t).to_bytes(3, "big")
        for t, x, y, on in events.data.tolist()
    )
    path.write_bytes(b"".join(rows))


def test_n_mnist(tmp_path):
    kept = {}
    for seed, digit in enumerate("03"):
        kept[digit] = made(SensorSize(34, 34), count=300, seed=seed)
        bin40(tmp_path / "Train" / digit / "00001.bin", kept[digit])
    zero, three = datasets.NMnist(tmp_path, split="train")
    assert (zero.label, three.label) == (0, 3)
    same_events(three, kept["3"])
    with pytest.raises(SourceNotFoundError, match="Test/ or test/ is missing"):
        datasets.NMnist(tmp_path, split="test")


def test_n_caltech101(tmp_path):
    events = made(SensorSize(230, 170), count=300)
    bin40(tmp_path / "Caltech101" / "airplanes" / "image_0001.bin", events)
    bin40(tmp_path / "Caltech101" / "yin_yang" / "image_0001.bin", events)
    dataset = datasets.NCaltech101(tmp_path)
    assert dataset.class_names == ("airplanes", "yin_yang")
    assert [sample.label for sample in dataset] == [0, 1]
    np.testing.assert_array_equal(dataset[1].events.data, events.data)


def test_n_cars(tmp_path):
    events = made(SensorSize(100, 90), count=300)
    for kind in ("cars", "background"):
        written(tmp_path / "n-cars_train" / kind / "obj_000001_td.dat", events)
    dataset = datasets.NCars(tmp_path, split="train")
    assert {(dataset.class_names[s.label], len(s.events)) for s in dataset} == {
        ("background", 300), ("cars", 300),
    }  # fmt: skip


def test_dvs_gesture(tmp_path):
    events = made(SensorSize(128, 128))
    rows = [
        struct.pack("<II", x << 17 | y << 2 | on << 1 | 1, t)
        for t, x, y, on in events.data.tolist()
    ]
    head = struct.pack("<hhiiiiii", 1, 1, 8, 4, 0, len(rows), len(rows), len(rows))
    text = b"#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DVS128\r\n#!END-HEADER\r\n"
    (tmp_path / "user01_led.aedat").write_bytes(text + head + b"".join(rows))
    lines(
        tmp_path / "user01_led_labels.csv", "class,startTime_usec,endTime_usec",
        "1,10000,60000", "11,100000,200000",
    )  # fmt: skip
    lines(tmp_path / "trials_to_train.txt", "user01_led.aedat")
    first, last = datasets.DvsGesture(tmp_path, split="train")
    assert [datasets.GESTURES[s.label] for s in (first, last)] == [
        "hand clapping", "other gestures",
    ]  # fmt: skip
    same_events(first, events)
    same_events(last, events)


VOC = """<annotation><object><name>person</name><bndbox><xmin>28</xmin><ymin>85</ymin>
<xmax>152</xmax><ymax>260</ymax></bndbox></object></annotation>"""


@pytest.mark.parametrize("split", ["train", None])
def test_pedro(tmp_path, split):
    events = made(SensorSize(346, 260), span_us=40_000, start_us=10**15)
    for part in ("numpy", "xml"):
        (tmp_path / part / "train").mkdir(parents=True)
    rows = np.stack([events.t, events.x, events.y, events.on], axis=1).astype(np.int64)
    np.save(tmp_path / "numpy/train/frame0000001.npy", rows)
    (tmp_path / "xml/train/frame0000001.xml").write_text(VOC)
    (sample,) = datasets.Pedro(tmp_path, split=split)
    np.testing.assert_array_equal(sample.events.data, events.data)
    assert sample.boxes.boxes.tolist() == [[28, 85, 124, 175]]


def test_windows_of_ones_own_tell_classes_and_the_size_of_the_sensor(tmp_path):
    events = made(SensorSize(640, 480), span_us=40_000)
    rows = np.stack([events.t, events.x, events.y, events.on], axis=1).astype(np.int64)
    np.save(tmp_path / "mine.npy", rows)
    box = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>22</ymax></bndbox>"
    names = ("Person", "vehicle", "cyclist", "teapot")
    objects = "".join(f"<object><name>{name}</name>{box}</object>" for name in names)
    size = "<size><width>640</width><height>480</height></size>"
    (tmp_path / "mine.xml").write_text(f"<annotation>{size}{objects}</annotation>")
    dataset = datasets.Pedro(tmp_path, split=None)
    (sample,) = dataset
    assert sample.events.sensor == SensorSize(640, 480)
    assert [dataset.class_names[each] for each in sample.boxes.classes] == [
        "person", "vehicle", "cyclist", "other",
    ]  # fmt: skip
    shared = sample.in_shared_classes(dataset.shared_classes)
    assert [DETECTION_CLASSES[each] for each in shared.boxes.classes] == [
        "pedestrian", "vehicle", "cyclist", "other",
    ]  # fmt: skip


def test_real_windows_of_people_are_read(shared_recordings):
    dataset = datasets.Pedro(shared_recordings / "person_boxes", split=None)
    assert len(dataset) == 5
    for sample in dataset:
        assert sample.events.sensor == SensorSize(346, 260)
        assert sample.t1_us - sample.t0_us == pytest.approx(40_000, abs=500)
        assert len(sample.boxes) >= 1


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("Gen1Detection", r"_bbox\.npy"),
        ("MegapixelDetection", r"_bbox\.npy"),
        ("DsecDetection", r"tracks\.npy"),
        ("DsecSemantic", "11classes"),
        ("DsecDisparity", "disparity"),
        ("MvsecDepth", r"_gt\.hdf5"),
        ("EventCameraDataset", r"images\.txt"),
        ("HighQualityFrames", r"\.bag"),
        ("Ddd17Segmentation", "dir"),
        ("NMnist", "Train"),
        ("NCaltech101", r"image_\*\.bin"),
        ("NCars", "n-cars_train"),
        ("DvsGesture", r"trials_to_train\.txt"),
        ("Pedro", "train"),
    ],
)
def test_a_folder_of_something_else_is_refused_with_where_to_get_the_set(tmp_path, name, missing):
    reader = getattr(datasets, name)
    with pytest.raises(SourceNotFoundError, match=missing) as refusal:
        reader(tmp_path)
    assert reader.origin in str(refusal.value)
    with pytest.raises(SourceNotFoundError, match="is no folder"):
        reader(tmp_path / "absent")


@pytest.mark.parametrize("number", [2, -3])
def test_numbers_beyond_the_end_are_refused(tmp_path, number):
    dataset, _ = prophesee(tmp_path, GEN1, "Gen1Detection", "ts")
    assert dataset[-1].t1_us == dataset[1].t1_us
    with pytest.raises(IndexError, match="samples 0 to 1"):
        dataset[number]


def test_a_sample_is_cut_into_slices_of_equal_time(tmp_path):
    dataset, _ = prophesee(tmp_path, GEN1, "Gen1Detection", "ts")
    slices = dataset[0].slices(4)
    assert [one.duration_us for one in slices] == [12_500] * 4
    assert sum(len(one) for one in slices) == len(dataset[0].events)


def test_shared_classes_leave_out_what_has_none():
    nothing = np.zeros(2, np.int64)
    boxes = LabelledBoxes(np.zeros((2, 4), np.float32), np.array([0, 1]), nothing)
    sample = datasets.Sample("", Events.empty(GEN1), 0, 1, boxes=boxes)
    assert sample.in_shared_classes((-1, 2)).boxes.classes.tolist() == [2]


@pytest.mark.parametrize(
    "name", [n for n in datasets.__all__ if hasattr(getattr(datasets, n), "title")]
)
def test_every_class_of_a_set_has_its_place_among_the_shared_ones(name):
    reader = getattr(datasets, name)
    shared = SEGMENTATION_CLASSES if "Semantic" in name or "Segment" in name else DETECTION_CLASSES
    assert len(reader.class_names) == len(reader.shared_classes) or not reader.shared_classes
    assert all(-1 <= kind < len(shared) for kind in reader.shared_classes)
