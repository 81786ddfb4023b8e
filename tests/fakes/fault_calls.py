"""Whole interviews over the clouds' real packages and their false servers, faster than life, with something broken.

While somebody speaks and nobody waits for a provider, the line's time passes much faster than the wall's. Where the
call waits (for last words, for audio, for a model) both pass alike, or at `speed`; then the deadlines, which are the
wall's, are shorter by as much. Words are tones, so that what was heard can be compared word for word.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from engine.adapters.clouds import LIVE_LIMITS
from engine.adapters.deadline_reading import ReadingLimits
from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.deepgram_tts import aura_voice, flux_voice
from engine.adapters.event_files import FileEventLog, parse
from engine.adapters.listen_dialect import RecognitionLimits
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.adapters.provider_health import HealthBoard, ProviderHealth
from engine.adapters.recogniser_links import RecogniserLink
from engine.adapters.recording_files import RecordingFile
from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.adapters.socket_voice import LIMITS
from engine.adapters.speech_chain import ChainedSpeechToText
from engine.adapters.voice_chain import ChainedTextToSpeech, VoiceChain, VoiceLink
from engine.adapters.voice_connection import KeepingLimits
from engine.adapters.voice_race import VoiceLimits
from engine.adapters.watched_voice import WatchedTextToSpeech
from engine.audio import mulaw
from engine.audio.endpoint import FixedEndpoint
from engine.audio.levels import rms_dbfs
from engine.audio.resample import resample
from engine.dialogue.model_messages import AskModel, ModelFailed, ModelReplied, ModelText
from engine.dialogue.plan import Limits, Plan
from engine.dialogue.signals import (
    Action,
    AllReceived,
    Flush,
    PieceQueued,
    RecogniserFailed,
    Signal,
    Speak,
    SpeakMore,
    SpeechBegan,
    StopPlayback,
    VoiceFailed,
)
from engine.ports import EventLog, EventRecord, SpeechToText, TextToSpeech
from engine.questions.bank import QuestionBank
from engine.vocabulary import Level, Topic
from telephony.call_account import UsageOutlet
from telephony.call_log import CallLog
from telephony.call_parts import CallParts, into
from telephony.hearing import Ear
from telephony.media_stream import StreamProtocol
from telephony.mouth import Mouth
from telephony.session import Session
from telephony.simulator.caller import SpokenReply
from telephony.simulator.line import SimulatedLine, StreamIdentity
from telephony.simulator.run import virtual_call
from telephony.simulator.scenario import parse_scenario
from telephony.simulator.timeline import Timeline, timeline, with_log
from telephony.simulator.virtual import VirtualSocket
from telephony.speaker import ThreadedSpeaker
from telephony.thinker import ThreadedThinker
from telephony.writer import LineWriter
from tests.fakes import openai_server, tone_speech
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.fakes.openai_tones import tone_behaviour
from tests.fakes.tone_recogniser import ToneSpeechToText
from tests.fakes.wire_faults import HalfOpen

SPEED = 1.0
"""Of the line's time to the wall's, while the call waits for a provider."""
FAST = 15.0
"""The same while it does not."""
ENDPOINT_MS = 500
ANSWERS = (
    "index table query lock page cache",
    "stack heap graph tree node edge",
)
WRITTEN = "You named a few things there. Which of them would you look at first?"
"""What the model writes."""
PROBED = tuple(f"{answer} hash sort" for answer in ANSWERS)
"""The answers with what is said to a follow-up."""
_MEANT = {"frame": "yes", "wire": "no"}
"""Tones stand for these two words as well."""
SCENARIO = (
    """
caller = "+15550101"
dialled = "+15550100"
[[reply]]
on = "consent"
text = "frame frame"
after_ms = 200
times = 0
"""
    + "".join(
        f"""
[[reply]]
on = "ask:{topic}-*"
text = "{answer}"
after_ms = 200
times = 0
"""
        for topic, answer in zip(("python", "databases"), ANSWERS, strict=True)
    )
    + """
