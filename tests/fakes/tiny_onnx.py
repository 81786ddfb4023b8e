"""An ONNX file of a few hundred bytes: the odds rise with the mean of the bands. Encoded by hand (onnx.proto)."""

from pathlib import Path

_FLOAT = 1


def write_turn_model(path: Path, *, takes: str = "input_features") -> Path:
    """A model in the form of smart-turn v3: `takes` (1, 80, 800) of floats, one number from 0 to 1."""
    mean = _field(1, takes) + _field(2, "mean") + _field(4, "ReduceMean") + _field(5, _keepdims())
    odds = _field(1, "mean") + _field(2, "odds") + _field(4, "Sigmoid")
    graph = _field(1, mean) + _field(1, odds) + _field(2, "turn")
    graph += _field(11, _tensor(takes, (1, 80, 800))) + _field(12, _tensor("odds", ()))
    opset = _field(1, "") + _number(2, 13)
    path.write_bytes(_number(1, 8) + _field(7, graph) + _field(8, opset))
    return path


def _keepdims() -> bytes:
    return _field(1, "keepdims") + _number(3, 0) + _number(20, 2)


def _tensor(name: str, shape: tuple[int, ...]) -> bytes:
    dimensions = b"".join(_field(1, _number(1, each)) for each in shape)
    return _field(1, name) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, dimensions)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])
