"""Messages between the grader and a sandbox: JSON, with arrays as raw bytes behind it. Never pickle.

A frame is two lengths (all, JSON), the JSON text, and the arrays one after the other. What arrives is data and nothing
else: numbers, strings, lists, dicts and arrays of a few plain types, of a bounded size.
"""

import json
import math
import select
import socket
import struct
import time
from typing import Any

import numpy as np

from .outside import encodable

HEADER = struct.Struct("!II")
LIMIT, TEXT_LIMIT = 64 * 2**20, 8 * 2**20  # bytes of one message, and of its JSON: small lists take many times their text
TYPES = ("float64", "float32", "int64", "uint8", "bool")
ARRAY = "array:"


class WireError(Exception):
    """What came is no message, or nothing came. The other side is not spoken to again."""


class Silence(WireError):
    """Nothing came in time."""


def encode(message: Any) -> bytes:
    """A frame. Tuples arrive as lists; arrays of other types than TYPES as float64. WireError where it is too long."""
    blobs: list[bytes] = []

    def plain(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            value = np.ascontiguousarray(value).reshape(value.shape)
            value = value if value.dtype.name in TYPES else value.astype(np.float64)
            blobs.append(value.tobytes())
            return {ARRAY: [value.dtype.name, list(value.shape)]}
        if isinstance(value, dict):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(entry) for entry in value]
        return value.item() if isinstance(value, np.generic) else value

    text = json.dumps(plain(message)).encode()
    if len(text) > TEXT_LIMIT or len(text) + sum(map(len, blobs)) > LIMIT:
        raise WireError("a message that is too long")
    return HEADER.pack(len(text) + sum(map(len, blobs)), len(text)) + text + b"".join(blobs)


def decode(body: bytes, text_length: int) -> Any:
    """The message of a frame's body; WireError where it is malformed."""
    at = text_length

    def whole(value: Any) -> Any:
        nonlocal at
        if isinstance(value, list):
            return [whole(entry) for entry in value]
        if isinstance(value, str):
            return encodable(value)
        if not isinstance(value, dict):
            return value
        if set(value) != {ARRAY}:
            return {encodable(key): whole(entry) for key, entry in value.items()}
        name, shape = value[ARRAY]
        if name not in TYPES or len(shape) > 8 or not all(type(n) is int and 0 <= n <= LIMIT for n in shape):
            raise WireError("an array of an unknown kind")
        dtype, start = np.dtype(name), at
        at += dtype.itemsize * math.prod(shape)
        if at > len(body):
            raise WireError("an array that is cut off")
        return np.frombuffer(body[start:at], dtype).reshape(shape)

    try:
        message = whole(json.loads(body[:text_length].decode()))
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"not a message ({type(error).__name__})") from None
    if at != len(body):
        raise WireError("a message with something behind it")
    return message


def send(connection: socket.socket, message: Any, seconds: float | None = None) -> None:
    """Send one message; WireError where the other side is gone or does not take it within `seconds`."""
    try:
        connection.settimeout(seconds)
        connection.sendall(encode(message))
    except OSError as error:
        raise WireError(f"nobody listens ({type(error).__name__})") from None


def receive(connection: socket.socket, seconds: float | None = None) -> Any:
    """The next message. Silence where it has not come within `seconds`, WireError where it is none or the other side is gone."""
    end = math.inf if seconds is None else time.monotonic() + seconds
    length, text_length = HEADER.unpack(_read(connection, HEADER.size, end))
    if not text_length <= length <= LIMIT or text_length > TEXT_LIMIT:
        raise WireError("a message that is too long")
    return decode(_read(connection, length, end), text_length)


def _read(connection: socket.socket, count: int, end: float) -> bytes:
    """Exactly so many bytes, as they come: memory grows with what has come, not with what was announced."""
    received = bytearray()
    while len(received) < count:
        left = max(0.0, end - time.monotonic())
        if not select.select([connection], [], [], None if math.isinf(end) else left)[0]:
            raise Silence("no reply in time")
        try:
            part = connection.recv(min(count - len(received), 2**20))
        except OSError as error:
            raise WireError(f"nobody speaks ({type(error).__name__})") from None
        if not part:
            raise WireError("the other side is gone")
        received += part
    return bytes(received)
