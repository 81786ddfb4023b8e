"""The gate of the voice detector: WebRTC's, two microseconds a frame, helpless against noise."""

import webrtcvad

from engine.clock import SAMPLE_RATE_HZ

AGGRESSIVENESS = 2
"""0 to 3. One step below the strictest: as a gate it must not miss quiet beginnings."""


class WebRtcGate:
    """engine.audio.voice.Gate; one instance per call."""

    def __init__(self, aggressiveness: int = AGGRESSIVENESS) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, pcm: bytes) -> bool:
        return bool(self._vad.is_speech(pcm, SAMPLE_RATE_HZ))
