"""The simulator's parts: the line, scenario files, voices, TwiML as Twilio reads it, recordings."""

import json
import math
import struct
import tomllib
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from engine.audio import levels, mulaw
from engine.errors import ProtocolError
from engine.questions.generated import generated_id
from engine.vocabulary import Topic
from telephony import media_stream
from telephony.simulator import scenario as scenarios
from telephony.simulator import voices
from telephony.simulator.caller import ScriptedCaller
from telephony.simulator.faults import FaultyPath
from telephony.simulator.happenings import Happening, Kind, MarkName, parse_mark
from telephony.simulator.line import BUFFER_SAMPLES, SimulatedLine, StreamIdentity
from telephony.simulator.recorder import read_session
from telephony.simulator.run import simulated_leg
from telephony.simulator.scenario import LineFaults, Reply, ReplyPart, parse_scenario
from telephony.simulator.scenario_table import ScenarioError
from telephony.simulator.timeline import percentile
from telephony.simulator.twiml_reader import (
    CarrierError,
    ConnectStream,
    Gather,
    Hangup,
    Pause,
    Play,
    Redirect,
    Say,
    read,
)

STREAM = "MZ" + "0" * 32
QUIET = b"\xff" * 160
SHIPPED = Path(scenarios.__file__).parent / "scenarios"
WRITTEN_QUESTIONS = Path(__file__).parents[2] / "fakes" / "written_questions.toml"


def line() -> SimulatedLine:
    opened = SimulatedLine(StreamIdentity(STREAM, "CA1", "AC1", {"token": "t"}))
    opened.open()
    return opened


def names(messages: list[str]) -> list[str]:
    return [message["mark"]["name"] for message in map(json.loads, messages) if message["event"] == "mark"]


def kinds(of: SimulatedLine) -> list[tuple[Kind, str]]:
    return [(each.kind, each.detail) for each in of.happenings]


def test_numbers_go_out_as_strings_and_count_as_twilio_counts() -> None:
    simulated = SimulatedLine(StreamIdentity(STREAM, "CA1", "AC1"))
    [connected, start] = simulated.open()
    [first] = simulated.tick(QUIET)
    [key] = simulated.press("5")
    [second] = simulated.tick(QUIET)
    [stop] = simulated.stop()

    assert "sequenceNumber" not in json.loads(connected)
    numbers = [json.loads(message)["sequenceNumber"] for message in (start, first, key, second, stop)]
    assert numbers == ["1", "2", "3", "4", "5"]
    media = json.loads(second)["media"]
    assert (media["chunk"], media["timestamp"], len(media["payload"])) == ("2", "20", 216)


def test_a_mark_comes_back_when_its_audio_was_played_and_at_once_when_there_is_none() -> None:
    simulated = line()

    assert names(simulated.take(media_stream.encode_mark(STREAM, "a"))) == ["a"]
    simulated.take(media_stream.encode_media(STREAM, b"\x01" * 200))
    assert names(simulated.take(media_stream.encode_mark(STREAM, "b"))) == []
    assert names(simulated.tick(QUIET)) == []
    assert names(simulated.tick(QUIET)) == ["b"]
    assert bytes(simulated.heard_agent) == b"\x01" * 200 + b"\xff" * 120


def test_clear_throws_away_what_waits_and_returns_every_mark() -> None:
    simulated = line()
    for name in ("1.0.0/ask:x", "1.0.1/ask:x/end"):
        simulated.take(media_stream.encode_media(STREAM, b"\x01" * 400))
        simulated.take(media_stream.encode_mark(STREAM, name))
    simulated.tick(QUIET)

    assert names(simulated.take(media_stream.encode_clear(STREAM))) == ["1.0.0/ask:x", "1.0.1/ask:x/end"]
    simulated.tick(QUIET)

    assert simulated.heard_agent.count(1) == 160
    assert simulated.cleared_samples == 640
    assert (Kind.CLEARED, "ask:x") in kinds(simulated)
    assert simulated.spans[-1].is_cut


