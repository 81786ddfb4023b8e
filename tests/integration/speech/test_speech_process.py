"""The real engines in their own process, as a call uses them."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.adapters.local_speech import MOST_PARTIALS, LocalSpeechToText, LocalTextToSpeech
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.audio import levels, mulaw
from engine.clock import FRAME_SAMPLES, samples_to_ms
from engine.errors import UpstreamUnavailable
from engine.evaluation.word_errors import word_error_rate
from engine.ports import AllHeard, FinalHeard, PartialHeard, RecognitionEvent, RecognitionFailed
from engine.transcript import Transcript

pytestmark = pytest.mark.speech

SENTENCE = "The index makes reading faster, but every insert has to update it as well."
SECOND = mulaw.silence(8000)


@pytest.fixture(scope="module")
def process() -> Iterator[SpeechProcess]:
    speech = SpeechProcess(SpeechCommand())
    speech.start()
    yield speech
    speech.close()


@pytest.fixture(scope="module")
def spoken(process: SpeechProcess) -> bytes:
    return b"".join(LocalTextToSpeech(process).synthesise(SENTENCE))


def wait_until_ready(process: SpeechProcess) -> None:
    deadline = time.monotonic() + 30
    while not process.is_ready:
        assert time.monotonic() < deadline, "the speech process did not come back"
        time.sleep(0.01)


class Call:
    """One call's recognition, with its events in the order in which they came."""

    def __init__(self, process: SpeechProcess) -> None:
        self.events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        self.stream = LocalSpeechToText(process).open(self.events.put)
        self.now = 0

    def hear(self, audio: bytes) -> None:
        for start in range(0, len(audio), FRAME_SAMPLES):
            self.stream.send(audio[start : start + FRAME_SAMPLES], samples_to_ms(self.now + start))
        self.now += len(audio)

    def say(self, audio: bytes) -> None:
        """A stretch of speech between two seconds of silence, with what the voice detector says of it."""
        self.hear(SECOND)
        self.stream.speech_began(samples_to_ms(self.now))
        self.hear(audio)
        ended_ms = samples_to_ms(self.now)
        self.hear(SECOND)
        self.stream.speech_paused(ended_ms)

    def until_all_is_heard(self, request: int) -> list[RecognitionEvent]:
        self.stream.finish(request)
        found: list[RecognitionEvent] = []
        while True:
            event = self.events.get(timeout=30)
            found.append(event)
            if isinstance(event, AllHeard | RecognitionFailed):
                return found


def finals(events: list[RecognitionEvent]) -> list[Transcript]:
    return [event.transcript for event in events if isinstance(event, FinalHeard)]


def test_what_the_voice_says_the_recogniser_understands(process: SpeechProcess, spoken: bytes) -> None:
    call = Call(process)
    call.say(spoken)
    events = call.until_all_is_heard(5)
    (final,) = finals(events)
    assert word_error_rate([(SENTENCE, final.text)]) <= 0.15
    assert events[-1] == AllHeard(5)


def test_words_have_places_within_the_speech_in_order(process: SpeechProcess, spoken: bytes) -> None:
    call = Call(process)
    call.say(spoken)
    (final,) = finals(call.until_all_is_heard(1))
    ends_ms = 1000 + samples_to_ms(len(spoken)) + 200
    places = [(word.start_ms, word.end_ms) for word in final.words]
    assert places == sorted(places)
    assert all(1000 <= start_ms <= end_ms <= ends_ms for start_ms, end_ms in places)
    assert places[-1][0] > 1000 + samples_to_ms(len(spoken)) // 2
    assert all(0 < word.confidence <= 1 for word in final.words)
    assert [word.text for word in final.words] == final.text.split()


def test_paused_stretches_are_transcribed_one_by_one_in_order(process: SpeechProcess) -> None:
    voice = LocalTextToSpeech(process)
    call = Call(process)
    for text in ("The first thing is the index.", "The second thing is the lock."):
        call.say(b"".join(voice.synthesise(text)))
    heard = [final.text.lower() for final in finals(call.until_all_is_heard(1))]
    assert len(heard) == 2
    assert "first" in heard[0] and "second" in heard[1]


def test_long_speech_is_looked_at_while_it_goes_on(process: SpeechProcess, spoken: bytes) -> None:
    call = Call(process)
    call.hear(SECOND)
    call.stream.speech_began(1000)
    call.hear(spoken)
    partial = call.events.get(timeout=30)
    assert isinstance(partial, PartialHeard)
    assert partial.text
    assert call.until_all_is_heard(1)[-1] == AllHeard(1)