[[reply]]
on = "probe:*"
text = "hash sort"
after_ms = 200
times = 0
[[reply]]
on = "closing"
text = "wire wire"
after_ms = 200
times = 0
"""
)
Recogniser = Literal["deepgram", "deepgram-flux", "openai"]
VoiceName = Literal["deepgram", "deepgram-flux", "openai"]


def meant(audio: bytes) -> list[tuple[str, float, float]]:
    return [(_MEANT.get(text, text), start, end) for text, start, end in tone_speech.hear(audio)]


def loud_hum(text: str) -> bytes:
    """The interviewer's voice: 25 ms for each word."""
    cycle = mulaw.encode(b"".join(int(sign * 4000).to_bytes(2, "little", signed=True) for sign in [1] * 20 + [-1] * 20))
    return cycle * (len(text.split()) * 5)


class LoudIsSpeech:
    """VoiceDetector for lines that carry nothing but silence and tones."""

    def is_speech(self, pcm: bytes) -> bool:
        return rms_dbfs(pcm) > -30


class WatchedLog(CallLog):
    """Knows from what it is told whether the call waits for somebody."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(log)
        self._words_wanted = self._model_asked = False
        self._utterance, self._pieces_left = 0, 0

    @property
    def is_waiting(self) -> bool:
        return self._words_wanted or self._model_asked or self._pieces_left > 0

    def signal(self, signal: Signal) -> None:
        super().signal(signal)
        match signal:
            case AllReceived() | RecogniserFailed() | SpeechBegan():
                self._words_wanted = False
            case PieceQueued(utterance=utterance, is_last=True) if utterance == self._utterance:
                self._pieces_left -= 1
            case VoiceFailed():
                self._pieces_left = 0
            case ModelReplied() | ModelFailed() | ModelText():
                self._model_asked = False

    def action(self, at_ms: int, action: Action) -> None:
        super().action(at_ms, action)
        match action:
            case Flush():
                self._words_wanted = True
            case AskModel():
                self._model_asked = True
            case Speak(utterance, pieces):
                self._utterance, self._pieces_left = utterance, len(pieces)
            case SpeakMore(_, _, pieces):
                self._pieces_left += len(pieces)
            case StopPlayback():
                self._pieces_left = 0


class PacedSocket(VirtualSocket):
    """Lets the line's time pass as fast as the call bears it."""

    speed = SPEED
    is_waiting: Callable[[], bool] = staticmethod(lambda: True)
    _due_s = 0.0

    def receive(self) -> str | None:
        if not self._pending:
            now_s = time.monotonic()
            speed = self.speed if self.is_waiting() else FAST
            self._due_s = max(self._due_s + 0.02 / speed, now_s - 0.02)
            time.sleep(max(0.0, self._due_s - now_s))  # even for nothing: greenlets change over where somebody waits
        return super().receive()


@dataclass
class Providers:
    """The false clouds and the chains over them."""

    deepgram: DeepgramServer
    openai: FakeOpenAI
    recogniser: SpeechToText
    voice: ChainedTextToSpeech
    board: HealthBoard
    local: ToneSpeechToText
    model: OpenAIChat

    def forget(self) -> None:
        """Let go of what the false servers and engines remember for tests, so that only the product's memory grows."""
        self.deepgram.listening.clear()
        self.deepgram.counted.requests.clear()
        self.openai.requests.clear()
        self.local.streams.clear()


def _limits(speed: float) -> tuple[RecognitionLimits, ReadingLimits, VoiceLimits]:
    """The product's own, at this speed."""
    usual = VoiceLimits()
    return (
        RecognitionLimits(connect_s=LIVE_LIMITS.connect_s / speed, finish_s=LIVE_LIMITS.finish_s / speed),
        ReadingLimits(first_s=LIMITS.first_s / speed, next_s=LIMITS.next_s / speed, whole_s=LIMITS.whole_s),
        VoiceLimits(
            hedge_s=usual.hedge_s / speed, first_s=usual.first_s / speed,
            again_s=usual.again_s / speed, next_s=usual.next_s / speed,
        ),
    )  # fmt: skip