def test_an_utterance_is_announced_when_its_sound_begins_and_told_over_at_its_last_mark() -> None:
    simulated = line()
    simulated.take(media_stream.encode_media(STREAM, b"\x01" * 160))
    simulated.tick(QUIET)
    simulated.take(media_stream.encode_media(STREAM, b"\x01" * 160))
    simulated.take(media_stream.encode_mark(STREAM, "3.0.0/consent/end"))
    simulated.tick(QUIET)
    simulated.tick(QUIET)

    told = [(each.at_ms, each.kind) for each in simulated.happenings if each.kind is not Kind.MARK_PLAYED]
    assert (0, Kind.UTTERANCE_BEGAN) in told
    assert (40, Kind.UTTERANCE_ENDED) in told
    assert (40, Kind.AUDIO_ENDED) in told


def test_more_than_ten_minutes_of_waiting_audio_is_thrown_away() -> None:
    simulated = line()
    simulated.take(media_stream.encode_media(STREAM, b"\x01" * BUFFER_SAMPLES))
    simulated.take(media_stream.encode_media(STREAM, b"\x01"))

    assert simulated.queued_ms == 600_000
    assert kinds(simulated)[-1] == (Kind.DISCARDED, "")


@pytest.mark.parametrize(
    "message",
    [
        "nonsense",
        "[]",
        '{"event":"clear","streamSid":"MZother"}',
        json.dumps({"event": "dance", "streamSid": STREAM}),
        json.dumps({"event": "mark", "streamSid": STREAM}),
        json.dumps({"event": "media", "streamSid": STREAM, "media": {"payload": "a\nb"}}),
    ],
)
def test_a_message_that_twilio_would_refuse_is_noted_and_changes_nothing(message: str) -> None:
    simulated = line()

    assert simulated.take(message) == []
    assert [kind for kind, _ in kinds(simulated)] == [Kind.STREAM_STARTED, Kind.REFUSED]


def test_the_name_of_a_mark_tells_utterance_label_and_end() -> None:
    assert parse_mark("12.1.3/ask:python-gil/end") == MarkName("12", "ask:python-gil", is_end=True)
    assert parse_mark("12.1.2/repeat:ask:x") == MarkName("12", "repeat:ask:x", is_end=False)
    assert parse_mark("turn-7") == MarkName("turn-7", "turn-7", is_end=False)


FULL = """
caller = "+15550123"
dialled = "+15550100"
pin = ["000000", "123456"]
longest_call_s = 60

[[reply]]
on = "consent"
text = "yes"

[[reply]]
on = "ask:*"
text = ["well", "it depends"]
pause_ms = [700]
pitch = 1.2
times = 0

[[reply]]
on = "closing"
digits = "9"
interrupt_after_ms = 300
hang_up = true

[default]
text = "hm"

[line]
noise_dbfs = -50
loss = 0.01
"""


def test_a_scenario_says_what_its_file_says() -> None:
    scenario = parse_scenario(FULL, Path())

    assert (scenario.caller, scenario.pins, scenario.longest_call_ms) == ("+15550123", ("000000", "123456"), 60_000)
    consent, ask, closing = scenario.replies
    assert consent == Reply(on="consent", parts=(ReplyPart("yes", None),), number=1)
    assert (ask.text, ask.pauses_ms, ask.pitch, ask.times) == ("well it depends", (700,), 1.2, 0)
    assert (closing.digits, closing.interrupt_after_ms, closing.hang_up) == ("9", 300, True)
    assert scenario.default is not None
    assert scenario.default.times == 0
    assert scenario.faults == LineFaults(noise_dbfs=-50, loss=0.01)


