"""The constant tensors of an ONNX file, by name, without a library for the whole format.

Only the parts of the format are read in which constants lie: nodes of type Constant, also inside the branches of If.
Source: onnx.proto of the ONNX project (field numbers) and the Protocol Buffers encoding guide (wire format).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engine.errors import UpstreamUnavailable

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_MODEL_GRAPH: Final = 7
_GRAPH_NODE: Final = 1
_NODE_OUTPUT, _NODE_TYPE, _NODE_ATTRIBUTE = 2, 4, 5
_ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 5, 6
_TENSOR_DIMENSIONS, _TENSOR_TYPE, _TENSOR_RAW = 1, 2, 9
_FLOAT: Final = 1

Fields = list[tuple[int, int | bytes]]


def float_constants(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every 32-bit float constant of the model, by the name of the value it stands for.

    Raises UpstreamUnavailable when the file cannot be read as a model.
    """
    found: dict[str, NDArray[np.float32]] = {}
    try:
        for number, graph in _fields(path.read_bytes()):
            if number == _MODEL_GRAPH and isinstance(graph, bytes):
                found.update(_of_graph(graph))
    except (OSError, ValueError, IndexError) as error:
        raise UpstreamUnavailable(f"{path.name} cannot be read as an ONNX model; install its package anew.") from error
    return found


def _of_graph(graph: bytes) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for number, node in _fields(graph):
        if number != _GRAPH_NODE or not isinstance(node, bytes):
            continue
        fields = _fields(node)
        is_constant = (_NODE_TYPE, b"Constant") in fields
        name = next((value.decode() for at, value in fields if at == _NODE_OUTPUT and isinstance(value, bytes)), "")
        for at, attribute in fields:
            if at != _NODE_ATTRIBUTE or not isinstance(attribute, bytes):
                continue
            for kind, value in _fields(attribute):
                if kind == _ATTRIBUTE_GRAPH and isinstance(value, bytes):
                    yield from _of_graph(value)
                elif kind == _ATTRIBUTE_TENSOR and is_constant and isinstance(value, bytes):
                    tensor = _tensor(value)
                    if tensor is not None:
                        yield name, tensor


def _tensor(message: bytes) -> NDArray[np.float32] | None:
    dimensions: list[int] = []
    kind, raw = 0, b""
    for number, value in _fields(message):
        if number == _TENSOR_DIMENSIONS:
            dimensions += _numbers(value)
        elif number == _TENSOR_TYPE and isinstance(value, int):
            kind = value
        elif number == _TENSOR_RAW and isinstance(value, bytes):
            raw = value
    if kind != _FLOAT or not raw:
        return None
    return np.frombuffer(raw, dtype="<f4").reshape(dimensions)


def _numbers(value: int | bytes) -> list[int]:
    """A repeated number, packed or one by one."""
    if isinstance(value, int):
        return [value]
    numbers, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        numbers.append(number)
    return numbers


def _fields(message: bytes) -> Fields:
    fields: Fields = []
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value: int | bytes
            value, position = _varint(message, position)
        else:
            if kind == _LENGTH:
                length, position = _varint(message, position)
            elif kind in (_FIXED_32, _FIXED_64):
                length = 4 if kind == _FIXED_32 else 8
            else:
                raise ValueError(f"wire type {kind}")
            value, position = message[position : position + length], position + length
            if position > len(message):
                raise ValueError("a field is cut off")
        fields.append((key >> 3, value))
    return fields


def _varint(message: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