@contextmanager
def providers(
    hears: Sequence[Recogniser] = ("deepgram", "openai"),
    speaks: Sequence[VoiceName] = ("deepgram", "openai"),
    *,
    half_open: Literal["", "ear", "voice"] = "",
    speed: float = SPEED,
) -> Iterator[Providers]:
    """half_open: for whom Deepgram's address takes connections and never answers."""
    with ExitStack() as stack:
        server = stack.enter_context(DeepgramServer(meant, loud_hum))
        server.flush_window_s /= speed
        keeping = KeepingLimits(idle_s=1.0, stop_s=1.0 / speed, minute_s=60.0 / speed)
        behaviour = tone_behaviour()
        heard = behaviour.transcribe
        fake = stack.enter_context(
            FakeOpenAI(
                Behaviour(
                    transcribe=lambda wav, fields: " ".join(_MEANT.get(w, w) for w in heard(wav, fields).split()),
                    chat=lambda _body: WRITTEN,
                    speak=lambda text: resample(mulaw.decode(loud_hum(text)), 8000, 24_000),
                )
            )
        )
        silent = HalfOpen()
        stack.callback(silent.close)
        deepgram = Deepgram(KEY, socket_url=server.socket_url)
        stack.callback(deepgram.close)
        nobody = Deepgram(KEY, socket_url=f"ws://{silent.address}") if half_open else deepgram
        stack.callback(nobody.close)
        ear, mouth = (nobody if half_open == side else deepgram for side in ("ear", "voice"))
        client = stack.enter_context(build_client(openai_server.KEY, base_url=fake.base_url))
        listening, reading, racing = _limits(speed)
        board = HealthBoard()
        recognisers: dict[str, SpeechToText] = {
            "deepgram": DeepgramSpeechToText(ear, limits=listening),
            "deepgram-flux": FluxSpeechToText(ear, limits=listening),
            "openai": OpenAISpeechToText(client, OpenAIHearing(deadline_s=2.0 / speed), workers=2),
        }
        voices: dict[str, TextToSpeech] = {
            "deepgram": aura_voice(mouth, limits=reading, keeping=keeping),
            "deepgram-flux": flux_voice(mouth, limits=reading, keeping=keeping),
            "openai": OpenAITextToSpeech(client, OpenAIVoice(), limits=reading, workers=3),
        }
        last = ToneSpeechToText("local", hear=meant)
        links = [
            RecogniserLink(recognisers[name], board.register(ProviderHealth(f"speech_to_text/{name}")),
                           finish_s=2.0 / speed, stall_ms=None if name == "openai" else 6000)
            for name in hears
        ]  # fmt: skip
        links.append(
            RecogniserLink(last, board.register(ProviderHealth("speech_to_text/local")), finish_s=None, stall_ms=None)
        )
        row = [
            VoiceLink(WatchedTextToSpeech(voices[name], board.register(ProviderHealth(f"text_to_speech/{name}"))))
            for name in speaks
        ]
        row.append(VoiceLink(HumTextToSpeech()))
        recogniser = ChainedSpeechToText(links)
        voice = ChainedTextToSpeech(VoiceChain(tuple(row), racing))
        model = OpenAIChat(client, "gpt-6-luna")
        yield Providers(server, fake, recogniser, voice, board, last, model)
        for engine in (*recognisers.values(), *voices.values(), model):
            engine.close()