@pytest.mark.parametrize(
    ("fault", "repaired", "message"),
    [
        ("pin = 123456", 'pin = ["000000", "123456"]', r"line 4: pin must be a text"),
        ("longest_call_s = -1", "longest_call_s = 60", r"line 5: longest_call_s must be a whole number"),
        ("onn = 1", 'on = "consent"', r"line 7: \[\[reply\]\] number 1: on is missing"),
        ('colour = "red"\non = "consent"', 'on = "consent"', r"line 8: \[\[reply\]\] number 1: colour is not known"),
        ("pause_ms = [1, 2]", "pause_ms = [700]", r"line 14: \[\[reply\]\] number 2: pause_ms needs one pause"),
        ("pitch = 9", "pitch = 1.2", r"line 15: .*pitch must be a number from 0.5 to 2"),
        ("times = true", "times = 0", r"line 16: .*times must be a whole number"),
        ('digits = "9x"', 'digits = "9"', r"line 20: .*digits may hold only"),
        ("hang_up = 1", "hang_up = true", r"line 22: .*hang_up must be true or false"),
        ('text = ""', 'text = "hm"', r"line 25: \[default\] text must be a text"),
        ('audio = "none.wav"', 'text = "yes"', r"line 9: .*names none.wav, and there is no such file"),
        ("loss = 2", "loss = 0.01", r"line 29: \[line\] loss must be a number from 0 to 0.9"),
        ("pin = ", 'pin = ["000000", "123456"]', r"not valid TOML.*line 4"),
    ],
)
def test_a_fault_in_a_scenario_is_named_with_its_line_and_key(fault: str, repaired: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(FULL.replace(repaired, fault, 1), Path())


def test_a_caller_who_would_never_speak_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"no \[\[reply\]\] and no \[default\]"):
        parse_scenario('caller = "+1"', Path())


def test_a_scenario_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"nobody\.toml: the file cannot be read"):
        scenarios.load_scenario(tmp_path / "nobody.toml")


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_used(path: Path) -> None:
    assert scenarios.load_scenario(path).replies


def write_wav(path: Path, *, rate_hz: int = 8000, channels: int = 1, width: int = 2) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate_hz)
        samples = [int(8000 * math.sin(2 * math.pi * 300 * n / rate_hz)) for n in range(rate_hz // 2)]
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples) if width == 2 else bytes(len(samples)))
    return path


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000, 44100])
def test_audio_of_any_rate_becomes_the_lines(tmp_path: Path, rate_hz: int) -> None:
    audio = voices.read_wav(write_wav(tmp_path / "a.wav", rate_hz=rate_hz))

    assert abs(len(audio) - 4000) <= 1
    assert levels.rms_dbfs(mulaw.decode(audio)) == pytest.approx(-15.3, abs=0.5)


def test_mulaw_wav_files_are_taken_as_they_are(tmp_path: Path) -> None:
    data = bytes(range(256))
    header = struct.pack("<4sIHHIIHH", b"fmt ", 16, 7, 1, 8000, 8000, 1, 8)
    body = b"WAVE" + header + b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"data" + struct.pack("<I", 256) + data
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)

    assert mulaw.decode(voices.read_wav(tmp_path / "a.wav")) == mulaw.decode(data)


def test_an_unusable_audio_file_is_named_with_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    (tmp_path / "short.wav").write_bytes(b"RIFF\0\0\0\0WAVE")

    for path, problem in (
        (tmp_path / "text.wav", "text.wav: this is no WAV file"),
        (tmp_path / "short.wav", "short.wav: this is no complete WAV file"),
        (write_wav(tmp_path / "stereo.wav", channels=2), "stereo.wav: has 2 channels"),
        (write_wav(tmp_path / "eight.wav", width=1), "eight.wav: must be 16-bit PCM"),
    ):
        with pytest.raises(ScenarioError, match=problem):
            voices.read_wav(path)


def test_a_text_without_a_voice_is_an_error_before_anything_is_dialled() -> None:
    with pytest.raises(ScenarioError, match="no voice is at hand"):
        voices.prepare(parse_scenario(FULL, Path()), None)


