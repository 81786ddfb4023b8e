"""From the decision that a turn is over to the first audio of the reply on the wire, with cloud engines.

`make bench-first-audio` holds interviews in real time over the real openai and deepgram packages, against servers on
the loopback that answer like theirs: the first token comes after 250 ms, the first byte of speech after 120 ms.
Nothing is synthesised ahead and nothing is cached. The figures are those of the turns in which a language model finds
the words: last words of the recogniser, judgement, model, voice and line, one after the other. `machine_load` is the
load for each core in the last minute: above 1 the figures tell of the machine's other work.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.deepgram_tts import aura_voice
from engine.adapters.event_files import FileEventLog
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.adapters.recording_files import RecordingFile
from engine.audio import levels
from engine.audio.endpoint import FixedEndpoint
from engine.dialogue.plan import Plan
from engine.dialogue.signals import Action, AskModel, Flush
from engine.ports import ChatModel, EventLog, SpeechToText, TextToSpeech
from engine.questions.bank import load_bank
from engine.vocabulary import Level, Topic
from telephony.call_account import UsageOutlet
from telephony.call_log import CallLog
from telephony.call_parts import CallParts, into
from telephony.hearing import Ear
from telephony.media_stream import StreamProtocol
from telephony.mouth import Mouth
from telephony.session import Session
from telephony.simulator.line import StreamIdentity
from telephony.simulator.run import virtual_call
from telephony.simulator.scenario import parse_scenario
from telephony.simulator.timeline import percentile
from telephony.simulator.virtual import VirtualSocket
from telephony.speaker import ThreadedSpeaker
from telephony.thinker import ThreadedThinker, warm
from telephony.writer import ThreadedLineWriter
from tests.fakes import tone_speech
from tests.fakes.deepgram_server import KEY as DEEPGRAM_KEY
from tests.fakes.deepgram_server import DeepgramServer
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import Behaviour, FakeOpenAI

FIRST_TOKEN_S = 0.25
FIRST_AUDIO_BYTE_S = 0.12
PROMISED_P95_MS = 600
CALLS_AT_ONCE = 4
FEWEST_TURNS = 40
QUESTIONS = 12
SILENCE_MS = 500
"""Of the endpoint: it lies before the decision, and so outside of what is measured."""
_LOUD_DBFS = -30
_SCENARIO = """
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
digits = "1"
[default]
text = "index table query lock page"
times = 0
"""


@dataclass
class Turn:
    """From a decision to the first audio after it, on the wall clock."""

    decided_s: float
    is_worded: bool = False
    """A model was asked for the words."""


@dataclass
class Stopwatch:
    """Takes the times of one call."""

    worded_ms: list[int] = field(default_factory=list)
    banked_ms: list[int] = field(default_factory=list)
    by_model: int = 0
    _turn: Turn | None = None

    def acted(self, action: Action) -> None:
        if isinstance(action, Flush):
            self._turn = Turn(time.monotonic())
        elif isinstance(action, AskModel) and self._turn is not None:
            self._turn.is_worded = True

    def sent_audio(self) -> None:
        turn, self._turn = self._turn, None
        if turn is not None:
            times = self.worded_ms if turn.is_worded else self.banked_ms
            times.append(round((time.monotonic() - turn.decided_s) * 1000))


class TimedLog(CallLog):
    """The call's log, read as it is written."""

    def __init__(self, log: EventLog, watch: Stopwatch) -> None:
        super().__init__(log)
        self._watch = watch

    def action(self, at_ms: int, action: Action) -> None:
        super().action(at_ms, action)
        self._watch.acted(action)
        data = getattr(action, "data", {})
        self._watch.by_model += getattr(action, "name", "") == "follow_up_asked" and data["source"] == "model"


class TimedLine:
    """The simulated line at the pace of the wall clock; what is sent on it is timed."""

    def __init__(self, socket: VirtualSocket, watch: Stopwatch, stream_sid: str) -> None:
        self.stream_sid = stream_sid
        self._socket = socket
        self._watch = watch
        self._lock = threading.Lock()
        self._began_s = time.monotonic()

    def receive(self) -> str | None:
        with self._lock:
            text = self._socket.receive()
            ahead_s = self._socket.now_s - (time.monotonic() - self._began_s)
        if ahead_s > 0:
            time.sleep(ahead_s)
        return text

    def send(self, text: str) -> None:
        if '"media"' in text:
            self._watch.sent_audio()
        with self._lock:
            self._socket.send(text)

    def close(self, code: int, reason: str) -> None:
        self._socket.close(code, reason)


class UnpreparedSpeaker(ThreadedSpeaker):
    """A speaker that makes nothing ahead."""

    def prepare(self, texts: tuple[str, ...]) -> None:
        """Nothing is made ahead."""


class LoudIsSpeech:
    """engine.ports.VoiceDetector for callers whose words are tones."""

    def is_speech(self, pcm: bytes) -> bool:
        return levels.rms_dbfs(pcm) > _LOUD_DBFS


