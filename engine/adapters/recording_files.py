"""Recordings of calls: two-channel mu-law WAV files on the sample clock, left the candidate, right the agent.

The header is made true every half second, so that a file whose writer was killed can be read up to its last second.
Sample n of either channel is what was on the line at sample n of the call: nothing is ever shifted.
"""

import logging
import os
import struct
from pathlib import Path
from typing import Final

from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import ProtocolError

logger = logging.getLogger(__name__)

CHANNELS: Final = 2
CANDIDATE, AGENT = 0, 1
HEADER_BYTES: Final = 58
_MULAW_TAG: Final = 7
_FLUSH_SAMPLES: Final = SAMPLE_RATE_HZ // 2
_LINGER_SAMPLES: Final = SAMPLE_RATE_HZ // 4
"""The newest audio waits so long for the other channel before it goes to disk."""
_LONGEST_SAMPLES: Final = 6 * 3600 * SAMPLE_RATE_HZ
"""No call lasts so long; a position beyond is a fault of the line, not a reason to fill the disk with silence."""
_FARTHEST_AHEAD_SAMPLES: Final = 600 * SAMPLE_RATE_HZ
_PIECE_SAMPLES: Final = 1 << 16


def header(samples: int) -> bytes:
    """The head of a recording with so many samples in each channel."""
    data_bytes = samples * CHANNELS
    layout = struct.pack("<HHIIHHH", _MULAW_TAG, CHANNELS, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * CHANNELS, CHANNELS, 8, 0)
    return (
        struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE")
        + struct.pack("<4sI", b"fmt ", len(layout))
        + layout
        + struct.pack("<4sII", b"fact", 4, samples)
        + struct.pack("<4sI", b"data", data_bytes)
    )


class RecordingFile:
    """engine.ports.Recorder writing one file. The call's length is that of the candidate's channel.

    A disk that fails does not end a call: the fault is logged, `failure` tells it, and recording stops.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError when the file cannot be made, FileExistsError when it exists."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._take(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), 0)
        os.write(self._file, header(0))

    def _take(self, path: Path, file: int, samples: int) -> None:
        self.path = path
        self.failure: str | None = None
        self._file = file
        self._channels = (bytearray(), bytearray())
        self._written = self._end = samples
        """Samples on disk; the channels' buffers begin there."""
        self._is_open = True

    @classmethod
    def going_on(cls, path: Path) -> "RecordingFile":
        """Go on with the recording of a call whose writer is gone; what it had not written stays silent.

        Raises OSError when the file cannot be opened, ProtocolError when it is no recording of ours.
        """
        recording = cls.__new__(cls)
        recording._take(path, os.open(path, os.O_RDWR), repair(path))
        return recording

    @property
    def samples(self) -> int:
        """Samples of line audio so far."""
        return self._end

    def write_candidate(self, position: int, mulaw: bytes) -> None:
        if self._put(CANDIDATE, position, mulaw):
            self._end = max(self._end, position + len(mulaw))
        if self._end - self._written >= _FLUSH_SAMPLES + _LINGER_SAMPLES:
            self._flush(self._end - _LINGER_SAMPLES)

    def write_agent(self, position: int, mulaw: bytes) -> None:
        room = self._end + _FARTHEST_AHEAD_SAMPLES - position
        self._put(AGENT, position, mulaw[: max(0, room)])

    def drop_agent_after(self, position: int) -> None:
        if position < self._written:
            self._patch(AGENT, position, b"\xff" * (self._written - position))
        del self._channels[AGENT][max(0, position - self._written) :]

    def close(self) -> None:
        if self._is_open:
            self._flush(self._end)
            self._is_open = False
            os.close(self._file)

    def _put(self, channel: int, position: int, audio: bytes) -> bool:
        """Audio at its place: in the buffer, or in the file where that place has been written already."""
        if position < 0 or position > _LONGEST_SAMPLES:
            logger.warning("audio at an impossible position was not recorded", extra={"position": position})
            return False
        late = max(0, min(len(audio), self._written - position))
        if late:
            self._patch(channel, position, audio[:late])
        if late < len(audio):
            buffer = self._channels[channel]
            place = position + late - self._written
            if place - len(buffer) > _FLUSH_SAMPLES and channel == CANDIDATE:
                self._flush(position)
                place = position + late - self._written
            buffer += b"\xff" * (place - len(buffer))
            buffer[place : place + len(audio) - late] = audio[late:]
        return True

    def _flush(self, until: int) -> None:
        """Move everything before a position to disk, silence where nothing came, and make the header true."""
        while self._written < until:
            count = min(until - self._written, _PIECE_SAMPLES)
            piece = bytearray(b"\xff" * (count * CHANNELS))
            for channel, buffer in enumerate(self._channels):
                present = bytes(buffer[:count])
                piece[channel : len(present) * CHANNELS : CHANNELS] = present
                del buffer[:count]
            self._store(HEADER_BYTES + self._written * CHANNELS, bytes(piece))
            self._written += count
        self._store(0, header(self._written))

    def _patch(self, channel: int, position: int, audio: bytes) -> None:
        place = HEADER_BYTES + position * CHANNELS
        if not self._is_open or self.failure:
            return
        piece = bytearray(os.pread(self._file, len(audio) * CHANNELS, place))
        piece[channel::CHANNELS] = audio
        self._store(place, bytes(piece))

    def _store(self, place: int, content: bytes) -> None:
        if not self._is_open or self.failure:
            return
        try:
            os.pwrite(self._file, content, place)
        except OSError as error:
            self.failure = error.strerror
            logger.error("the recording cannot be written any more", extra={"reason": error.strerror})


def repair(path: Path) -> int:
    """Make the header of a recording true to its length, after its writer was killed; returns samples per channel.

    Raises ProtocolError when the file is no recording of ours, FileNotFoundError when there is none.
    """
    samples = samples_in(path)
    with path.open("r+b") as file:
        file.write(header(samples))
        file.truncate(HEADER_BYTES + samples * CHANNELS)
    return samples


def samples_in(path: Path) -> int:
    """Samples in each channel, from the file's length: true even while the call goes on. Raises ProtocolError."""
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    model = header(0)
    if len(start) < HEADER_BYTES or start[8:40] != model[8:40] or start[50:54] != b"data":
        raise ProtocolError(f"{path.name} is no recording of a call")
    return (path.stat().st_size - HEADER_BYTES) // CHANNELS


class OpenRecording:
    """A recording for reading, decoded at random access. One frame is one sample of each channel."""

    channels = CHANNELS
    sample_rate_hz = SAMPLE_RATE_HZ

    def __init__(self, path: Path) -> None:
        self.frames = samples_in(path)
        """Frames when it was opened; a call that goes on may add more, which are left out."""
        self._file = path.open("rb")

    def read(self, frame: int, count: int) -> bytes:
        """`count` frames from `frame` on, 16-bit little-endian, channels interleaved; fewer at the end."""
        count = min(count, self.frames - frame)
        if frame < 0 or count <= 0:
            return b""
        self._file.seek(HEADER_BYTES + frame * CHANNELS)
        return mulaw.decode(self._file.read(count * CHANNELS))

    def close(self) -> None:
        self._file.close()


def open_recording(path: Path) -> OpenRecording:
    """A recording for reading, finished or not. Raises ProtocolError when it is none, FileNotFoundError."""
    return OpenRecording(path)
