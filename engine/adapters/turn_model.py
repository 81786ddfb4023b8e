"""engine.ports.TurnModel from a file in the form of smart-turn v3 (Daily, BSD-2): log-mel bands of 8 s in, odds out.

The file does not come along; TURN_MODEL names it. One thread computes, about 80 ms for an opinion on one core.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from engine.adapters.log_mel import RATE_HZ, log_mel
from engine.audio.resample import resample
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import UpstreamUnavailable
from engine.ports import HEARD_BY_TURN_MODEL_S

_INPUT: Final = "input_features"
_SAMPLES: Final = HEARD_BY_TURN_MODEL_S * RATE_HZ
_SMALLEST_VARIANCE: Final = 1e-7


class OnnxTurnModel:
    """Thread-safe: a session of onnxruntime may be asked from any thread."""

    def __init__(self, path: Path) -> None:
        """Raises UpstreamUnavailable when the file is no such model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its own that share no other base
            raise UpstreamUnavailable(f"TURN_MODEL: {path} is no model that onnxruntime can load: {error}") from error
        names = [each.name for each in self._session.get_inputs()]
        if names != [_INPUT]:
            raise UpstreamUnavailable(f"TURN_MODEL: {path} takes {', '.join(names)}, not {_INPUT}.")

    def score(self, pcm: bytes) -> float:
        """See engine.ports.TurnModel."""
        line = np.frombuffer(pcm, dtype="<i2")[-HEARD_BY_TURN_MODEL_S * SAMPLE_RATE_HZ :]
        samples = np.frombuffer(resample(line.tobytes(), SAMPLE_RATE_HZ, RATE_HZ), dtype="<i2")
        heard = np.zeros(_SAMPLES, dtype=np.float32)
        heard[_SAMPLES - len(samples) :] = samples / np.float32(32768)
        heard = (heard - heard.mean()) / np.sqrt(heard.var() + np.float32(_SMALLEST_VARIANCE))
        (odds, *_) = self._session.run(None, {_INPUT: log_mel(heard)[None]})
        return min(1.0, max(0.0, float(np.asarray(odds).reshape(-1)[0])))