def test_words_so_far_come_before_the_stretch_is_over_and_its_final_text_takes_their_place(
    process: SpeechProcess, spoken: bytes
) -> None:
    assert process.wait_for_offer("partial", timeout_s=30)
    call = Call(process)
    call.hear(SECOND)
    call.stream.speech_began(1000)
    call.hear(spoken[:8000])
    while not process.is_idle("partial"):
        time.sleep(0.01)
    call.hear(spoken[8000:])
    ended_ms = samples_to_ms(call.now)
    call.hear(mulaw.silence(800))
    call.stream.speech_wavered(samples_to_ms(call.now))
    partials = [call.events.get(timeout=30)]
    while not isinstance(partials[-1], PartialHeard) or (partials[-1].covers_ms or 0) < ended_ms:
        partials.append(call.events.get(timeout=30))
    assert word_error_rate([(SENTENCE, partials[-1].text)]) <= 0.2
    call.stream.speech_paused(ended_ms)
    events = call.until_all_is_heard(1)
    assert [type(event) for event in events] == [FinalHeard, AllHeard]
    call.stream.close()


def test_no_words_so_far_are_asked_for_when_many_calls_want_them(process: SpeechProcess, spoken: bytes) -> None:
    assert process.wait_for_offer("partial", timeout_s=30)
    calls = [Call(process) for _ in range(6)]
    for call in calls:
        call.hear(SECOND)
        call.stream.speech_began(1000)
        call.hear(spoken[:4000])
    for call in calls:
        call.stream.speech_wavered(samples_to_ms(call.now))
    assert process.under_way("partial") <= MOST_PARTIALS
    for call in calls:
        assert call.until_all_is_heard(1)[-1] == AllHeard(1)
        call.stream.close()


def test_silence_and_noise_give_no_words(process: SpeechProcess) -> None:
    call = Call(process)
    call.say(mulaw.silence(8000))
    assert call.until_all_is_heard(1) == [AllHeard(1)]


def test_expected_terms_are_passed_on(process: SpeechProcess) -> None:
    call = Call(process)
    call.stream.set_terms(["B-tree", "hash index"])
    call.say(b"".join(LocalTextToSpeech(process).synthesise("I would use a hash index here.")))
    (final,) = finals(call.until_all_is_heard(1))
    assert "hash index" in final.text.lower()


def test_the_first_audio_is_there_before_the_last_is_made(process: SpeechProcess) -> None:
    chunks = list(LocalTextToSpeech(process).synthesise(SENTENCE + " " + SENTENCE))
    assert len(chunks) > 3
    pcm = mulaw.decode(b"".join(chunks))
    assert -30 < levels.rms_dbfs(pcm) < -15
    assert levels.clipping_share(pcm) == 0


def test_a_faster_voice_is_shorter_and_the_same_text_gives_the_same_audio(
    process: SpeechProcess, spoken: bytes
) -> None:
    voice = LocalTextToSpeech(process)
    assert len(b"".join(voice.synthesise(SENTENCE, speed=1.4))) < len(spoken) * 0.85
    assert b"".join(voice.synthesise(SENTENCE)) == spoken


def test_a_killed_process_fails_what_is_under_way_and_serves_what_comes_next(process: SpeechProcess) -> None:
    wait_until_ready(process)
    chunks = LocalTextToSpeech(process).synthesise(" ".join([SENTENCE] * 40))
    assert next(chunks)
    assert process.process_id is not None
    os.kill(process.process_id, signal.SIGKILL)
    with pytest.raises(UpstreamUnavailable, match="ended"):
        for _ in chunks:
            pass
    wait_until_ready(process)
    assert b"".join(LocalTextToSpeech(process).synthesise("Hello again."))


def test_a_stretch_that_was_being_transcribed_survives_a_killed_process(process: SpeechProcess, spoken: bytes) -> None:
    wait_until_ready(process)
    call = Call(process)
    assert process.process_id is not None
    os.kill(process.process_id, signal.SIGSTOP)
    call.say(spoken)
    os.kill(process.process_id, signal.SIGKILL)
    (final,) = finals(call.until_all_is_heard(1))
    assert word_error_rate([(SENTENCE, final.text)]) <= 0.15


