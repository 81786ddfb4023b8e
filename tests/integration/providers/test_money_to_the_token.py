"""Interviews through the real packages against servers that keep a bill of their own: ours equals theirs."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.deepgram_client import Deepgram
from engine.adapters.deepgram_flux import FluxSpeechToText
from engine.adapters.deepgram_stt import DeepgramSpeechToText
from engine.adapters.deepgram_tts import aura_voice, flux_voice
from engine.adapters.event_files import FileEventLog, event_log_path
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.adapters.openai_stt import OpenAIHearing, OpenAISpeechToText
from engine.adapters.openai_tts import OpenAITextToSpeech, OpenAIVoice
from engine.adapters.recording_files import RecordingFile
from engine.audio.endpoint import FixedEndpoint
from engine.audio.levels import rms_dbfs
from engine.chat import unquoted
from engine.dialogue.plan import Plan
from engine.ports import SpeechToText, TextToSpeech
from engine.pricing import load_prices
from engine.questions.bank import QuestionBank, load_bank
from engine.store.interviews import NewInterview
from engine.store.models import Call
from engine.store.unit_of_work import UnitOfWork
from engine.store.usage import UsageSum
from engine.store.users import NewUser
from engine.vocabulary import Direction, Level, Topic
from engine.work.grading import grade_interview
from engine.work.model_grading import Charging
from engine.work.shipping import EventShipper
from engine.work.spending import Budgets, Costs, InterviewAccount, LateUsage, Spent, job_account
from telephony.call_account import UsageOutlet
from telephony.call_log import CallLog
from telephony.call_parts import CallParts, into
from telephony.hearing import Ear
from telephony.media_stream import StreamProtocol
from telephony.mouth import Mouth
from telephony.session import Session as CallSession
from telephony.simulator.line import StreamIdentity
from telephony.simulator.run import virtual_call
from telephony.simulator.scenario import parse_scenario
from telephony.speaker import Speaker
from telephony.writer import LineWriter
from tests.fakes import tone_speech
from tests.fakes.deepgram_server import KEY, DeepgramServer
from tests.fakes.openai_server import KEY as OPENAI_KEY
from tests.fakes.openai_server import FakeOpenAI
from tests.fakes.openai_tones import tone_behaviour

SCENARIO = """
caller = "+15550101"
dialled = "+15550100"