class HumTextToSpeech(ScriptedTextToSpeech):
    """The voice that never fails."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "local"

    def synthesise(self, text: str, **_options: Any) -> Iterator[bytes]:
        yield loud_hum(text)


@dataclass
class Interview:
    """One call and what became of it."""

    folder: Path
    bank: QuestionBank
    with_providers: Providers
    speed: float = SPEED
    with_model: bool = False
    """A language model words follow-ups, of which there is one for each answer then."""
    reason: str = ""
    line: SimulatedLine | None = None
    timeline: Timeline | None = None
    records: list[EventRecord] = field(default_factory=list)
    spoken: list[SpokenReply] = field(default_factory=list)

    def hold(self) -> "Interview":
        plan = Plan(
            name="Ada", role="Engineer", level=Level.MID, topics=(Topic.PYTHON, Topic.DATABASES),
            question_count=len(ANSWERS), seed=11, bank=self.bank,
            limits=Limits(fewest_words=12 if self.with_model else 1, most_follow_ups=int(self.with_model)),
        )  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        identity = StreamIdentity("MZ0123456789", "CA0123456789", "AC0123456789", {})
        virtual = virtual_call(
            parse_scenario(SCENARIO, self.folder), identity, voice=lambda text, _pitch: tone_speech.speak(text)
        )
        socket = PacedSocket(virtual.leg)
        socket.speed = self.speed
        protocol = StreamProtocol()
        while protocol.start is None:
            protocol.receive(socket.receive() or "")
        inbox: deque[object] = deque()
        path, log = self.folder / "recording.wav", self.folder / "call.jsonl"
        call_log = WatchedLog(FileEventLog(log))
        socket.is_waiting = lambda: call_log.is_waiting
        voice = self.with_providers.voice.for_call(into(inbox))
        parts = CallParts(
            plan=plan,
            ear=Ear(LoudIsSpeech(), FixedEndpoint(ENDPOINT_MS, -50.0), self.with_providers.recogniser, into(inbox)),
            mouth=Mouth(
                ThreadedSpeaker(voice, into(inbox)), LineWriter(socket.send, "MZ0123456789", lambda: socket.now_s)
            ),
            call_log=call_log,
            start_recording=lambda: RecordingFile(path),
            describe_recording=lambda: {"path": path.name, "size_bytes": path.stat().st_size},
            farewell=loud_hum("sorry"),
            clock=time.monotonic,
            outlet=UsageOutlet(into(inbox), lambda _usage: None),
            thinker=ThreadedThinker(self.with_providers.model, self.bank, into(inbox)) if self.with_model else None,
        )
        session = Session(socket, protocol, parts, inbox)
        session.begin(call_id="c", interview_id="i", call_sid="CA0123456789", stream_sid="MZ", direction="inbound")
        self.reason = session.run()
        self.records = list(parse(log.read_bytes())[0])
        self.line = socket.leg.line
        self.spoken = socket.leg.caller.spoken
        self.timeline = with_log(timeline(socket.leg.line, socket.leg.caller.spoken), self.records)
        return self

    @property
    def answers(self) -> list[str]:
        """What was understood of each answer, in order."""
        last = {
            record.data["order"]: record.data["text"] for record in self.records if record.name == "answer_completed"
        }
        return [str(last[order]) for order in sorted(last)]  # type: ignore[type-var]

    @property
    def said(self) -> list[str]:
        """What the candidate said to each question; twice, where the question broke off and was put again."""
        asked = [str(record.data["question_id"]) for record in self.records if record.name == "question_asked"]
        labels = [(f"ask:{each}", f"probe:{each}") for each in asked]
        return [" ".join(reply.text for reply in self.spoken if reply.label in pair) for pair in labels]

    @property
    def worded_by(self) -> list[str]:
        """Whether the model or the bank worded each follow-up."""
        return [str(record.data["source"]) for record in self.records if record.name == "follow_up_asked"]

    @property
    def longest_silence_ms(self) -> int:
        """On both sides of the line together, between the first and the last sound."""
        turns = self.timeline.turns if self.timeline is not None else ()
        longest = 0
        heard_until_ms = turns[0].end_ms if turns else 0
        for turn in turns:
            longest = max(longest, turn.start_ms - heard_until_ms)
            heard_until_ms = max(heard_until_ms, turn.end_ms)
        return max(longest, self._longest_pause_within_ms())

    def _longest_pause_within_ms(self) -> int:
        """Between two stretches of the agent's audio of one turn."""
        spans = self.line.spans if self.line is not None else []
        turns = self.timeline.turns if self.timeline is not None else ()
        longest = 0
        for before, after in pairwise(spans):
            middle_ms = (before.end + after.start) // 16
            if any(turn.start_ms < middle_ms < turn.end_ms for turn in turns if turn.who == "agent"):
                longest = max(longest, (after.start - before.end) // 8)
        return longest
