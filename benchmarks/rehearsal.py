"""Rehearsals: whole calls from a catalogue of scenarios, each with what must come of it, on the virtual clock.

A rehearsal is a scenario of the simulator with two tables more: `[interview]` (questions, limits) and `[expect]`.
The session, the core, the endpoint policy, the voice detector and the event log are the real ones; the voice hums or
plays recorded speech, and the recogniser knows what the caller said (telephony/simulator/hearsay.py).
"""

import tomllib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from engine.adapters.event_files import FileEventLog, parse
from engine.adapters.recording_files import RecordingFile
from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.audio import mulaw
from engine.audio.adaptive_endpoint import AdaptiveEndpoint
from engine.audio.echo import EchoGuard
from engine.audio.endpoint_weights import load_weights
from engine.audio.levels import rms_dbfs
from engine.dialogue.endings import clues_of
from engine.dialogue.plan import Faq, Limits, Plan
from engine.ports import EventRecord, SpeechToText, TextToSpeech, VoiceDetector
from engine.pricing import load_prices
from engine.questions.bank import load_bank
from engine.vocabulary import Level, Topic
from engine.work.spending import Budgets, InterviewAccount, Spent
from telephony.call_account import UsageOutlet
from telephony.call_log import CallLog
from telephony.call_parts import CallParts, into
from telephony.hearing import Ear
from telephony.media_stream import StreamProtocol
from telephony.mouth import Mouth
from telephony.session import Session
from telephony.simulator.hearsay import Hearsay, is_wordless
from telephony.simulator.line import StreamIdentity
from telephony.simulator.run import virtual_call
from telephony.simulator.scenario import Scenario, scenario_of
from telephony.simulator.timeline import Timeline, timeline
from telephony.simulator.virtual import VirtualSocket
from telephony.speaker import Speaker
from telephony.writer import LineWriter

