"""Whole calls in one thread on the virtual clock: the real session, the simulated line, scripted engines."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.adapters.event_files import FileEventLog, parse
from engine.adapters.recording_files import RecordingFile
from engine.adapters.scripted_speech import ScriptedSpeechToText, ScriptedTextToSpeech
from engine.audio import mulaw
from engine.audio.endpoint import EndpointPolicy, FixedEndpoint
from engine.audio.levels import rms_dbfs
from engine.dialogue.plan import Plan
from engine.ports import EventRecord
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.vocabulary import Level, Topic
from engine.work.spending import Budgets, Counted, InterviewAccount, Spent
from engine.work.takeover import Broken, broken_call
from telephony.admission import next_frame_ms
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
from telephony.simulator.virtual import VirtualSocket
from telephony.speaker import Speaker
from telephony.thinker import Thinker
from telephony.writer import LineWriter

POLITE = """
caller = "+15550101"
dialled = "+15550100"

[[reply]]
on = "consent"
text = "Yes."
[[reply]]
on = "ask:*"
text = "An answer that lasts for a while and says enough to be one."
times = 0
[[reply]]
on = "probe:*"
text = "Some more of it to make the answer complete."
times = 0
[[reply]]
on = "closing"
text = "No, thank you."
"""


class LoudIsSpeech:
    """VoiceDetector for lines that carry nothing but silence and tones."""

    def is_speech(self, pcm: bytes) -> bool:
        return rms_dbfs(pcm) > -30


def tone(text: str, pitch: float) -> bytes:
    """The caller's voice: 200 ms of loud tone for each word."""
    cycle = mulaw.encode(b"".join(int(sign * 12000).to_bytes(2, "little", signed=True) for sign in [1] * 8 + [-1] * 8))
    return cycle * (len(text.split()) * 100)


@dataclass
class VirtualCall:
    folder: Path
    texts: list[str]
    scenario: str = POLITE
    plan: Plan | None = None
    question_count: int = 3
    recogniser: ScriptedSpeechToText = field(default_factory=ScriptedSpeechToText)
    endpoint: EndpointPolicy = field(default_factory=lambda: FixedEndpoint(1500, -50.0))
    voice: ScriptedTextToSpeech = field(default_factory=lambda: ScriptedTextToSpeech(ms_per_word=200))
    speaker: Callable[..., Speaker] = Speaker
    thinker: Callable[..., Thinker] | None = None
    """Given the bank, where to deliver to, and the account."""
    budgets: Budgets = field(default_factory=Budgets)
    late: list[Counted] = field(default_factory=list)
    reason: str = ""
    socket: VirtualSocket | None = None

    def run(self, wrap: Callable[[VirtualSocket], object] = lambda socket: socket) -> "VirtualCall":
        self.plan = self.plan or Plan(
            name="Ada",
            role="Engineer",
            level=Level.MID,
            topics=(Topic.PYTHON, Topic.DATABASES),
            question_count=self.question_count,
            seed=11,
            bank=load_bank(),
        )
        self.recogniser.texts.extend(self.texts)
        return self._hold(wrap, None)

    def resume(self, scenario: str = POLITE, texts: Iterable[str] = ()) -> "VirtualCall":
        """The caller is still there, on a new socket, and another process takes the call over."""
        self.scenario = scenario
        self.recogniser.texts.clear()
        self.recogniser.texts.extend(texts)
        return self._hold(lambda socket: socket, broken_call(self.records, self.plan))

    def _hold(self, wrap: Callable[[VirtualSocket], object], broken: Broken | None) -> "VirtualCall":
        identity = StreamIdentity("MZ0123456789", "CA0123456789", "AC0123456789", {})
        self.socket = virtual_call(parse_scenario(self.scenario, self.folder), identity, voice=tone)
        line = wrap(self.socket)
        protocol = StreamProtocol()
        while protocol.start is None:
            protocol.receive(line.receive())
        inbox: deque[object] = deque()
        path = self.folder / "recording.wav"
        outlet = UsageOutlet(into(inbox), self.late.append)
        account = InterviewAccount(load_prices(), self.budgets, Spent(), outlet.put)
        clock = lambda: self.socket.now_s  # noqa: E731  the virtual clock
        parts = CallParts(
            plan=self.plan,
            ear=Ear(LoudIsSpeech(), self.endpoint, self.recogniser, into(inbox), self.pass_time, account),
            mouth=Mouth(self.speaker(self.voice, into(inbox), account), LineWriter(line.send, "MZ0123456789", clock)),
            call_log=CallLog(FileEventLog(self.log_path)),
            start_recording=lambda: RecordingFile.going_on(path) if path.exists() else RecordingFile(path),
            describe_recording=lambda: {"path": path.name, "size_bytes": path.stat().st_size},
            farewell=mulaw.encode(bytes(16000)),
            clock=clock,
            thinker=self.thinker(self.plan.bank, into(inbox), account) if self.thinker else None,
            outlet=outlet,
        )
        about = {
            "call_id": "c", "interview_id": "i", "call_sid": "CA0123456789", "stream_sid": "MZ", "direction": "inbound"
        }  # fmt: skip
        if broken is None:
            session = Session(line, protocol, parts, inbox)
            session.begin(**about)
        else:
            at_ms = next_frame_ms(self.records, path)
            session = Session(line, protocol, parts, inbox, state=broken.state, at_ms=at_ms)
            session.resume(is_recorded=broken.is_recorded, **about)
        self.reason = session.run()
        return self

    def pass_time(self, seconds: float) -> None:
        """The virtual clock stands still once the line is gone; nothing to wait for."""

    @property
    def log_path(self) -> Path:
        return self.folder / "call.jsonl"

    @property
    def recording(self) -> Path:
        return self.folder / "recording.wav"

    @property
    def records(self) -> list[EventRecord]:
        return list(parse(self.log_path.read_bytes())[0])

    def facts(self, name: str) -> list[dict]:
        return [record.data for record in self.records if record.kind == "fact" and record.name == name]


@pytest.fixture
def polite() -> str:
    """The scenario of a caller who answers everything."""
    return POLITE


@pytest.fixture
def virtual(tmp_path: Path) -> Callable[..., VirtualCall]:
    return lambda texts, **options: VirtualCall(tmp_path, list(texts), **options)
