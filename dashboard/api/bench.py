"""/api/v1/bench: the engines one by one, for signed-in people; nothing is stored."""

import base64
import io
import wave
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from flask import Blueprint, Response, request
from pydantic import Field
from sqlalchemy.orm import Session, sessionmaker

from dashboard.access import current_user
from dashboard.api.envelope import failure, json_body, success
from dashboard.offload import offload
from dashboard.schemas import Input, Line
from dashboard.validation import InvalidInput, checked
from engine.audio import mulaw
from engine.audio.resample import resample
from engine.clock import SAMPLE_RATE_HZ
from engine.dialogue.prompts import QuestionWish
from engine.errors import UpstreamUnavailable
from engine.evaluation.rubric import DEFAULT_RUBRIC, RUBRICS
from engine.store.attempts import AttemptRepository
from engine.vocabulary import Difficulty, Level, Topic
from engine.work.trial import Trial

REQUESTS: Final = 20
WINDOW_S: Final = 600
LONGEST_AUDIO_S: Final = 60
_RATES: Final = (8000, 16_000, 22_050, 24_000, 44_100, 48_000)
_LARGEST_BYTES: Final = 44 + 2 * 48_000 * LONGEST_AUDIO_S
_WHAT_IS_HEARD: Final = (
    f"Send a WAV file, mono, 16 bits, {LONGEST_AUDIO_S} s at most, at one of these rates: "
    f"{', '.join(map(str, _RATES))}."
)


class SpeakInput(Input):
    text: Annotated[Line, Field(min_length=1, max_length=2000)]
    speed: Annotated[float, Field(ge=0.75, le=1.5)] = 1.0


class QuestionInput(Input):
    topic: Topic
    level: Level
    difficulty: Difficulty
    role: Annotated[Line, Field(min_length=1, max_length=200)]


class GradeInput(Input):
    question_id: Annotated[Line, Field(min_length=1, max_length=200)]
    answer: Annotated[str, Field(min_length=1, max_length=20_000)]
    rubric: Annotated[str, Field(pattern=f"^({'|'.join(RUBRICS)})$")] = DEFAULT_RUBRIC.id


def blueprint(sessions: sessionmaker[Session], trial: Trial) -> Blueprint:
    """trial: with the engines of this process."""
    bp = Blueprint("api_bench", __name__, url_prefix="/api/v1/bench")

    @bp.before_request
    def limit() -> None:
        """Providers charge for it, so nobody gets it without end. Raises TooManyAttempts."""
        subject, now = str(current_user().id), datetime.now(UTC)
        with sessions.begin() as session:
            attempts = AttemptRepository(session)
            attempts.check("bench", subject, limit=REQUESTS, window_s=WINDOW_S, now=now)
            attempts.record("bench", subject, now)

    @bp.errorhandler(UpstreamUnavailable)
    def unavailable(error: UpstreamUnavailable) -> Response:
        return failure(503, "engine_unavailable", str(error), {})

    @bp.post("/transcribe")
    def transcribe() -> Response:
        request.max_content_length = _LARGEST_BYTES
        heard = trial.transcribe(offload(_line_audio, request.get_data()))
        words = [
            {"text": word.text, "start_ms": word.start_ms, "end_ms": word.end_ms, "confidence": word.confidence}
            for word in heard.words
        ]
        return success({"engine": trial.recogniser.name, "text": heard.text, "words": words})

    @bp.post("/synthesise")
    def synthesise() -> Response:
        wanted = checked(SpeakInput, json_body())
        audio = b"".join(trial.synthesise(wanted.text, wanted.speed))
        data: dict[str, Any] = {
            "engine": trial.voice.name,
            "format": "mulaw",
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "duration_ms": len(audio) * 1000 // SAMPLE_RATE_HZ,
        }
        if request.accept_mimetypes.best_match(["application/json", "audio/wav"]) == "audio/wav":
            return Response(offload(_wav, audio), mimetype="audio/wav")
        return success(data | {"audio_base64": base64.b64encode(audio).decode()})

    @bp.post("/questions")
    def write_question() -> Response:
        return success(trial.write_question(wish_of(checked(QuestionInput, json_body()))))

    @bp.post("/grades")
    def grade() -> Response:
        wanted = checked(GradeInput, json_body())
        return success(trial.grade(wanted.question_id, wanted.answer, wanted.rubric))

    return bp


def wish_of(wanted: QuestionInput) -> QuestionWish:
    return QuestionWish(wanted.topic, wanted.difficulty, wanted.level, wanted.role)


def _line_audio(body: bytes) -> bytes:
    """A WAV file as the line's mu-law. Raises InvalidInput."""
    try:
        with wave.open(io.BytesIO(body)) as file:
            rate, seconds = file.getframerate(), file.getnframes() / max(1, file.getframerate())
            is_fit = file.getnchannels() == 1 and file.getsampwidth() == 2 and rate in _RATES
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise InvalidInput({"": _WHAT_IS_HEARD}) from error
    if not is_fit or not 0 < seconds <= LONGEST_AUDIO_S or len(pcm) % 2:
        raise InvalidInput({"": _WHAT_IS_HEARD})
    return mulaw.encode(resample(pcm, rate, SAMPLE_RATE_HZ))


def _wav(audio: bytes) -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(mulaw.decode(audio))
    return made.getvalue()
