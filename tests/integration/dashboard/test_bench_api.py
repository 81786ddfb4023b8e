"""The engines one by one over the API: signed in, limited, and with clear words for what they do not take."""

import base64
import io
import wave
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session, sessionmaker

from dashboard.api import bench
from engine.adapters.openai_chat import OpenAIChat
from engine.adapters.openai_client import build_client
from engine.adapters.scripted_speech import ScriptedTextToSpeech
from engine.audio import mulaw
from engine.audio.resample import resample
from engine.questions.bank import load_bank
from engine.work.trial import Trial
from tests.fakes import tone_speech
from tests.fakes.openai_server import KEY, FakeOpenAI
from tests.fakes.tone_recogniser import ToneSpeechToText
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.test_json_api import Program

ANSWER = "Only one thread can run Python bytecode at a time, so threads do not speed up computation."


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(ToneSpeechToText(), ScriptedTextToSpeech(), load_bank(), None)


@pytest.fixture
def app(make_app: Callable[..., Flask], sessions: sessionmaker[Session], trial: Trial) -> Flask:
    app = make_app()
    app.register_blueprint(bench.blueprint(sessions, trial))
    return app


@pytest.fixture
def program(ada: Person, app: Flask) -> Program:
    return Program(app, ada.email)


def wav(text: str, *, rate: int = 8000, channels: int = 1) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(resample(mulaw.decode(tone_speech.speak(text)), 8000, rate) * channels)
    return made.getvalue()


def heard(program: Program, body: bytes) -> tuple[int, dict[str, Any]]:
    return program.call("POST", "/bench/transcribe", data=body, content_type="audio/wav")


def test_a_recording_becomes_words_with_their_times_and_what_is_none_is_refused(program: Program) -> None:
    for rate in (8000, 16_000):
        status, body = heard(program, wav("index table query", rate=rate))
        assert (status, body["data"]["text"]) == (200, "index table query")
        assert [word["text"] for word in body["data"]["words"]] == ["index", "table", "query"]
    for unfit in (b"", b"RIFF....", wav("index", channels=2)):
        status, body = heard(program, unfit)
        assert status == 422 and "WAV" in str(body["error"]["fields"])


def test_a_text_becomes_audio_in_either_form(program: Program) -> None:
    status, body = program.call("POST", "/bench/synthesise", json={"text": "Hello there."})
    audio = base64.b64decode(body["data"]["audio_base64"])
    assert status == 200 and len(audio) // 8 == body["data"]["duration_ms"] > 0
    headers = {"Authorization": f"Bearer {program.tokens['access_token']}", "Accept": "audio/wav"}
    answer = program.client.post("/api/v1/bench/synthesise", json={"text": "Hello there."}, headers=headers)
    with wave.open(io.BytesIO(answer.data)) as file:
        assert (file.getframerate(), file.getnframes()) == (8000, len(audio))
    assert program.call("POST", "/bench/synthesise", json={"text": "a", "speed": 3})[0] == 422


def test_an_answer_is_graded_and_a_new_question_needs_a_model(program: Program) -> None:
    asked = {"question_id": "python-gil", "answer": ANSWER}
    status, body = program.call("POST", "/bench/grades", json=asked)
    assert status == 200 and body["data"]["grade"]["score"] > 0
    assert program.call("POST", "/bench/grades", json=asked | {"question_id": "python-none"})[0] == 404
    wish = {"topic": "python", "level": "mid", "difficulty": "medium", "role": "Engineer"}
    status, body = program.call("POST", "/bench/questions", json=wish)
    assert status == 503 and "OPENAI_API_KEY" in body["error"]["message"]


def test_what_a_model_writes_comes_with_what_was_wrong_with_it(trial: Trial) -> None:
    with FakeOpenAI() as server, build_client(KEY, base_url=server.base_url) as client:
        model = OpenAIChat(client, "gpt-6-luna")
        wish = bench.QuestionInput(topic="python", level="mid", difficulty="medium", role="Engineer")  # type: ignore[arg-type]
        found = replace(trial, model=model).write_question(bench.wish_of(wish))
        model.close()
    assert (found["question"] is None) != (found["rejected"] is None)


def test_nobody_uses_it_without_an_account_or_without_end(program: Program) -> None:
    assert program.client.post("/api/v1/bench/synthesise", json={"text": "Hello"}).status_code == 401
    asked = {"question_id": "python-none", "answer": ANSWER}
    found = [program.call("POST", "/bench/grades", json=asked)[0] for _ in range(bench.REQUESTS + 1)]
    assert found == [404] * bench.REQUESTS + [429]
