"""The pipe between grader and sandbox: what goes in comes out, and what was never meant to come is refused."""

import contextlib
import json
import socket
import struct

import numpy as np
import pytest

from vae_edu.grading import wire


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_numbers_texts_and_arrays_arrive_as_they_were_sent(pair):
    message = {
        "scalar": np.array(1.5), "empty": np.zeros((0, 3)), "flags": np.array([True, False]), "half": np.float32(0.5),
        "far": [np.arange(6).reshape(2, 3), {"nan": float("nan"), "text": "½"}], "none": None,
        "infinite": np.array([np.inf, -0.0]),
    }  # fmt: skip
    wire.send(pair[0], message)
    found = wire.receive(pair[1], 5)
    assert found["scalar"].shape == () and found["scalar"] == 1.5 and found["empty"].shape == (0, 3)
    np.testing.assert_array_equal(found["flags"], [True, False])
    np.testing.assert_array_equal(found["far"][0], [[0, 1, 2], [3, 4, 5]])
    assert np.isnan(found["far"][1]["nan"]) and found["far"][1]["text"] == "½" and found["none"] is None and found["half"] == 0.5
    assert np.isposinf(found["infinite"][0]) and np.signbit(found["infinite"][1])


def frame(text, blob=b"", length=None, text_length=None):
    text = text if isinstance(text, bytes) else json.dumps(text).encode()
    n = len(text) if text_length is None else text_length
    return struct.pack("!II", len(text) + len(blob) if length is None else length, n) + text + blob


ARRAY = {wire.ARRAY: ["float64", [2]]}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff" * 64,
        frame({}, length=wire.LIMIT + 1),
        frame({}, length=wire.TEXT_LIMIT + 100, text_length=wire.TEXT_LIMIT + 100),
        frame({}, text_length=100),
        frame(b"{not json"),
        frame(b"\xff\xfe"),
        frame(b"[" * 100_000),
        frame({}, blob=b"behind"),
        frame(ARRAY, blob=bytes(8)),
        frame({wire.ARRAY: ["object", [1]]}, blob=bytes(8)),
        frame({wire.ARRAY: ["float64", [-1]]}, blob=bytes(8)),
        frame({wire.ARRAY: ["float64", [2**20, 2**20]]}, blob=bytes(8)),
        frame({wire.ARRAY: ["float64", [True]]}, blob=bytes(8)),
        frame({wire.ARRAY: ["float64", ["1"]]}, blob=bytes(8)),
        frame({wire.ARRAY: ["float64"]}, blob=bytes(8)),
        frame({wire.ARRAY: 7}),
        frame({wire.ARRAY: [["float64"], [1]]}, blob=bytes(8)),
    ],
)
def test_what_is_no_message_is_refused(pair, raw):
    pair[0].sendall(raw)
    pair[0].shutdown(socket.SHUT_WR)
    with pytest.raises(wire.WireError):
        wire.receive(pair[1], 5)


def test_random_bytes_never_do_anything_else():
    rng = np.random.default_rng(0)
    good = frame({"a": [ARRAY, 1, "x"]}, blob=bytes(16))[8:]
    for _ in range(3000):
        body = bytearray(good)
        for _ in range(rng.integers(1, 4)):
            body[rng.integers(len(body))] = rng.integers(256)
        with contextlib.suppress(wire.WireError):
            wire.decode(bytes(body), len(good) - 16)


def test_silence_and_a_closed_door_are_told_apart(pair):
    with pytest.raises(wire.Silence):
        wire.receive(pair[1], 0.05)
    pair[0].close()
    with pytest.raises(wire.WireError, match="gone"):
        wire.receive(pair[1], 5)


def test_a_message_that_is_too_long_is_not_sent(pair):
    with pytest.raises(wire.WireError, match="too long"):
        wire.send(pair[0], {"x": np.zeros(wire.LIMIT // 8 + 1)})
    with pytest.raises(wire.WireError, match="too long"):
        wire.send(pair[0], "x" * (wire.TEXT_LIMIT + 1))