@dataclass(frozen=True, slots=True)
class Engines:
    ears: SpeechToText
    voice: TextToSpeech
    model: ChatModel


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-first-audio", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=CALLS_AT_ONCE)
    options = parser.parse_args()
    watches = [Stopwatch() for _ in range(options.calls)]
    with (
        FakeOpenAI(Behaviour(chat=_written, first_token_s=FIRST_TOKEN_S)) as openai,
        DeepgramServer(speak=_spoken) as deepgram,
        tempfile.TemporaryDirectory(prefix="vivavoce-bench-") as folder,
    ):
        deepgram.first_byte_s = FIRST_AUDIO_BYTE_S
        account = Deepgram(DEEPGRAM_KEY, socket_url=deepgram.socket_url)
        model = OpenAIChat(build_client(OPENAI_KEY, base_url=openai.base_url), "gpt-6-luna")
        warm(model).join()
        engines = Engines(DeepgramSpeechToText(account), aura_voice(account), model)
        calls = [
            threading.Thread(target=_hold, args=(engines, Path(folder) / str(number), watch, number))
            for number, watch in enumerate(watches)
        ]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        engines.voice.close()
        model.close()
        account.close()
    figures = _figures(watches)
    print(json.dumps(figures))
    is_enough = figures["turns"] >= FEWEST_TURNS and figures["worded_by_model"] == figures["turns"]
    return 0 if is_enough and figures["p95_ms"] <= PROMISED_P95_MS else 1


def _figures(watches: list[Stopwatch]) -> dict[str, Any]:
    worded_ms = sorted(each for watch in watches for each in watch.worded_ms)
    banked_ms = sorted(each for watch in watches for each in watch.banked_ms)
    return {
        "turns": len(worded_ms),
        "p50_ms": percentile(worded_ms, 50),
        "p95_ms": percentile(worded_ms, 95),
        "most_ms": worded_ms[-1] if worded_ms else None,
        "worded_by_model": sum(watch.by_model for watch in watches),
        "bank_turns": len(banked_ms),
        "bank_p50_ms": percentile(banked_ms, 50),
        "bank_p95_ms": percentile(banked_ms, 95),
        "first_token_ms": round(FIRST_TOKEN_S * 1000),
        "first_audio_byte_ms": round(FIRST_AUDIO_BYTE_S * 1000),
        "calls_at_once": len(watches),
        "machine_load": round(os.getloadavg()[0] / len(os.sched_getaffinity(0)), 1),
    }


def _written(body: Mapping[str, Any]) -> str:
    """What the model writes: a remark and a question."""
    return "You named a few things there. What would you look at first, and how would you go on from it?"


def _spoken(text: str) -> bytes:
    """A tone for every word, whatever the words are: 60 ms each, so that the calls are short."""
    tone = tone_speech.speak(tone_speech.WORDS[0])[:480]
    return tone * len(text.split())


def _caller(text: str, pitch: float) -> bytes:
    return tone_speech.speak(text)


def _hold(engines: Engines, folder: Path, watch: Stopwatch, number: int) -> None:
    """One interview, to its end."""
    folder.mkdir()
    identity = StreamIdentity(f"MZ{number:032d}", f"CA{number:032d}", "AC" + "0" * 32, {})
    socket = virtual_call(parse_scenario(_SCENARIO, folder), identity, voice=_caller)
    line = TimedLine(socket, watch, identity.stream_sid)
    protocol = StreamProtocol()
    while protocol.start is None:
        protocol.receive(line.receive() or "")
    inbox: deque[object] = deque()
    plan = Plan(
        name="Ada",
        role="Engineer",
        level=Level.MID,
        topics=tuple(Topic),
        question_count=QUESTIONS,
        seed=number,
        bank=load_bank(),
    )
    session = Session(line, protocol, _parts(engines, line, plan, inbox, folder, watch), inbox)
    session.begin(call_id=str(number), interview_id="-", call_sid="-", stream_sid="-", direction="inbound")
    session.run()


def _parts(
    engines: Engines, line: TimedLine, plan: Plan, inbox: deque[object], folder: Path, watch: Stopwatch
) -> CallParts:
    recording = folder / "recording.wav"
    size: Callable[[], int] = lambda: recording.stat().st_size  # noqa: E731  named for the line below
    return CallParts(
        plan=plan,
        ear=Ear(LoudIsSpeech(), FixedEndpoint(SILENCE_MS, _LOUD_DBFS), engines.ears, into(inbox)),
        mouth=Mouth(
            UnpreparedSpeaker(engines.voice, into(inbox)),
            ThreadedLineWriter(line.send, line.stream_sid, time.monotonic),
        ),
        call_log=TimedLog(FileEventLog(folder / "call.jsonl"), watch),
        start_recording=lambda: RecordingFile(recording),
        describe_recording=lambda: {"path": recording.name, "size_bytes": size()},
        farewell=b"\xff" * 8000,
        clock=time.monotonic,
        thinker=ThreadedThinker(engines.model, plan.bank, into(inbox)),
        outlet=UsageOutlet(into(inbox), lambda _usage: None),
    )


if __name__ == "__main__":
    raise SystemExit(main())
