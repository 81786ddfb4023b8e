"""A recording as a call leaves it, with a soft tone that tells the channels apart."""

import uuid
from pathlib import Path

import numpy as np

from engine.adapters.recording_files import RecordingFile
from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ, ms_to_samples


def write_recording(recordings_dir: Path, call_id: uuid.UUID, duration_ms: int) -> dict[str, object]:
    """Write a file of that length and return the data of its `recording_saved` fact."""
    name = f"{call_id}.wav"
    recorder = RecordingFile(recordings_dir / name)
    seconds = np.arange(ms_to_samples(duration_ms)) / SAMPLE_RATE_HZ
    for write, pitch_hz in ((recorder.write_candidate, 220), (recorder.write_agent, 330)):
        tone = (1500 * np.sin(2 * np.pi * pitch_hz * seconds)).astype("<i2")
        write(0, mulaw.encode(tone.tobytes()))
    recorder.close()
    size_bytes = recorder.path.stat().st_size
    return {"path": name, "format": "wav-mulaw", "channels": 2, "size_bytes": size_bytes, "duration_ms": duration_ms}