[[reply]]
on = "consent"
text = "index"
times = 0
[[reply]]
on = "ask:*"
text = "index table query lock page cache thread queue stack heap graph tree node edge hash sort"
times = 0
[[reply]]
on = "probe:*"
text = "commit log key value"
times = 0
"""
PRICES = load_prices()
A_MINUTE_HEARD = {"nova": Decimal("0.0048"), "flux": Decimal("0.0065"), "openai": Decimal("0.0045")}
UNPRICED: dict[str, set[str]] = {"nova": set(), "flux": {"text_to_speech"}, "openai": set()}
"""What the bundled table has no price for."""
COSTS = Costs(PRICES, Budgets(Decimal(0)))


class LoudIsSpeech:
    """VoiceDetector for a line of tones."""

    def is_speech(self, pcm: bytes) -> bool:
        return rms_dbfs(pcm) > -30


def spoken(text: str) -> bytes:
    """Our sentences hold words that have no tone: each becomes some word that has one."""
    words = (tone_speech.WORDS[len(word) % len(tone_speech.WORDS)] for word in text.split())
    return tone_speech.speak(" ".join(words))


def judge(body: Mapping[str, Any]) -> str:
    data = unquoted(body["input"][-1]["content"])
    assert isinstance(data, dict)
    quote = " ".join(data["answer"].split()[:3])
    return json.dumps({"quotes": [{"quote": quote, "key_point": None}], "reason": "Fine.", "level": 4})


@dataclass
class Bills:
    """The servers, each of which counts what it would bill."""

    deepgram: DeepgramServer
    openai: FakeOpenAI


@pytest.fixture
def bills() -> Iterator[Bills]:
    behaviour = replace(tone_behaviour(), chat=judge, speak=lambda _text: tone_behaviour().speak("index table"))
    with DeepgramServer(speak=spoken) as deepgram, FakeOpenAI(behaviour) as openai:
        yield Bills(deepgram, openai)


@contextmanager
def engines(bills: Bills, name: str) -> Iterator[tuple[SpeechToText, TextToSpeech, OpenAIChat]]:
    deepgram = Deepgram(KEY, socket_url=bills.deepgram.socket_url)
    with build_client(OPENAI_KEY, base_url=bills.openai.base_url) as client:
        chat = OpenAIChat(client, "gpt-6-luna")
        kinds: dict[str, Callable[[], tuple[SpeechToText, TextToSpeech]]] = {
            "nova": lambda: (DeepgramSpeechToText(deepgram), aura_voice(deepgram)),
            "flux": lambda: (FluxSpeechToText(deepgram), flux_voice(deepgram)),
            "openai": lambda: (OpenAISpeechToText(client, OpenAIHearing()), OpenAITextToSpeech(client, OpenAIVoice())),
        }
        ear, voice = kinds[name]()
        yield ear, voice, chat
        for each in (ear, voice, chat):
            each.close()
    deepgram.close()


@pytest.fixture
def call(sessions: sessionmaker[Session]) -> Call:
    with UnitOfWork(sessions) as work:
        user = work.users.add(NewUser("a@b.example", "-", "A", "B", "1", datetime.now(UTC)))
        interview = work.interviews.create(
            user.id,
            NewInterview(
                title="t",
                role="Engineer",
                level=Level.MID,
                topics=(Topic.PYTHON, Topic.DATABASES),
                question_count=3,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name="Ada Lovelace",
                candidate_phone="+15550100177",
                candidate_time_zone="UTC",
                scheduled_at=None,
            ),
        )
        made = work.calls.register(interview.id, "CA0123456789", Direction.INBOUND)
        work.commit()
    return made


def hold_call(
    sessions: sessionmaker[Session],
    call: Call,
    folder: Path,
    bank: QuestionBank,
    ear: SpeechToText,
    voice: TextToSpeech,
) -> None:
    """A whole call on the virtual clock, slowed down where the servers need time to answer."""
    identity = StreamIdentity("MZ0123456789", "CA0123456789", "AC0123456789", {})
    line = virtual_call(parse_scenario(SCENARIO, folder), identity, voice=lambda text, _pitch: spoken(text))
    protocol = StreamProtocol()
    while protocol.start is None:
        protocol.receive(line.receive() or "")
    inbox: deque[object] = deque()
    outlet = UsageOutlet(into(inbox), LateUsage(sessions, call.id).keep)
    account = InterviewAccount(PRICES, COSTS.budgets, Spent(), outlet.put)
    path = folder / "recording.wav"
    plan = Plan("Ada", "Engineer", Level.MID, (Topic.PYTHON, Topic.DATABASES), 2, 11, bank)
    parts = CallParts(
        plan=plan,
        ear=Ear(LoudIsSpeech(), FixedEndpoint(1500, -50.0), ear, into(inbox), account=account),
        mouth=Mouth(Speaker(voice, into(inbox), account), LineWriter(line.send, "MZ0123456789", lambda: line.now_s)),
        call_log=CallLog(FileEventLog(event_log_path(folder, call.id))),
        start_recording=lambda: RecordingFile(path),
        describe_recording=lambda: {
            "path": path.name, "size_bytes": path.stat().st_size, "format": "wav", "channels": 2,
        },
        farewell=b"\xff" * 800,
        clock=lambda: line.now_s,
        outlet=outlet,
    )  # fmt: skip

    class Slowly:
        """The line, a hundred times as fast as a telephone's."""

        def receive(self) -> str | None:
            time.sleep(0.0002)
            return line.receive()

        def __getattr__(self, name: str) -> Any:
            return getattr(line, name)

    session = CallSession(Slowly(), protocol, parts, inbox)
    session.begin(call_id=str(call.id), interview_id="i", call_sid="CA0123456789", stream_sid="MZ", direction="inbound")
    session.run()


