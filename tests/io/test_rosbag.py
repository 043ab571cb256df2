"""ROS bags: topics, encodings, containers, damage."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from eventvision.core import EVENT_DTYPE, FormatError, SensorSize, SourceNotFoundError
from eventvision.io import open_source, scan
from eventvision.io._rosbag.ros1 import RosbagSource
from eventvision.io._rosbag.ros2 import Rosbag2Source

rosbags = pytest.importorskip("rosbags")

from rosbags import rosbag1, rosbag2  # noqa: E402
from rosbags.typesys import Stores, get_types_from_msg, get_typestore  # noqa: E402

EVENT_TEXT = "uint16 x\nuint16 y\ntime ts\nbool polarity\n"
ARRAY_TEXT = "std_msgs/Header header\nuint32 height\nuint32 width\n{}/Event[] events\n"
PACKET_TEXT = (
    "std_msgs/Header header\nuint32 height\nuint32 width\nuint64 seq\nuint64 time_base\n"
    "string encoding\nbool is_bigendian\nuint8[] events\n"
)
ARRAYS = ("dvs_msgs", "prophesee_event_msgs")
PACKET = "event_camera_msgs/msg/EventPacket"
SENSOR = SensorSize(346, 260)


def store(ros):
    found = get_typestore(Stores.ROS1_NOETIC if ros == 1 else Stores.ROS2_HUMBLE)
    for package in ARRAYS:
        found.register(get_types_from_msg(EVENT_TEXT, f"{package}/msg/Event"))
        found.register(get_types_from_msg(ARRAY_TEXT.format(package), f"{package}/msg/EventArray"))
    found.register(get_types_from_msg(PACKET_TEXT, PACKET))
    return found


STORES = {ros: store(ros) for ros in (1, 2)}


def some_events(count=1000, seed=0, start_us=1_600_000_000_000_000):
    random = np.random.default_rng(seed)
    events = np.zeros(count, EVENT_DTYPE)
    events["t"] = start_us + np.cumsum(random.integers(0, 300, count))
    events["x"], events["y"] = random.integers(0, 346, count), random.integers(0, 260, count)
    events["on"] = random.integers(0, 2, count)
    return events


def header_of(types, frame_id="cam"):
    stamp = types.types["builtin_interfaces/msg/Time"](sec=1, nanosec=2)
    fields = {"stamp": stamp, "frame_id": frame_id}
    kind = types.types["std_msgs/msg/Header"]
    return kind(**({"seq": 0} if "seq" in kind.__dataclass_fields__ else {}), **fields)


def array_message(types, events, package="dvs_msgs"):
    kind, time = types.types[f"{package}/msg/Event"], types.types["builtin_interfaces/msg/Time"]
    listed = [
        kind(
            x=int(e["x"]),
            y=int(e["y"]),
            ts=time(sec=int(e["t"]) // 10**6, nanosec=int(e["t"]) % 10**6 * 1000),
            polarity=bool(e["on"]),
        )
        for e in events
    ]
    name = f"{package}/msg/EventArray"
    message = types.types[name](header=header_of(types), height=260, width=346, events=listed)
    return name, message


def packet_message(types, body, encoding, base_ns=0, size=(346, 260)):
    message = types.types[PACKET](
        header=header_of(types),
        height=size[1],
        width=size[0],
        seq=0,
        time_base=base_ns,
        encoding=encoding,
        is_bigendian=False,
        events=np.frombuffer(body, np.uint8),
    )
    return PACKET, message


def bag1(path, messages, topic="/events", compression=None, chunk_bytes=None):
    types = STORES[1]
    bag = rosbag1.Writer(path)
    if compression:
        bag.set_compression(rosbag1.Writer.CompressionFormat[compression.upper()])
    if chunk_bytes:
        bag.chunk_threshold = chunk_bytes
    with bag:
        connections = {}
        for number, (kind, message) in enumerate(messages):
            if kind not in connections:
                name = topic if not connections else f"{topic}{len(connections)}"
                connections[kind] = bag.add_connection(name, kind, typestore=types)
            bag.write(connections[kind], (number + 1) * 10**9, types.serialize_ros1(message, kind))
    return path


def bag2(path, messages, plugin="SQLITE3", mode=None):
    types = STORES[2]
    bag = rosbag2.Writer(path, version=9, storage_plugin=rosbag2.StoragePlugin[plugin])
    if mode:
        bag.set_compression(rosbag2.CompressionMode[mode], rosbag2.CompressionFormat.ZSTD)
    with bag:
        connections = {}
        for number, (kind, message) in enumerate(messages):
            if kind not in connections:
                connections[kind] = bag.add_connection("/events", kind, typestore=types)
            bag.write(connections[kind], (number + 1) * 10**9, types.serialize_cdr(message, kind))
    return path


def arrays_of(events, types, package="dvs_msgs", size=100):
    return [
        array_message(types, events[at : at + size], package) for at in range(0, events.size, size)
    ]


def read(source):
    parts = [packet.events.data for packet in source]
    return np.concatenate(parts) if parts else np.empty(0, EVENT_DTYPE)


def mono_words(events, base_ns):
    return (
        (events["t"].astype(np.uint64) * 1000 - np.uint64(base_ns))
        | events["x"].astype(np.uint64) << np.uint64(32)
        | events["y"].astype(np.uint64) << np.uint64(48)
        | events["on"].astype(np.uint64) << np.uint64(63)
    ).astype("<u8")


EVENTS = some_events()


def test_the_events_of_a_real_bag_are_those_of_its_reference_decoder(shared_recordings):
    source = RosbagSource(shared_recordings / "rosbag" / "vga_evt3.bag")
    found = scan(source)
    assert (found.events, round(found.on_share * found.events)) == (343_474, 125_183)
    assert (found.t_last_us - found.t_first_us, found.triggers) == (2_078_178, 4157)
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(640, 480), "header")
    assert not found.damage
    times = sum(
        int(part["t"].sum()) for packet in source for part in (packet.events.data, packet.triggers)
    )
    assert times == 2_885_601_049_874


@pytest.mark.parametrize("package", ARRAYS)
@pytest.mark.parametrize("compression", [None, "lz4", "bz2"])
def test_arrays_in_ros1_bags_are_read(tmp_path, package, compression):
    messages = arrays_of(EVENTS, STORES[1], package)
    path = bag1(tmp_path / "a.bag", messages, compression=compression, chunk_bytes=3000)
    source = RosbagSource(path)
    assert np.array_equal(read(source), EVENTS)
    assert (source.info.sensor, source.info.camera) == (SENSOR, "cam")
    assert not source.damage


@pytest.mark.parametrize("package", ARRAYS)
@pytest.mark.parametrize("plugin", ["SQLITE3", "MCAP"])
def test_arrays_in_ros2_bags_are_read(tmp_path, package, plugin):
    folder = bag2(tmp_path / "bag", arrays_of(EVENTS, STORES[2], package), plugin)
    single = next(path for path in folder.iterdir() if path.suffix in (".db3", ".mcap"))
    for path in (folder, single):
        source = Rosbag2Source(path)
        assert np.array_equal(read(source), EVENTS)
        assert source.info.sensor == SENSOR
        assert not source.damage


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_arrays_of_any_length_are_read_from_both_layouts(tmp_path, count):
    events = EVENTS[:count]
    both = [array_message(STORES[ros], events) for ros in (1, 2)]
    assert np.array_equal(read(RosbagSource(bag1(tmp_path / "a.bag", both[:1]))), events)
    assert np.array_equal(read(Rosbag2Source(bag2(tmp_path / "bag", both[1:]))), events)


def test_real_packets_mean_the_same_in_a_ros2_bag(tmp_path, shared_recordings):
    path = shared_recordings / "rosbag" / "vga_evt3.bag"
    with rosbag1.Reader(path) as bag:
        raw = [STORES[1].deserialize_ros1(body, PACKET) for _, _, body in bag.messages()]
    messages = [packet_message(STORES[2], m.events, "evt3", size=(640, 480)) for m in raw[:50]]
    found = read(Rosbag2Source(bag2(tmp_path / "bag", messages)))
    expected = read(RosbagSource(path))[: found.size]
    assert found.size > 1000
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("ros", [1, 2])
def test_mono_packets_are_read(tmp_path, ros):
    base_ns = int(EVENTS["t"][0]) * 1000
    message = packet_message(STORES[ros], mono_words(EVENTS, base_ns).tobytes(), "mono", base_ns)
    path = (bag1, bag2)[ros - 1](tmp_path / "a.bag", [message])
    assert np.array_equal(read((RosbagSource, Rosbag2Source)[ros - 1](path)), EVENTS)


def test_mono_packets_whose_base_no_clock_shows_are_damage(tmp_path):
    message = packet_message(STORES[1], mono_words(EVENTS, 0).tobytes(), "mono", (1 << 64) - 1)
    source = RosbagSource(bag1(tmp_path / "a.bag", [message]))
    assert not read(source).size
    assert source.damage


def test_trigger_packets_are_read(tmp_path):
    words = np.array([5_000, 7_000 | 1 << 63], np.uint64)
    message = packet_message(STORES[1], words.tobytes(), "trigger", 10_000)
    packets = list(RosbagSource(bag1(tmp_path / "a.bag", [message])))
    triggers = np.concatenate([packet.triggers for packet in packets])
    assert (triggers["t"].tolist(), triggers["rising"].tolist()) == ([15, 17], [False, True])


def test_one_topic_is_read_and_others_are_named(tmp_path):
    later = EVENTS.copy()
    later["t"] += 5
    messages = [
        array_message(STORES[1], EVENTS),
        array_message(STORES[1], later, "prophesee_event_msgs"),
    ]
    path = bag1(tmp_path / "a.bag", messages)
    source = RosbagSource(path)
    assert np.array_equal(read(source), EVENTS)
    assert "those of /events1 are left out" in source.info.notes[0]
    assert np.array_equal(read(RosbagSource(path, topic="/events1")), later)


@pytest.mark.parametrize("ros", [1, 2])
def test_a_size_that_is_not_stated_is_inferred(tmp_path, ros):
    base_ns = int(EVENTS["t"][0]) * 1000
    body = mono_words(EVENTS, base_ns).tobytes()
    message = packet_message(STORES[ros], body, "mono", base_ns, size=(0, 0))
    path = (bag1, bag2)[ros - 1](tmp_path / "a.bag", [message])
    source = (RosbagSource, Rosbag2Source)[ros - 1](path)
    assert (source.info.sensor, source.info.sensor_from) == (SENSOR, "data")
    assert "inferred" in " ".join(source.info.notes) or "pixels seen" in source.info.notes[-1]


@pytest.mark.parametrize("ros", [1, 2])
def test_a_given_size_overrides_the_messages(tmp_path, ros):
    messages = arrays_of(EVENTS, STORES[ros])
    path = (bag1, bag2)[ros - 1](tmp_path / "a.bag", messages)
    source = (RosbagSource, Rosbag2Source)[ros - 1](path, sensor=SensorSize(640, 480))
    assert (source.info.sensor, source.info.sensor_from) == (SensorSize(640, 480), "user")


@pytest.mark.parametrize("ros", [1, 2])
@pytest.mark.parametrize("row", [0, 1, 499, 999])
def test_seeking_starts_with_the_first_event_of_that_time(tmp_path, ros, row):
    path = (bag1, bag2)[ros - 1](tmp_path / "a.bag", arrays_of(EVENTS, STORES[ros]))
    with (RosbagSource, Rosbag2Source)[ros - 1](path) as source:
        t_us = int(EVENTS["t"][row])
        source.seek(t_us)
        assert np.array_equal(read(source), EVENTS[EVENTS["t"] >= t_us])
        source.seek(t_us + 10**9)
        assert read(source).size == 0


@pytest.mark.parametrize("compression", [None, "lz4", "bz2"])
def test_a_bag_cut_anywhere_yields_what_lies_before_the_cut(tmp_path, compression):
    path = bag1(
        tmp_path / "a.bag",
        arrays_of(EVENTS, STORES[1], size=50),
        compression=compression,
        chunk_bytes=2000,
    )
    whole = path.read_bytes()
    most = 0
    for cut in range(4200, len(whole) - 200, 137):
        path.write_bytes(whole[:cut])
        try:
            source = RosbagSource(path)
        except FormatError:
            assert most == 0
            continue
        found = read(source)
        assert np.array_equal(found, EVENTS[: found.size])
        assert found.size >= most
        most = found.size
    assert most == EVENTS.size


@pytest.mark.parametrize("compression", [None, "lz4", "bz2"])
def test_events_after_a_damaged_place_come_back(tmp_path, compression):
    messages = arrays_of(EVENTS, STORES[1], size=50)
    path = bag1(tmp_path / "a.bag", messages, compression=compression, chunk_bytes=2000)
    content = bytearray(path.read_bytes())
    middle = len(content) * 2 // 5
    content[middle : middle + 300] = bytes(300)
    path.write_bytes(content)
    source = RosbagSource(path)
    found = read(source)
    assert source.damage
    assert np.isin(EVENTS[:100], found).all()
    assert np.isin(EVENTS[-100:], found).all()
    place = source.damage.items[0]
    assert place.byte_start <= middle + 300
    assert place.byte_end >= middle


def test_flipped_bytes_never_break_the_reader(tmp_path):
    random = np.random.default_rng(3)
    path = bag1(tmp_path / "a.bag", arrays_of(EVENTS[:300], STORES[1]), chunk_bytes=2000)
    whole = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(150):
        content = whole.copy()
        places = random.integers(13, whole.size, 10)
        content[places] ^= random.integers(1, 255, 10).astype(np.uint8)
        path.write_bytes(content.tobytes())
        try:
            source = RosbagSource(path)
            found = read(source)
        except FormatError:
            continue
        assert found.size <= 300 + 64
        assert (np.diff(found["t"]) >= 0).all()


PLUGINS = {"MCAP": ".mcap", "SQLITE3": ".db3"}


MANY = some_events(6_000)


def ros2_file(folder, plugin, mode=None):
    """A bag with many small messages, as the one file that holds them."""
    kinds = arrays_of(MANY, STORES[2], size=60)
    whole = bag2(folder / plugin, kinds, plugin, mode)
    return next(whole.glob(f"*{PLUGINS[plugin]}"))


def is_part(found, torn=0):
    """Whether events are some of those written, in order, but for so many that were hit."""
    foreign = set(found.tolist()) - set(MANY.tolist())
    return len(foreign) <= torn and (np.diff(found["t"]) >= 0).all()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_cut_ros2_bag_gives_the_messages_before_the_cut(tmp_path, plugin):
    path = ros2_file(tmp_path, plugin)
    whole, most = path.read_bytes(), 0
    for share in (0.2, 0.5, 0.7, 0.9, 0.999):
        path.write_bytes(whole[: round(share * len(whole))])
        try:
            source = open_source(path)
        except FormatError:
            continue
        found = read(source)
        assert is_part(found)
        assert source.damage or found.size == MANY.size
        assert found.size >= most
        assert found.size >= (share - 0.25) * MANY.size
        most = found.size
    assert most >= 0.9 * MANY.size


@pytest.mark.parametrize("plugin", PLUGINS)
def test_messages_before_and_after_damage_in_a_ros2_bag_are_read(tmp_path, plugin):
    path = ros2_file(tmp_path, plugin)
    content = bytearray(path.read_bytes())
    middle = len(content) * 6 // 10
    content[middle : middle + 4096] = bytes(4096)
    path.write_bytes(content)
    source = open_source(path)
    found = read(source)
    assert source.damage
    assert is_part(found, torn=4)
    assert found["t"][0] == MANY["t"][0]
    assert found["t"][-1] == MANY["t"][-1]
    assert 0.8 * MANY.size < found.size < MANY.size


@pytest.mark.parametrize("plugin", PLUGINS)
def test_flipped_bytes_in_a_ros2_bag_end_in_parts_or_in_one_error(tmp_path, plugin):
    path = ros2_file(tmp_path, plugin)
    whole, random, kept = np.fromfile(path, np.uint8), np.random.default_rng(5), []
    for _ in range(60):
        content = whole.copy()
        places = random.integers(0, whole.size, 5)
        content[places] ^= random.integers(1, 255, 5).astype(np.uint8)
        content.tofile(path)
        try:
            found = read(open_source(path))
        except FormatError:
            continue
        assert found.size <= MANY.size + 64
        kept.append(found.size)
    assert len(kept) > 30
    assert np.median(kept) > 0.9 * MANY.size


@pytest.mark.parametrize("text", ["", "rosbag2_bagfile_information: [", "a: b\n"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_damaged_metadata_cost_nothing(tmp_path, plugin, text):
    folder = ros2_file(tmp_path, plugin).parent
    (folder / "metadata.yaml").write_text(text)
    source = open_source(folder)
    assert np.array_equal(read(source), MANY)
    assert not source.damage


@pytest.mark.parametrize("plugin", PLUGINS)
def test_ros2_bags_are_read_without_any_library(tmp_path, plugin, monkeypatch):
    path = ros2_file(tmp_path, plugin)
    for name in [name for name in sys.modules if name.partition(".")[0] == "rosbags"]:
        monkeypatch.setitem(sys.modules, name, None)
    assert np.array_equal(read(open_source(path)), MANY)
    assert np.array_equal(read(open_source(path.parent)), MANY)


@pytest.mark.parametrize(("plugin", "mode"), [("MCAP", "STORAGE"), ("SQLITE3", "MESSAGE")])
def test_compressed_ros2_bags_are_read(tmp_path, plugin, mode):
    path = ros2_file(tmp_path, plugin, mode=mode)
    assert np.array_equal(read(open_source(path)), MANY)


def test_the_files_of_a_ros2_bag_are_read_one_after_the_other(tmp_path):
    folder = tmp_path / "bag"
    folder.mkdir()
    (folder / "metadata.yaml").write_text("")
    for number, part in enumerate(np.array_split(EVENTS, 11)):
        one = bag2(tmp_path / f"part{number}", arrays_of(part, STORES[2]), "MCAP")
        next(one.glob("*.mcap")).rename(folder / f"bag_{number}.mcap")
    assert np.array_equal(read(open_source(folder)), EVENTS)


def test_a_folder_whose_files_are_compressed_says_what_to_do(tmp_path):
    (tmp_path / "metadata.yaml").write_text("")
    (tmp_path / "bag_0.db3.zstd").write_bytes(b"\x28\xb5\x2f\xfd")
    with pytest.raises(FormatError, match="zstd -d"):
        open_source(tmp_path)


REFUSED = {
    "no bag": (lambda path: path.write_bytes(b"x" * 100), "not a ROS1 bag"),
    "only the magic": (lambda path: path.write_bytes(b"#ROSBAG V2.0\n"), "no messages"),
    "old version": (lambda path: path.write_bytes(b"#ROSBAG V1.2\n"), "version 2.0"),
    "unknown encoding": (
        lambda path: bag1(path, [packet_message(STORES[1], b"12345678", "jpeg")]),
        "'jpeg' is not known",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bags_without_readable_events_are_refused(tmp_path, case):
    write, message = REFUSED[case]
    write(tmp_path / "a.bag")
    with pytest.raises(FormatError, match=message):
        RosbagSource(tmp_path / "a.bag")


def test_a_folder_without_metadata_is_refused(tmp_path):
    with pytest.raises(SourceNotFoundError, match=r"metadata\.yaml"):
        Rosbag2Source(tmp_path)


def test_a_change_of_encoding_is_damage(tmp_path):
    messages = [
        packet_message(STORES[1], mono_words(EVENTS[:5], 0)[:0].tobytes(), "mono"),
        packet_message(STORES[1], b"\0\0", "evt3"),
    ]
    source = RosbagSource(bag1(tmp_path / "a.bag", messages), sensor=SENSOR)
    assert read(source).size == 0
    assert source.damage.kinds == {"corrupt-message": 1}
