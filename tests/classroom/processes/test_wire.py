import json
import socket
import struct

import numpy as np
import pytest

from classroom.processes import wire
from classroom.student_code.student import Answer, Array, Call


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        yield ours, theirs


def frame(header):
    content = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">Q", len(content)) + content


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int64).reshape(2, 3).T,  # not contiguous
        np.array(2.5, np.float32),
        np.zeros((0, 4), np.float16),
        np.array([True, False]),
        np.array([np.nan, np.inf, -0.0]),
    ],
)
def test_arrays_arrive_as_they_were(pair, array):
    ours, theirs = pair
    wire.send(theirs, {"deep": [1, {"er": array}], "nothing": None})
    body = wire.receive(ours)
    got = body["deep"][1]["er"]
    assert got.dtype == array.dtype
    assert np.array_equal(got, array, equal_nan=array.dtype.kind == "f")
    assert body["nothing"] is None


def test_calls_and_answers_survive_the_journey(pair):
    ours, theirs = pair
    call = Call((np.ones(3), 2, None), construct=(4, "x"), parameters={"w": np.eye(2)}, cotangent=np.ones(3))
    wire.send(theirs, wire.call_to_body(call))
    got = wire.call_from_body(wire.receive(ours))
    assert got.arguments[1:] == (2, None)
    assert got.construct == (4, "x")
    assert np.array_equal(got.parameters["w"], np.eye(2))
    answer = Answer((Array(np.ones(2, np.float32), "bfloat16"),), {"argument 1": None, "w": np.eye(2)}, 7, None)
    wire.send(theirs, wire.answer_to_body(answer))
    got = wire.answer_from_body(wire.receive(ours))
    assert (got.operations, got.error, got.gradients["argument 1"]) == (7, None, None)
    assert got.outputs[0].dtype == "bfloat16"


@pytest.mark.parametrize(
    "message",
    [
        struct.pack(">Q", 2**40),
        frame(b"{not json"),
        frame([1]),
        frame({"body": 1}),
        frame({"body": 1, "arrays": [{"dtype": "object", "shape": [1]}]}),
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": [-1]}]}),
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": [2**39]}]}),
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": ["2"]}]}),
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": [2**39, 2**39, 0]}]}),  # empty, and yet too large
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": [True]}]}),
        frame({"body": 1, "arrays": [{"dtype": "bool", "shape": []}] * 5000}),
        frame({"body": {"$array": 3}, "arrays": []}),
        frame({"body": 1, "arrays": [{"dtype": "float64", "shape": [100]}]}) + b"too short",
        frame(b"[" * 100_000),
        b"",
    ],
)
def test_malformed_messages_are_refused_before_memory_is_taken(pair, message):
    ours, theirs = pair
    theirs.sendall(message)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(wire.WireError):
        wire.receive(ours)


def test_a_student_s_process_may_send_less_than_the_grader(pair):
    ours, theirs = pair
    theirs.sendall(struct.pack(">Q", wire.ANSWER.header + 1))
    with pytest.raises(wire.WireError, match="more than"):
        wire.receive(ours, wire.ANSWER)


def test_the_sentence_of_an_answer_is_bounded():
    body = wire.answer_to_body(Answer(error="x" * 10**5))
    assert len(wire.answer_from_body(body).error) == wire.MAX_ERROR


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"outputs": [], "gradients": {}, "operations": "many", "error": None},
        {"outputs": [1], "gradients": {}, "operations": None, "error": None},
        {"outputs": [{"values": np.ones(1), "dtype": "float32"}], "gradients": {}, "operations": None, "error": None},
        {"outputs": [{"values": np.ones(1), "dtype": "bfloat16"}], "gradients": {}, "operations": None, "error": None},
        {"outputs": [], "gradients": {"w": 1}, "operations": None, "error": None},
    ],
)
def test_what_is_not_an_answer_is_refused(body):
    with pytest.raises(wire.WireError):
        wire.answer_from_body(body)


def test_what_has_no_plain_bytes_cannot_be_sent(pair):
    with pytest.raises(TypeError, match="object"):
        wire.send(pair[0], np.array([object()]))
