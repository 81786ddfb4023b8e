"""A quick reader on this machine: Moonshine tiny, through its own library. Runs in the speech process only.

Where Whisper needs its time for every stretch, however short, this network's work grows with the audio: 0.1 to 0.2 s of
a core for two seconds of speech. It makes twice as many mistakes, so its words only help to tell whether an answer is
over and fill the live view; the text that is kept comes from Whisper.
"""

import importlib.util
from pathlib import Path

import numpy as np

from engine.audio import mulaw
from engine.audio.resample import resample
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import UpstreamUnavailable

_RATE_HZ = 16_000
_OPTIONS = {"vad_threshold": "0", "return_audio_data": "false"}
"""The stretch was found by our own voice detector: the library's is not to cut it again."""

_INVENTED = frozenset({"you"})
"""What it writes when it hears nothing."""


def bundled_model_dir() -> Path:
    """The folder with Moonshine tiny-en that its package carries. Raises UpstreamUnavailable.

    Releases of the package after 0.1.0 carry no model.
    """
    found = importlib.util.find_spec("moonshine_voice")
    folder = Path(found.origin).parent / "assets" / "tiny-en" if found and found.origin else None
    if folder is None or not (folder / "encoder_model.ort").is_file():
        raise UpstreamUnavailable("No quick speech reader is installed: moonshine-voice 0.1.0 carries its model.")
    return folder


class LocalMoonshine:
    """One Moonshine model. Not thread-safe."""

    def __init__(self) -> None:
        """Raises UpstreamUnavailable when the package, its model or its library cannot be used."""
        folder = bundled_model_dir()
        try:
            # Imported here: without the package, or without what its library needs of the system, all else works.
            from moonshine_voice.moonshine_api import ModelArch
            from moonshine_voice.transcriber import Transcriber

            self._transcriber = Transcriber(str(folder), ModelArch.TINY, options=_OPTIONS)
        except (ImportError, OSError, RuntimeError) as error:
            raise UpstreamUnavailable(f"The quick speech reader cannot be loaded: {error}") from error

    def read(self, audio: bytes) -> str:
        """What is said in a stretch of speech. audio: mu-law, 8 kHz, some seconds at the most."""
        pcm = resample(mulaw.decode(audio), SAMPLE_RATE_HZ, _RATE_HZ)
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        transcript = self._transcriber.transcribe_without_streaming(samples.tolist(), _RATE_HZ)
        text = " ".join(line.text.strip() for line in transcript.lines).strip()
        return "" if text.lower().strip(" .!?,") in _INVENTED else text