def test_a_higher_pitch_is_spoken_slower_and_played_faster() -> None:
    speeds = []

    def synthesise(text: str, *, speed: float = 1.0) -> Iterator[bytes]:
        speeds.append(speed)
        seconds = 1 / speed
        samples = [int(8000 * math.sin(2 * math.pi * 200 * n / 8000)) for n in range(int(8000 * seconds))]
        yield mulaw.encode(struct.pack(f"<{len(samples)}h", *samples))

    plain, high = (voices.spoken_by(synthesise)("hello", pitch) for pitch in (1.0, 1.25))

    assert speeds == [1.0, pytest.approx(0.8)]
    assert len(high) == pytest.approx(len(plain), rel=0.01)
    assert crossings(high) == pytest.approx(crossings(plain) * 1.25, rel=0.02)


def crossings(audio: bytes) -> int:
    pcm = struct.unpack(f"<{len(audio)}h", mulaw.decode(audio))
    return sum((before < 0) != (after < 0) for before, after in pairwise(pcm))


def test_noise_and_level_change_what_the_server_hears() -> None:
    texts = {"plain": "", "loud": "[line]\nlevel_db = 6", "noisy": "[line]\nnoise_dbfs = -30"}
    heard = {}
    for name, faults in texts.items():
        scenario = parse_scenario(f'[default]\ntext = "x"\nafter_ms = 0\n{faults}', Path())
        speech = voices.prepare(scenario, lambda text, pitch: mulaw.encode(struct.pack("<h", 1000) * 16000))
        leg = simulated_leg(scenario, speech, StreamIdentity(STREAM, "CA1", "AC1"))
        leg.open()
        leg.take(media_stream.encode_media(STREAM, QUIET))
        leg.take(media_stream.encode_mark(STREAM, "1.0.0/consent/end"))
        for _ in range(40):
            leg.advance()
        heard[name] = bytes(leg.line.heard_caller)

    assert levels.rms_dbfs(mulaw.decode(heard["plain"][:160])) == levels.QUIETEST_DBFS
    assert levels.rms_dbfs(mulaw.decode(heard["noisy"][:160])) == pytest.approx(-30, abs=2)
    loud, plain = (levels.rms_dbfs(mulaw.decode(heard[name][-1600:])) for name in ("loud", "plain"))
    assert loud - plain == pytest.approx(6, abs=0.5)


def begins_speaking_ms(text: str, *happenings: Happening) -> int | None:
    """When a caller with this scenario begins its first reply, given what happens on the line."""
    scenario = parse_scenario(text, Path())
    caller = ScriptedCaller(scenario, voices.prepare(scenario, lambda text, pitch: b"\x01" * 800))
    for at_ms in range(0, 12_000, 20):
        caller.frame(at_ms, [each for each in happenings if at_ms - 20 < each.at_ms <= at_ms])
    return caller.spoken[0].start // 8 if caller.spoken else None


SLOW = '[[reply]]\non = "ask:a"\ntext = "x"\nafter_ms = 4000\n'


def test_a_slow_caller_lets_the_agent_finish_before_it_answers() -> None:
    asked = Happening(1000, Kind.UTTERANCE_ENDED, "ask:a")
    prompted = (Happening(4500, Kind.UTTERANCE_BEGAN, "prompt"), Happening(6000, Kind.UTTERANCE_ENDED, "prompt"))

    assert begins_speaking_ms(SLOW, asked) == 5000
    assert begins_speaking_ms(SLOW, asked, *prompted) == 6300


def test_an_answer_that_comes_after_the_next_question_is_dropped() -> None:
    asked = Happening(1000, Kind.UTTERANCE_ENDED, "ask:a")
    next_one = (Happening(4500, Kind.UTTERANCE_BEGAN, "ask:b"), Happening(6000, Kind.UTTERANCE_ENDED, "ask:b"))

    assert begins_speaking_ms(SLOW, asked, *next_one) is None


def test_a_question_that_is_repeated_is_answered_by_its_own_rule() -> None:
    repeated = Happening(1000, Kind.UTTERANCE_ENDED, "repeat:ask:a")

    assert begins_speaking_ms(SLOW, repeated) == 5000


