"""Another engine takes over: the log says so, the views show it, and the ear goes on where it was."""

import io

from dashboard.live import folded, public_event
from engine.adapters.event_files import FileEventLog, parse
from engine.audio import mulaw
from engine.audio.endpoint import FixedEndpoint
from engine.errors import UpstreamUnavailable
from engine.ports import UNLIMITED, EngineSwitched, RecognitionFailed
from telephony.call_log import CallLog
from telephony.hearing import DeafStream, Ear
from telephony.simulator.live_view import LiveView
from telephony.simulator.timeline import Timeline, with_log
from tests.fakes.tone_recogniser import ToneSpeechToText

SWITCHED = EngineSwitched("speech_to_text", "deepgram-nova", "openai", "the key was revoked")


class Row:
    """An event as the dashboard reads it."""

    def __init__(self, number, record):
        self.id, self.at_ms, self.kind = number, record.at_ms, record.kind
        self.name, self.data = record.name, record.data


def logged(tmp_path):
    path = tmp_path / "call.jsonl"
    log = CallLog(FileEventLog(path))
    log.engine_switched(7000, SWITCHED)
    log.close()
    return list(parse(path.read_bytes())[0])


def test_the_log_names_both_engines_and_the_reason(tmp_path):
    (record,) = logged(tmp_path)
    assert (record.kind, record.name, record.at_ms) == ("fact", "engine_switched", 7000)
    wanted = {"port": "speech_to_text", "from": "deepgram-nova", "to": "openai", "reason": "the key was revoked"}
    assert wanted.items() <= record.data.items()


def test_the_timeline_of_the_simulator_shows_it(tmp_path):
    shown = with_log(Timeline((), 9000), logged(tmp_path)).as_data()["switches"]
    assert [(each["at_ms"], each["from_engine"], each["to_engine"]) for each in shown] == [
        (7000, "deepgram-nova", "openai")
    ]


def test_the_terminal_shows_it(tmp_path):
    (record,) = logged(tmp_path)
    out = io.StringIO()
    LiveView(out, is_terminal=False).show(record.at_ms, record.kind, record.name, record.data)
    assert "listening with openai now" in out.getvalue()


def test_the_dashboard_tells_it_in_words_and_keeps_the_reason_inside(tmp_path):
    rows = [Row(number, record) for number, record in enumerate(logged(tmp_path))]
    said = "The recogniser changed from deepgram-nova to openai at 00:07."
    assert folded(rows).change == public_event(rows[0])["text"] == said
    assert "revoked" not in str(public_event(rows[0]))


class LoudIsSpeech:
    def is_speech(self, pcm):
        return max(pcm) > 0


def ear(recogniser, heard):
    return Ear(LoudIsSpeech(), FixedEndpoint(1500, -50.0), recogniser, heard.append)


def feed(listening, frame, count, start=0):
    for number in range(count):
        listening.hear(frame, start + number * 160)
    return start + count * 160


LOUD = mulaw.encode(b"\x00\x40" * 160)


def test_a_recogniser_that_is_replaced_in_the_middle_of_speech_knows_that_somebody_speaks():
    engine = ToneSpeechToText()
    listening = ear(engine, [])
    feed(listening, LOUD, 50)
    listening.recover()
    assert engine.counts["began"] == 2 and len(engine.streams) == 2 and engine.streams[0].is_closed


class Dead:
    name = "dead"

    def __init__(self):
        self.opened = 0

    def open(self, on_event, account=UNLIMITED):
        self.opened += 1
        if self.opened == 1:
            raise UpstreamUnavailable("nobody there")
        return ToneSpeechToText().open(on_event)

    def close(self):
        pass


def test_a_recogniser_that_breaks_again_at_once_is_not_opened_over_and_over():
    engine, heard = ToneSpeechToText(), []
    listening = ear(engine, heard)
    for _ in range(20):
        listening.recover()
    assert len(engine.streams) <= 12
    deaf = ear(Dead(), heard)
    assert isinstance(deaf.stream, DeafStream)
    deaf.stream.finish(1)
    assert isinstance(heard[-1], RecognitionFailed)
    feed(deaf, LOUD, 1)
    deaf.recover()
    assert not isinstance(deaf.stream, DeafStream)