def test_a_late_answer_is_a_failure(process: SpeechProcess, spoken: bytes) -> None:
    wait_until_ready(process)
    assert process.process_id is not None
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    os.kill(process.process_id, signal.SIGSTOP)
    try:
        header = {"kind": "transcribe", "terms": [], "with_times": False, "is_final": True}
        process.request(header, spoken, deadline_s=0.3, on_reply=lambda reply, _body: answers.put(reply["reason"]))
        assert "in time" in answers.get(timeout=10)
    finally:
        os.kill(process.process_id, signal.SIGCONT)


def test_after_close_a_call_hears_nothing(process: SpeechProcess, spoken: bytes) -> None:
    wait_until_ready(process)
    call = Call(process)
    call.say(spoken)
    call.stream.close()
    call.stream.close()
    done = threading.Event()
    process.request({"kind": "usage"}, b"", deadline_s=10, on_reply=lambda _header, _body: done.set())
    assert done.wait(15)
    assert all(isinstance(event, PartialHeard) for event in _drained(call.events))


def _drained(events: "queue.SimpleQueue[RecognitionEvent]") -> list[RecognitionEvent]:
    found = []
    while not events.empty():
        found.append(events.get())
    return found


def test_a_folder_without_a_model_is_refused_with_its_name(tmp_path: Path) -> None:
    broken = SpeechProcess(SpeechCommand(text_to_speech=False, model_dir=tmp_path))
    with pytest.raises(UpstreamUnavailable, match=r"model\.bin is missing"):
        broken.start()
    with pytest.raises(UpstreamUnavailable, match="shut down"):
        broken.request({"kind": "usage"}, b"", deadline_s=1, on_reply=lambda _header, _body: None)


def test_the_process_leaves_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from engine.adapters.speech_client import SpeechCommand, SpeechProcess\n"
        "speech = SpeechProcess(SpeechCommand(speech_to_text=False))\n"
        "speech.start()\n"
        "print(speech.process_id, flush=True)\n"
        "sys.stdin.read()\n"
    )
    sources = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": sources},
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 10
    while _is_alive(child):
        assert time.monotonic() < deadline, "the speech process outlived its parent"
        time.sleep(0.02)


UNDER_GEVENT = """
from gevent import monkey
monkey.patch_all()
import queue, threading, time
from engine.adapters.local_speech import LocalSpeechToText, LocalTextToSpeech
from engine.adapters.speech_client import SpeechCommand, SpeechProcess
from engine.ports import AllHeard, FinalHeard
speech = SpeechProcess(SpeechCommand())
speech.start()
ticks = []
def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
audio = b"".join(LocalTextToSpeech(speech).synthesise("The quick brown fox jumps over the lazy dog."))
events = queue.Queue()
stream = LocalSpeechToText(speech).open(events.put)
stream.speech_began(0)
stream.send(audio, 0)
stream.finish(1)
found = [events.get(timeout=30)]
while not isinstance(found[-1], AllHeard):
    found.append(events.get(timeout=30))
speech.close()
print(*(each.transcript.text for each in found if isinstance(each, FinalHeard)), len(ticks), flush=True)
"""


def test_under_gevent_other_greenlets_go_on_while_the_engines_work() -> None:
    sources = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", UNDER_GEVENT],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": sources},
        timeout=100,
        check=True,
        text=True,
    )
    text, _, ticks = done.stdout.strip().rpartition(" ")
    assert "brown fox" in text.lower()
    assert int(ticks) >= 5


def test_a_process_that_answers_nothing_for_long_is_replaced() -> None:
    speech = SpeechProcess(SpeechCommand(speech_to_text=False), stuck_after_s=0.5)
    speech.start()
    try:
        first = speech.process_id
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        deadline = time.monotonic() + 30
        failed: queue.SimpleQueue[str] = queue.SimpleQueue()
        while speech.process_id == first:
            assert time.monotonic() < deadline, "the stuck process was not replaced"
            speech.request({"kind": "usage"}, b"", deadline_s=0.6, on_reply=lambda reply, _: failed.put(reply["kind"]))
            assert failed.get(timeout=10) in ("failed", "used")
        wait_until_ready(speech)
        assert b"".join(LocalTextToSpeech(speech).synthesise("Hello again."))
    finally:
        speech.close()


def _is_alive(process_id: int) -> bool:
    """Still running; a zombie that nobody has collected yet is not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
