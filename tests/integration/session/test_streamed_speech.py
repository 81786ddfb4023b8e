"""Speech that is slower than the line: it is played as it comes, and nothing is lost, doubled or misplaced."""

import pytest

from engine.adapters.recording_files import samples_in
from engine.work.replay import logged_actions, replayed_actions
from telephony.simulator.happenings import Kind
from telephony.speaker import ChunkReady, Speaker

ANSWER = "It is an answer with quite a number of words in it so that nobody asks again."
COMPLETE = ["Yes.", *[ANSWER] * 8]
CHUNK = 800


class Dripping(Speaker):
    """A voice that makes 100 ms of speech in so many milliseconds of the call."""

    def __init__(self, voice, deliver, account, ms_per_chunk):
        super().__init__(voice, deliver, account)
        self.ms_per_chunk = ms_per_chunk
        self.waiting = []
        self.now_ms = 0

    def say(self, utterance, pieces, first=0):
        for piece, text in enumerate(pieces, first):
            audio = b"".join(self._voice.synthesise(text))
            for start in range(0, len(audio), CHUNK):
                self.waiting.append(ChunkReady(utterance, piece, audio[start : start + CHUNK], is_last=False))
            self.waiting.append(ChunkReady(utterance, piece, b"", is_last=True))

    def time_is(self, now_ms):
        while self.waiting and now_ms >= self.now_ms + self.ms_per_chunk:
            self.now_ms = max(self.now_ms + self.ms_per_chunk, now_ms - self.ms_per_chunk)
            self._deliver(self.waiting.pop(0))


class Paced:
    """The line, on which time passes for the voice too."""

    def __init__(self, socket, speakers):
        self.socket, self.speakers = socket, speakers

    def receive(self):
        text = self.socket.receive()
        for speaker in self.speakers:
            speaker.time_is(self.socket.leg.line.at_ms)
        return text

    def send(self, text):
        self.socket.send(text)

    def close(self, code, reason):
        self.socket.close(code, reason)


@pytest.fixture
def dripping(virtual):
    def run(ms_per_chunk, **options):
        speakers = []

        def speaker(voice, deliver, account):
            speakers.append(Dripping(voice, deliver, account, ms_per_chunk))
            return speakers[-1]

        call = virtual(COMPLETE, speaker=speaker, question_count=1, **options)
        return call.run(wrap=lambda socket: Paced(socket, speakers))

    return run


def audible(audio) -> int:
    return sum(byte != 0xFF for byte in audio)


@pytest.mark.parametrize("ms_per_chunk", [20, 100, 160])
def test_speech_made_faster_or_slower_than_it_is_played_leads_through_a_whole_call(dripping, ms_per_chunk):
    call = dripping(ms_per_chunk)
    assert call.reason == "completed"
    assert len({fact["order"] for fact in call.facts("answer_completed")}) == 1
    assert replayed_actions(call.records, call.plan) == logged_actions(call.records)
    spoken = [" ".join(record.data["pieces"]) for record in call.records if record.name == "Speak"]
    heard = [fact["text"] for fact in call.facts("turn_ended") if fact["who"] == "agent"]
    assert heard == spoken


def test_playing_starts_with_the_first_chunk(dripping):
    call = dripping(100)
    speak = next(record for record in call.records if record.name == "Speak")
    queued = [record for record in call.records if record.name == "PieceQueued"]
    assert queued[0].at_ms - speak.at_ms <= 140
    assert not queued[0].data["is_last"]


def test_the_recording_has_the_chunks_where_the_line_played_them_although_it_ran_dry(dripping):
    call = dripping(160)
    audio = call.recording.read_bytes()
    samples = samples_in(call.recording)
    frames = audio[len(audio) - 2 * samples :]
    candidate, agent = frames[0::2], frames[1::2]
    line = call.socket.leg.line
    began = next(i for i, byte in enumerate(candidate) if byte != 0xFF)
    assert audible(agent[began:]) == pytest.approx(audible(line.heard_agent[began:samples]), rel=0.02)
    window = 8000
    for start in range(began, samples - window, window):
        on_line, kept = audible(line.heard_agent[start : start + window]), audible(agent[start : start + window])
        assert abs(on_line - kept) <= 800, "within 100 ms of the line, second by second"


BARGES_IN = """
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
text = "Yes."
[[reply]]
on = "ask:*"
interrupt_after_ms = 2600
text = "I can answer that before you have finished the question."
[default]
text = "An answer that lasts for a while."
times = 0
"""


@pytest.mark.parametrize("ms_per_chunk", [60, 160])
def test_chunks_of_an_utterance_that_was_cut_are_never_heard(dripping, ms_per_chunk):
    call = dripping(ms_per_chunk, scenario=BARGES_IN)
    line = call.socket.leg.line
    cleared = next(happening.at_ms for happening in line.happenings if happening.kind is Kind.CLEARED)
    assert set(bytes(line.heard_agent[(cleared + 40) * 8 : (cleared + 1200) * 8])) == {0xFF}
    cut = next(fact for fact in call.facts("turn_ended") if fact["is_interrupted"])
    played_words = audible(line.heard_agent[cut["start_ms"] * 8 : cut["end_ms"] * 8]) / 8 / 200
    assert abs(len(cut["text"].split()) - played_words) <= 1.5