MS_PER_WORD: Final = 200
_IDENTITY: Final = StreamIdentity("MZ0123456789", "CA0123456789", "AC0123456789", {})
_TONE: Final = mulaw.encode(
    b"".join(level.to_bytes(2, "little", signed=True) for level in (*[12_000] * 8, *[-12_000] * 8))
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One entry of a catalogue."""

    name: str
    scenario: Scenario
    interview: dict[str, Any]
    expect: dict[str, Any]
    hears: str = "level"
    """"level": what is loud is speech; "neural": the detector of real calls, for recorded voices and noise."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a rehearsal."""

    reason: str
    records: tuple[EventRecord, ...]
    plan: Plan
    socket: VirtualSocket
    recording: Path

    @property
    def timeline(self) -> Timeline:
        """Who spoke when."""
        return timeline(self.socket.leg.line, self.socket.leg.caller.spoken)

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [record.data for record in self.records if record.kind == "fact" and record.name == name]

    @property
    def answers(self) -> list[tuple[str, str]]:
        """State and text of each answer as it finally stands, in the order of the questions."""
        last = {fact["order"]: (fact["state"], fact["text"]) for fact in self.facts("answer_completed")}
        return [last[order] for order in sorted(last)]


def load_catalogue(path: Path) -> list[Rehearsal]:
    """The rehearsals in a file.

    Rules of `[base]` follow those of each entry, unless it says `alone = true`; those of `[recorded]` where it hears
    "neural".
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    base = {"level": document["base"]["reply"], "neural": document["recorded"]["reply"]}
    return [_rehearsal(dict(entry), base[entry.get("hears", "level")], path.parent) for entry in document["rehearsal"]]


def _rehearsal(entry: dict[str, Any], base: Sequence[dict[str, Any]], folder: Path) -> Rehearsal:
    name, expect = entry.pop("name"), entry.pop("expect")
    interview, hears = entry.pop("interview", {}), entry.pop("hears", "level")
    if not entry.pop("alone", False):
        entry["reply"] = [*entry.get("reply", []), *base]
    return Rehearsal(name, scenario_of({"caller": "+15550101", **entry}, folder), interview, expect, hears)


class LoudIsSpeech:
    """engine.ports.VoiceDetector for lines that carry tones."""

    def is_speech(self, pcm: bytes) -> bool:
        return rms_dbfs(pcm) > -30


class RecordedVoice:
    """engine.ports.TextToSpeech that says every text in somebody's recorded speech, so long as its words take."""

    name = "recorded"

    def __init__(self, speech: bytes) -> None:
        self._speech = speech

    def synthesise(self, text: str, *, speed: float = 1.0, account: object = None) -> Any:
        begin = len(text) * 997 % (len(self._speech) // 2)
        yield self._speech[begin : begin + len(text.split()) * MS_PER_WORD * 8]

    def close(self) -> None:
        """Nothing is held."""


def tone(text: str, pitch: float) -> bytes:
    """The caller's voice: 200 ms of loud tone for each word; sounds in parentheses last 200 ms in all."""
    words = 1 if is_wordless(text) else len(text.split())
    return _TONE * (words * 100)


@dataclass(frozen=True, slots=True)
class Engines:
    """What a rehearsal is held with, where it is not the usual."""

    detector: Callable[[], VoiceDetector] = LoudIsSpeech
    neural_detector: Callable[[], VoiceDetector] | None = None
    voice: TextToSpeech = field(default_factory=lambda: ScriptedTextToSpeech(ms_per_word=MS_PER_WORD))
    recorded_voice: TextToSpeech | None = None
    """What speaks where the detector is neural."""
    recogniser: SpeechToText | None = None
    """None: the one that knows what the caller said."""
    wrap: Callable[[VirtualSocket], Any] = lambda socket: socket
    clock: Callable[[], float] | None = None
    """None: the virtual one."""
    pause: Callable[[float], None] = lambda _seconds: None


def plan_of(rehearsal: Rehearsal) -> Plan:
    """The interview that is held: two questions on Python, unless the entry says otherwise."""
    wanted = dict(rehearsal.interview)
    faq = tuple(Faq(question, answer) for question, answer in wanted.pop("faq", {}).items())
    count, seed = wanted.pop("questions", 2), wanted.pop("seed", 11)
    limits = replace(Limits(most_follow_ups=0), **wanted)
    return Plan("Ada", "Engineer", Level.MID, (Topic.PYTHON,), count, seed, load_bank(), limits, faq)


def hold(rehearsal: Rehearsal, folder: Path, engines: Engines | None = None) -> Outcome:
    """Hold the call to its end; its log and recording are written to the folder."""
    engines = engines or Engines()
    plan = plan_of(rehearsal)
    socket = virtual_call(rehearsal.scenario, _IDENTITY, voice=tone)
    line = engines.wrap(socket)
    protocol = StreamProtocol()
    while protocol.start is None:
        protocol.receive(line.receive() or "")
    inbox: deque[object] = deque()
    outlet = UsageOutlet(into(inbox), lambda _late: None)
    account = InterviewAccount(load_prices(), Budgets(), Spent(), outlet.put)
    echo = EchoGuard()
    is_neural = rehearsal.hears == "neural"
    voice = engines.recorded_voice if is_neural and engines.recorded_voice else engines.voice
    ear = Ear(
        engines.neural_detector() if is_neural and engines.neural_detector else engines.detector(),
        AdaptiveEndpoint(load_weights(), clues_of),
        engines.recogniser or Hearsay(lambda: socket.leg.caller.spoken),
        into(inbox),
        engines.pause,
        account,
    )
    ear.ignore_echo(echo)
    recording, log_path = folder / "recording.wav", folder / "call.jsonl"
    clock = engines.clock or (lambda: socket.now_s)
    parts = CallParts(
        plan=plan,
        ear=ear,
        mouth=Mouth(Speaker(voice, into(inbox), account), LineWriter(line.send, "MZ0123456789", clock), echo),
        call_log=CallLog(FileEventLog(log_path)),
        start_recording=lambda: RecordingFile(recording),
        describe_recording=lambda: {"path": recording.name, "size_bytes": recording.stat().st_size},
        farewell=mulaw.silence(8000),
        clock=clock,
        outlet=outlet,
    )
    session = Session(line, protocol, parts, inbox)
    session.begin(call_id="c", interview_id="i", call_sid="CA0123456789", stream_sid="MZ", direction="inbound")
    reason = session.run()
    records = tuple(parse(log_path.read_bytes())[0])
    return Outcome(reason, records, plan, socket, recording)


def faults_of(rehearsal: Rehearsal, outcome: Outcome) -> list[str]:
    """Where the outcome is not what the entry expects, in words; empty for a call as it should be."""
    expect = rehearsal.expect
    totals = outcome.timeline.totals()
    found: list[tuple[str, object, object]] = [
        ("ended", expect["ended"], outcome.reason),
        ("cut_ins", expect.get("cut_ins", 0), totals["cut_ins"]),
        ("long_silences", expect.get("long_silences", 0), totals["long_silences"]),
    ]
    if "answers" in expect:
        found.append(("answers", expect["answers"], [state for state, _ in outcome.answers]))
    texts = [text for _, text in outcome.answers]
    for order, wanted in expect.get("says", {}).items():
        heard = texts[int(order) - 1] if int(order) <= len(texts) else None
        found.append((f"answer {order}", wanted, heard))
    found += [(f"fact {name}", count, len(outcome.facts(name))) for name, count in expect.get("facts", {}).items()]
    said = " ".join(fact["text"] for fact in outcome.facts("turn_ended") if fact["who"] == "agent")
    found += [(f"we say {words!r}", True, words in said) for words in expect.get("we_say", [])]
    if "troubles" in expect:
        found.append(("troubles", expect["troubles"], [fact["trouble"] for fact in outcome.facts("line_trouble")]))
    return [f"{name}: {wanted!r} was expected, and {got!r} came" for name, wanted, got in found if wanted != got]
