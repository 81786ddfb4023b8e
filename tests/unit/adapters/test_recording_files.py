"""Recordings: every sample at its place, and a file that can be read whatever happened to its writer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.recording_files import HEADER_BYTES, RecordingFile, header, open_recording, repair, samples_in
from engine.audio import mulaw
from engine.errors import ProtocolError

SECOND = 8000
SOURCES = Path(__file__).parents[3]


def channels(path: Path) -> tuple[bytes, bytes]:
    data = path.read_bytes()[HEADER_BYTES:]
    return data[0::2], data[1::2]


def test_both_sides_stand_at_their_positions_and_silence_fills_the_rest(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    for frame in range(100):
        recorder.write_candidate(frame * 160, bytes([frame + 1]) * 160)
    recorder.write_agent(SECOND, b"\x33" * 4000)
    recorder.close()
    candidate, agent = channels(tmp_path / "call.wav")
    assert candidate == b"".join(bytes([frame + 1]) * 160 for frame in range(100))
    assert agent == b"\xff" * SECOND + b"\x33" * 4000 + b"\xff" * 4000


def test_the_header_says_what_the_file_holds(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    recorder.write_candidate(0, b"\x10" * SECOND)
    recorder.close()
    content = (tmp_path / "call.wav").read_bytes()
    assert content[:HEADER_BYTES] == header(SECOND)
    assert len(content) == HEADER_BYTES + 2 * SECOND
    assert content[20:24] == bytes([7, 0, 2, 0])


def test_frames_lost_on_the_line_become_silence_and_shift_nothing(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    recorder.write_candidate(0, b"\x01" * 160)
    recorder.write_candidate(5 * SECOND, b"\x02" * 160)
    recorder.write_candidate(SECOND, b"\x03" * 160)
    recorder.close()
    candidate, agent = channels(tmp_path / "call.wav")
    assert candidate[:160] == b"\x01" * 160
    assert candidate[SECOND : SECOND + 160] == b"\x03" * 160
    assert candidate[5 * SECOND :] == b"\x02" * 160
    assert len(agent) == len(candidate) == 5 * SECOND + 160
    assert set(candidate[160:SECOND]) == set(agent) == {0xFF}


def test_what_was_cut_off_is_not_in_the_recording(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    recorder.write_agent(0, b"\x55" * 10 * SECOND)
    for frame in range(200):
        recorder.write_candidate(frame * 160, b"\x11" * 160)
    recorder.drop_agent_after(2 * SECOND)
    recorder.write_agent(3 * SECOND, b"\x66" * 100)
    recorder.write_candidate(4 * SECOND, b"\x11" * 160)
    recorder.close()
    _, agent = channels(tmp_path / "call.wav")
    assert agent[: 2 * SECOND] == b"\x55" * 2 * SECOND
    assert agent[2 * SECOND : 3 * SECOND] == b"\xff" * SECOND
    assert agent[3 * SECOND : 3 * SECOND + 100] == b"\x66" * 100
    assert set(agent[3 * SECOND + 100 :]) == {0xFF}


def test_what_the_agent_would_have_said_after_the_line_closed_is_left_out(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    recorder.write_agent(0, b"\x55" * 10 * SECOND)
    recorder.write_candidate(0, b"\x11" * SECOND)
    recorder.close()
    recorder.close()
    assert [len(channel) for channel in channels(tmp_path / "call.wav")] == [SECOND, SECOND]


def test_an_impossible_position_does_not_fill_the_disk(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    recorder.write_candidate(1 << 40, b"\x11" * 160)
    recorder.write_candidate(-5, b"\x11" * 160)
    recorder.write_agent(1 << 40, b"\x11" * 160)
    recorder.close()
    assert (tmp_path / "call.wav").stat().st_size == HEADER_BYTES


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    RecordingFile(tmp_path / "call.wav").close()
    with pytest.raises(FileExistsError):
        RecordingFile(tmp_path / "call.wav")


def test_the_file_grows_while_the_call_goes_on_and_its_header_stays_true(tmp_path: Path) -> None:
    recorder = RecordingFile(tmp_path / "call.wav")
    for frame in range(500):
        recorder.write_candidate(frame * 160, b"\x11" * 160)
        if frame >= 50:
            assert samples_in(tmp_path / "call.wav") >= frame * 160 - SECOND
            size = (tmp_path / "call.wav").stat().st_size
            assert (tmp_path / "call.wav").read_bytes()[:HEADER_BYTES] == header((size - HEADER_BYTES) // 2)
    recorder.close()


WRITER = """
import sys
from pathlib import Path
from engine.adapters.recording_files import RecordingFile
recorder = RecordingFile(Path(sys.argv[1]))
for frame in range(500):
    recorder.write_candidate(frame * 160, b"\\x11" * 160)
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_writer_leaves_a_file_that_is_readable_up_to_its_last_second(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)],
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        writer.send_signal(signal.SIGKILL)
    recording = open_recording(path)
    assert recording.frames >= 500 * 160 - SECOND
    assert recording.read(0, 1) == mulaw.decode(b"\x11\xff")
    recording.close()


def test_repair_makes_a_stale_header_true_and_drops_half_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(header(0) + b"\x11\xff" * 1000 + b"\x11")
    assert repair(path) == 1000
    assert path.read_bytes() == header(1000) + b"\x11\xff" * 1000


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.wav"
    path.write_bytes(b"RIFF" + b"\0" * 200)
    with pytest.raises(ProtocolError, match="no recording"):
        open_recording(path)


def test_reading_decodes_any_stretch(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    recorder = RecordingFile(path)
    recorder.write_candidate(0, bytes(range(256)))
    recorder.close()
    recording = open_recording(path)
    assert (recording.channels, recording.sample_rate_hz, recording.frames) == (2, 8000, 256)
    assert recording.read(10, 2) == mulaw.decode(bytes([10, 0xFF, 11, 0xFF]))
    assert len(recording.read(250, 100)) == 6 * 4
    assert recording.read(256, 1) == recording.read(-1, 1) == b""
    recording.close()


Write = tuple[str, int, int]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("candidate"), st.integers(0, 30_000), st.integers(1, 9000)),
            st.tuples(st.just("agent"), st.integers(0, 30_000), st.integers(1, 9000)),
            st.tuples(st.just("drop"), st.integers(0, 40_000), st.just(0)),
        ),
        max_size=25,
    )
)
@settings(max_examples=80, deadline=None)
def test_any_order_of_writes_gives_what_a_plain_array_would_hold(
    tmp_path_factory: pytest.TempPathFactory, writes: list[Write]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "call.wav"
    recorder = RecordingFile(path)
    expected = {"candidate": bytearray(b"\xff" * 50_000), "agent": bytearray(b"\xff" * 50_000)}
    length = 0
    for number, (kind, position, count) in enumerate(writes, start=1):
        if kind == "drop":
            recorder.drop_agent_after(position)
            expected["agent"][position:] = b"\xff" * (50_000 - position)
            continue
        audio = bytes((number + index) % 251 for index in range(count))
        expected[kind][position : position + count] = audio
        if kind == "candidate":
            recorder.write_candidate(position, audio)
            length = max(length, position + count)
        else:
            recorder.write_agent(position, audio)
    recorder.close()
    assert channels(path) == (bytes(expected["candidate"][:length]), bytes(expected["agent"][:length]))