def spoken_usd(name: str, used: UsageSum) -> Decimal:
    """By the figures of the vendors' pages: Aura by characters, OpenAI by minutes, Flux unknown."""
    by_engine = {
        "nova": Decimal("0.030") * used.characters / 1000,
        "flux": Decimal(0),
        "openai": Decimal("0.015") * used.audio_ms / 60_000,
    }
    return by_engine[name]


def stored(sessions: sessionmaker[Session], call: Call) -> dict[str, UsageSum]:
    with UnitOfWork(sessions) as work:
        return {used.kind: used for used in work.usage.by_model(call.interview_id)}


@pytest.mark.parametrize("name", ["nova", "flux", "openai"])
def test_what_is_stored_of_an_interview_equals_what_the_providers_counted(
    sessions: sessionmaker[Session], call: Call, bills: Bills, tmp_path: Path, name: str
) -> None:
    bank = load_bank()
    with engines(bills, name) as (ear, voice, chat):
        hold_call(sessions, call, tmp_path, bank, ear, voice)
        shipper = EventShipper(sessions, tmp_path)
        assert shipper.ship_pending()
        shipper.stop()
        account = job_account(sessions, COSTS, call.interview_id, "grade_interview")
        grade_interview(sessions, bank, call.interview_id, chat, Charging(account))
        assert name == "openai" or bills.deepgram.wait_for(lambda server: server.counted.finished >= 1)
        heard_bytes = bills.deepgram.counted.audio_bytes
        assert _soon(lambda: name == "openai" or stored(sessions, call)["speech_to_text"].audio_ms == heard_bytes // 8)
    used = stored(sessions, call)

    counted = bills.openai.counted["chat gpt-6-luna"]
    chat_used = used["chat"]
    assert counted.requests >= 3
    assert (chat_used.requests, chat_used.input_tokens) == (counted.requests, counted.input_tokens)
    assert (chat_used.cached_tokens, chat_used.output_tokens) == (counted.cached_tokens, counted.output_tokens)
    if name == "openai":
        spoken_bill = bills.openai.counted["speech gpt-4o-mini-tts"]
        heard_bill = bills.openai.counted["transcription gpt-transcribe"]
        assert used["speech_to_text"].audio_ms == round(heard_bill.audio_s * 1000) > 0
        assert used["text_to_speech"].characters == spoken_bill.characters > 0
        assert used["text_to_speech"].audio_ms == round(spoken_bill.audio_s * 1000)
    else:
        assert bills.deepgram.counted.violations == []
        assert used["speech_to_text"].audio_ms == heard_bytes // 8 > 20_000
        assert used["text_to_speech"].characters == bills.deepgram.counted.characters > 0
    assert not any(each.is_estimated for each in used.values())
    assert {kind for kind, each in used.items() if each.spending.has_unknown} == UNPRICED[name]

    tokens = chat_used.input_tokens - chat_used.cached_tokens
    dollars = {
        "speech_to_text": A_MINUTE_HEARD[name] * used["speech_to_text"].audio_ms / 60_000,
        "text_to_speech": spoken_usd(name, used["text_to_speech"]),
        "chat": (Decimal("0.10") * tokens + Decimal("0.01") * chat_used.cached_tokens) / 1_000_000
        + Decimal("0.50") * counted.output_tokens / 1_000_000,
    }
    assert used.keys() == dollars.keys()
    for kind, each in used.items():
        assert abs(each.spending.usd - dollars[kind]) < Decimal("0.00000001"), kind


def _soon(is_so: Callable[[], bool], within_s: float = 5.0) -> bool:
    """The last seconds of a stream are told when its connection is closed, which another thread does."""
    until = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True
