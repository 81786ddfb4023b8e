import io
import wave

from hypothesis import given
from hypothesis import strategies as st

from dashboard.recording import wav_bytes, wav_size


class Ramp:
    """Two channels of counting samples."""

    channels = 2
    sample_rate_hz = 8000

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self._data = b"".join(number.to_bytes(4, "little") for number in range(frames))

    def read(self, frame: int, count: int) -> bytes:
        return self._data[4 * frame : 4 * (frame + count)]


def whole(source: Ramp) -> bytes:
    return b"".join(wav_bytes(source, 0, wav_size(source)))


def test_the_file_is_one_that_any_reader_of_wav_understands() -> None:
    with wave.open(io.BytesIO(whole(Ramp(20_001)))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth(), file.getnframes()) == (
            2,
            8000,
            2,
            20_001,
        )


@given(st.integers(0, 40_000), st.data())
def test_any_range_is_the_same_bytes_as_that_part_of_the_whole(frames: int, data: st.DataObject) -> None:
    source = Ramp(frames)
    stop = data.draw(st.integers(0, wav_size(source)))
    start = data.draw(st.integers(0, stop))
    assert b"".join(wav_bytes(source, start, stop)) == whole(source)[start:stop]
