"""Messages between the grader and a student's process: a JSON header, then the arrays' raw bytes. Never pickle.

    message = length of header (8 bytes, big-endian) | header (JSON, UTF-8) | bytes of array 0 | of array 1 | …
    header  = {"body": …, "arrays": [{"dtype": "float32", "shape": [2, 3]}, …]}

In the body an array stands as {"$array": its index}. Everything read is bounded and checked before memory is
taken for it: the other side may be hostile.
"""

import json
import math
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classroom.student_code.student import Answer, Array, Call

LENGTH = struct.Struct(">Q")
INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
DTYPES = frozenset({"bool", "float16", "float32", "float64"} | INTEGERS)
MAX_DIMENSIONS = 32
REFERENCE = "$array"


@dataclass(frozen=True)
class Bounds:
    """How much one message may hold. What the grader sends is a question's tensors, or the files of a submission."""

    header: int = 32 * 2**20
    arrays: int = 256 * 2**20
    count: int = 32768


BOUNDS = Bounds()
# What a student's process may send: a cell's outputs as text, an answer's tensors as arrays.
CELL = Bounds(header=8 * 2**20, arrays=0, count=0)
ANSWER = Bounds(header=2**20, arrays=64 * 2**20, count=4096)
ANSWERS = Bounds(header=8 * 2**20, arrays=128 * 2**20)  # to all calls of a question
MAX_ERROR = 2_000  # characters of the sentence that says why there is no answer


class WireError(Exception):
    """The other side closed the connection, or sent what is not a message."""


def send(connection: socket.socket, body: Any) -> None:
    """Sends one message. `body` is JSON with numpy arrays anywhere in it."""
    arrays: list[np.ndarray] = []
    packed = _pack(body, arrays)
    described = [{"dtype": str(a.dtype), "shape": list(a.shape)} for a in arrays]
    header = json.dumps({"body": packed, "arrays": described}).encode()
    connection.sendall(LENGTH.pack(len(header)) + header)
    for array in arrays:
        if array.nbytes:
            connection.sendall(memoryview(np.ascontiguousarray(array)).cast("B"))


def receive(connection: socket.socket, bounds: Bounds = BOUNDS) -> Any:
    """Receives one message's body.

    Raises:
        WireError: the connection ended, or what came is malformed or larger than `bounds`.
        TimeoutError: the connection has a timeout, and nothing came in that time.
    """
    (length,) = LENGTH.unpack(_read(connection, LENGTH.size))
    if length > bounds.header:
        raise WireError(f"a message of more than the {bounds.header} bytes allowed")
    try:
        header = json.loads(bytes(_read(connection, length)))
        described, body = header["arrays"], header["body"]
        layouts = [_layout(d) for d in described]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise WireError(f"a malformed message ({type(error).__name__})") from error
    if len(layouts) > bounds.count or sum(size for *_, size in layouts) > bounds.arrays:
        raise WireError(f"arrays of more than the {bounds.arrays} bytes allowed")
    arrays = [
        np.frombuffer(_read(connection, size), dtype).reshape(shape) if size else np.empty(shape, dtype)
        for dtype, shape, size in layouts
    ]
    try:
        return _unpack(body, arrays)
    except (IndexError, TypeError, RecursionError) as error:
        raise WireError(f"a malformed message ({type(error).__name__})") from error


def _layout(described: Mapping[str, Any]) -> tuple[np.dtype, tuple[int, ...], int]:
    name, shape = described["dtype"], tuple(described["shape"])
    if name not in DTYPES or len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"an array of dtype {name!r} with {len(shape)} dimensions")
    if not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise ValueError("an array whose shape is not made of sizes")
    dtype = np.dtype(name)
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize >= 2**62:  # numpy refuses it even where it is empty
        raise ValueError("an array of impossible shape")
    return dtype, shape, math.prod(shape) * dtype.itemsize


def _read(connection: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    view = memoryview(content)
    done = 0
    while done < size:
        try:
            got = connection.recv_into(view[done:])
        except ConnectionError as error:
            raise WireError("the connection broke") from error
        if got == 0:
            raise WireError("the connection ended")
        done += got
    return content


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, np.ndarray):
        if str(value.dtype) not in DTYPES:
            raise TypeError(f"an array of dtype {value.dtype} cannot be sent")
        arrays.append(value)
        return {REFERENCE: len(arrays) - 1}
    if isinstance(value, Mapping):
        return {str(key): _pack(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _unpack(value: Any, arrays: Sequence[np.ndarray]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {REFERENCE}:
            return arrays[value[REFERENCE]]
        return {key: _unpack(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item, arrays) for item in value]
    return value


def call_to_body(call: Call) -> dict[str, Any]:
    """A call as the body of a message."""
    return {
        "arguments": call.arguments,
        "construct": call.construct,
        "parameters": call.parameters,
        "cotangent": call.cotangent,
        "count_operations": call.count_operations,
    }


def call_from_body(body: Mapping[str, Any]) -> Call:
    """The call that a body holds. Sent by the grader, so it is trusted to be well formed."""
    construct = body["construct"]
    return Call(
        arguments=tuple(body["arguments"]),
        construct=None if construct is None else tuple(construct),
        parameters=body["parameters"],
        cotangent=body["cotangent"],
        count_operations=body["count_operations"],
    )


def answer_to_body(answer: Answer) -> dict[str, Any]:
    """An answer as the body of a message."""
    return {
        "outputs": [{"values": output.values, "dtype": output.dtype} for output in answer.outputs],
        "gradients": answer.gradients,
        "operations": answer.operations,
        "repeats": answer.repeats,
        "error": answer.error,
    }


def answer_from_body(body: Any) -> Answer:
    """The answer that a student's process sent; every field is checked.

    Raises:
        WireError: it is not an answer.
    """
    match body:
        case {
            "outputs": list() as outputs,
            "gradients": dict() as gradients,
            "operations": None | int() as operations,
            "repeats": None | int() as repeats,
            "error": None | str() as error,
        } if all(_is_output(o) for o in outputs) and all(_is_gradient(g) for g in gradients.values()):
            return Answer(
                outputs=tuple(Array(o["values"], o["dtype"]) for o in outputs),
                gradients=gradients,
                operations=operations,
                repeats=repeats,
                error=error if error is None else error[:MAX_ERROR],
            )
    raise WireError("an answer that is not one")


def _is_output(value: Any) -> bool:
    match value:
        case {"values": np.ndarray() as values, "dtype": str() as dtype}:
            return dtype == ("bfloat16" if dtype == "bfloat16" and values.dtype == np.float32 else values.dtype)
    return False


def _is_gradient(value: Any) -> bool:
    return value is None or isinstance(value, np.ndarray)
