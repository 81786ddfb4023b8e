"""The 8 kHz branch of the Silero voice network, version 5, for many calls at once.

A window of 256 samples with the 32 before it goes through a short-time Fourier transform, four convolutions and a
recurrent layer of 128 cells. Written out in matrix products because the published graph spends most of its time on
branches and slices that 8 kHz never needs, and because the windows of many calls in one product cost a fifth of what
they cost one by one. tests/integration/speech holds it against onnxruntime on recorded speech.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

Floats = NDArray[np.float32]

WINDOW_SAMPLES: Final = 256
CONTEXT_SAMPLES: Final = 32
HEARD_SAMPLES: Final = CONTEXT_SAMPLES + WINDOW_SAMPLES
CELLS: Final = 128
MEMORY: Final = 2 * CELLS
"""What the network remembers of one call: outputs and states of its cells."""
_PAD: Final = 32
_BINS: Final = 65
_FRAMES: Final = 4
_HOP: Final = 64
_HALF: Final = np.float32(0.5)
_BRANCH: Final = "If_0_else_branch__Inline_0__"


class SileroNetwork:
    """Weights, and the room for a batch of at most `most_rows` windows. Not thread-safe."""

    def __init__(self, constants: Mapping[str, Floats], most_rows: int) -> None:
        """constants: the model file's, by name. Raises KeyError when one is missing."""
        of = {name.removeprefix(_BRANCH): value for name, value in constants.items() if name.startswith(_BRANCH)}
        self._basis = np.ascontiguousarray(of["stft.forward_basis_buffer"][:, 0, :].T)
        taps = [of[f"encoder.{layer}.reparam_conv.weight"].transpose(2, 1, 0) for layer in range(4)]
        # The third layer sees no frame before its first, the fourth none beside its only one: those taps meet zeros.
        used = (taps[0], taps[1], taps[2][1:], taps[3][1:2])
        self._kernels = [np.ascontiguousarray(each.reshape(-1, each.shape[2])) for each in used]
        self._biases = [of[f"encoder.{layer}.reparam_conv.bias"] for layer in range(4)]
        # A logistic function is a scaled and shifted tanh: scaled here, so that one tanh serves all four gates.
        scale = np.full(4 * CELLS, 0.5, dtype=np.float32)
        scale[2 * CELLS : 3 * CELLS] = 1.0
        gates = np.concatenate([of["decoder.rnn.weight_ih"], of["decoder.rnn.weight_hh"]], axis=1).T
        self._gates = np.ascontiguousarray(gates * scale)
        self._gate_bias = (of["decoder.rnn.bias_ih"] + of["decoder.rnn.bias_hh"]) * scale
        self._out = np.ascontiguousarray(of["decoder.decoder.2.weight"][0, :, 0])
        self._out_bias = np.float32(of["decoder.decoder.2.bias"].reshape(-1)[0])
        self._make_room(most_rows)

    def _make_room(self, rows: int) -> None:
        self._padded = np.zeros((rows, HEARD_SAMPLES + _PAD), np.float32)
        self._frames = _windows(self._padded, _FRAMES, 128, _HOP)
        magnitudes = np.zeros((rows, (_FRAMES + 2) * _BINS), np.float32)
        self._magnitudes = magnitudes.reshape(rows, _FRAMES + 2, _BINS)[:, 1:-1]  # a frame of zeros before and after
        self._threes = _windows(magnitudes, _FRAMES, 3 * _BINS, _BINS)
        first = np.zeros((rows, (_FRAMES + 1) * 128), np.float32)
        self._first = first.reshape(rows, _FRAMES + 1, 128)[:, 1:]  # a frame of zeros before
        self._first_threes = _windows(first, 2, 3 * 128, 2 * 128)
        self._joined = np.zeros((rows, MEMORY), np.float32)

    def judge(self, heard: Floats, memory: Floats) -> tuple[Floats, Floats]:
        """One window of each of n calls.

        heard: (n, 288) samples within -1 to 1; memory: (n, 256), what the network remembers of each call.
        Returns (n,) probabilities of speech, and the memory afterwards. Raises ValueError beyond `most_rows`.
        """
        rows = len(heard)
        if rows > len(self._padded):
            raise ValueError(f"at most {len(self._padded)} windows at once, not {rows}")
        joined = self._joined[:rows]
        self._encode(heard, joined[:, :CELLS])
        joined[:, CELLS:] = memory[:, :CELLS]
        gates: Floats = joined @ self._gates
        gates += self._gate_bias
        np.tanh(gates, out=gates)
        keep, candidate = gates[:, : 2 * CELLS], gates[:, 2 * CELLS : 3 * CELLS]
        keep += 1
        after = np.empty_like(memory)
        hidden, cells = after[:, :CELLS], after[:, CELLS:]
        np.multiply(keep[:, CELLS:], memory[:, CELLS:], out=cells)
        candidate *= keep[:, :CELLS]
        cells += candidate
        cells *= _HALF
        np.tanh(cells, out=hidden)
        opened = gates[:, 3 * CELLS :]
        opened += 1
        hidden *= opened
        hidden *= _HALF
        logits: Floats = np.maximum(hidden, 0) @ self._out
        logits += self._out_bias
        return np.reciprocal(1 + np.exp(-logits)), after

    def _encode(self, heard: Floats, features: Floats) -> None:
        """Fill in (n, 128) features. A convolution is one product: frames that follow each other lie side by side."""
        rows = len(heard)
        padded = self._padded[:rows]
        padded[:, :HEARD_SAMPLES] = heard
        # The samples' end is mirrored to fill the last frame.
        padded[:, HEARD_SAMPLES:] = padded[:, HEARD_SAMPLES - 2 : HEARD_SAMPLES - 2 - _PAD : -1]
        parts = self._frames[:rows].reshape(-1, 128) @ self._basis
        parts *= parts
        power = parts[:, :_BINS] + parts[:, _BINS:]
        np.sqrt(power.reshape(rows, _FRAMES, _BINS), out=self._magnitudes[:rows])
        result = self._convolved(0, self._threes[:rows].reshape(-1, 3 * _BINS))
        self._first[:rows] = result.reshape(rows, _FRAMES, 128)
        result = self._convolved(1, self._first_threes[:rows].reshape(-1, 3 * 128))
        result = self._convolved(2, result.reshape(rows, -1))
        features[:] = self._convolved(3, result)

    def _convolved(self, layer: int, frames: Floats) -> Floats:
        result: Floats = frames @ self._kernels[layer]
        result += self._biases[layer]
        return np.maximum(result, 0, out=result)


def _windows(rows: Floats, count: int, length: int, hop: int) -> Floats:
    """(n, count, length): windows that begin `hop` numbers apart in each row. A view of what is written later."""
    number_bytes = rows.itemsize
    return as_strided(rows, (len(rows), count, length), (rows.strides[0], hop * number_bytes, number_bytes))