def test_what_is_sent_between_two_frames_does_not_overtake_what_is_held_back() -> None:
    path = FaultyPath(LineFaults(stall_every_ms=20, stall_ms=60))

    arrived = [path.frame([str(number)]) for number in range(2)]
    between = path.behind(["mark"])
    arrived += [path.frame([str(number)]) for number in range(2, 4)]

    assert between == []
    assert [message for messages in arrived for message in messages] == ["0", "1", "mark", "2", "3"]
    assert arrived[0] == []
    assert path.behind(["at once"]) == ["at once"]


def test_percentiles_are_values_that_occurred() -> None:
    assert percentile([], 50) is None
    assert percentile([5], 95) == 5
    assert percentile(list(range(1, 101)), 95) == 95
    assert percentile([1, 2, 3, 4], 50) == 2


def test_twiml_becomes_verbs_in_order() -> None:
    document = """<?xml version="1.0" encoding="UTF-8"?><Response><Say>Hi &amp; bye</Say><Play>a.mp3</Play>
        <Pause length="2"/><Gather numDigits="6" action="/pin"><Say>PIN</Say></Gather>
        <Connect action="/after"><Stream url="wss://a.example/m" statusCallback="/s">
        <Parameter name="token" value="t"/></Stream></Connect><Redirect>/x</Redirect><Reject/><Hangup/></Response>"""

    assert read(document) == [
        Say("Hi & bye"),
        Play("a.mp3"),
        Pause(2.0),
        Gather("/pin", 6, (Say("PIN"),)),
        ConnectStream("wss://a.example/m", "/after", "/s", {"token": "t"}),
        Redirect("/x"),
        Hangup(is_reject=True),
        Hangup(),
    ]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("<Response><Say>", "not well-formed"),
        ("<html/>", "begins with <html>"),
        ("<Response><Dance/></Response>", "<Dance>"),
        ("<Response><Connect/></Response>", "no <Stream>"),
        ('<Response><Connect><Stream url="https://a.example"/></Connect></Response>', "must begin with wss"),
        ('<Response><Connect><Stream url="wss://a.example?x=1"/></Connect></Response>', "have no query"),
        ("<Response><Gather><Hangup/></Gather></Response>", "may hold only"),
        (
            '<Response><Connect><Stream url="wss://a.example"><Parameter name="t" value="'
            + "x" * 499
            + '"/></Stream></Connect></Response>',
            "500 characters",
        ),
    ],
)
def test_twiml_that_twilio_would_not_carry_out_is_an_error(document: str, problem: str) -> None:
    with pytest.raises(CarrierError, match=problem):
        read(document)


@pytest.mark.parametrize("row", ["{}", "x", '{"dir":"up","msg":{}}', '{"dir":"twilio->app","msg":{"event":"media"}}'])
def test_a_broken_recording_is_named_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "session.jsonl"
    path.write_text('{"dir":"twilio->app","msg":{"event":"connected"}}\n' + row + "\n")

    with pytest.raises(ProtocolError, match=r"session\.jsonl, line 2"):
        read_session(path)
    with pytest.raises(ProtocolError, match="cannot be read"):
        read_session(tmp_path / "nothing.jsonl")


def test_rows_without_a_time_take_that_of_the_audio_around_them(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    media = {"event": "media", "media": {"timestamp": "80"}}
    rows = [{"event": "connected"}, media, {"event": "dtmf"}]
    path.write_text("\n".join(json.dumps({"dir": "twilio->app", "msg": message}) for message in rows))

    assert [row.at_ms for row in read_session(path)] == [0, 80, 80]


def test_the_demo_caller_answers_what_the_loopback_language_model_asks() -> None:
    written = tomllib.loads(WRITTEN_QUESTIONS.read_text())["question"]
    demo = scenarios.load_scenario(SHIPPED / "demo.toml")
    answered = {reply.on for reply in demo.replies}

    assert {f"ask:{generated_id(Topic(each['topic']), each['text'])}" for each in written} <= answered
