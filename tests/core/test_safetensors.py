"""Files of arrays: what is written is read back, and nothing in a foreign file is believed."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from eventvision.core import (
    FormatError,
    SourceError,
    SourceNotFoundError,
    read_model_file,
    safetensors_from_bytes,
    safetensors_to_bytes,
)

ARRAYS = {
    "weights": np.arange(-3, 3, dtype=np.int8).reshape(2, 3),
    "scale": np.array(0.5, np.float32),
    "none": np.empty((0, 4), np.int32),
}


def content(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype="I8", shape=(2,), place=(0, 2), **more) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": place, **more}


def test_arrays_and_texts_come_back():
    arrays, metadata = safetensors_from_bytes(safetensors_to_bytes(ARRAYS, {"b": "2", "a": "1"}))
    assert metadata == {"a": "1", "b": "2"}
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert np.array_equal(arrays[name], array)
        assert not arrays[name].flags.writeable


def test_arrays_of_other_types_are_not_written():
    with pytest.raises(ValueError, match="'x' has type float64; known are I8"):
        safetensors_to_bytes({"x": np.zeros(1)}, {})


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        (b"1234567", "7 bytes are too few"),
        (struct.pack("<Q", 9) + b"{}", "a header of 9 bytes does not fit"),
        (content(b"{"), "Expecting property name"),
        (content(b"[" * 100_000), "nested too deeply"),
        (content(b'{"a": 1, "a": 2}'), "a name occurs twice"),
        (content([]), "the header is not an object"),
        (content({"__metadata__": {"a": 1}}), "the metadata are not texts"),
        (content({"a": {"dtype": "I8"}}), "'a' is not described by"),
        (content({"a": entry(extra=1)}, b"12"), "'a' is not described by"),
        (content({"a": entry("F64")}, b"12"), "has type 'F64'"),
        (content({"a": entry(shape=[-2])}, b"12"), "no valid shape"),
        (content({"a": entry(shape=[True, 2])}, b"12"), "no valid shape"),
        (content({"a": entry(shape=[1] * 8 + [2])}, b"12"), "no valid shape"),
        (content({"a": entry(place=[0, 3])}, b"12"), "lies outside the file"),
        (content({"a": entry(place=[2, 0])}, b"12"), "lies outside the file"),
        (content({"a": entry(shape=[3])}, b"12"), "does not match its bytes"),
        (content({"a": entry(shape=[2**62, 4])}, b"12"), "does not match its bytes"),
        (content({"a": entry()}, b"123"), "without gap or overlap"),
        (content({"a": entry(), "b": entry()}, b"12"), "without gap or overlap"),
        (content({"a": entry(place=[1, 3])}, b"123"), "without gap or overlap"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(damaged, told):
    with pytest.raises(ValueError, match=told):
        safetensors_from_bytes(damaged)


def test_only_the_types_that_are_asked_for_are_read():
    with pytest.raises(ValueError, match="'scale' has type 'F32'; known are I8, I32"):
        safetensors_from_bytes(safetensors_to_bytes(ARRAYS, {}), types=("I8", "I32"))


def test_a_file_of_a_model_is_read_whole_or_refused(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"12345")
    assert read_model_file(path, 5, "a model", "make it again") == b"12345"
    with pytest.raises(FormatError, match="5 bytes are more than a model has; make it again"):
        read_model_file(path, 4, "a model", "make it again")
    with pytest.raises(SourceNotFoundError, match="no such file"):
        read_model_file(tmp_path / "none", 5, "a model", "make it again")
    with pytest.raises(SourceError, match="cannot be read"):
        read_model_file(tmp_path, 10**9, "a model", "make it again")
