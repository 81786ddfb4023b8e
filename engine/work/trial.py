"""Each engine tried alone, outside of any call: hear a recording, say a text, write a question, grade an answer.

Nothing of it is stored, and it belongs to no interview: what it costs is in the provider's bill only.
"""

import queue
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from engine.clock import FRAME_SAMPLES, samples_to_ms
from engine.dialogue.prompts import QuestionWish
from engine.errors import NotFound, UpstreamUnavailable
from engine.evaluation import offline_grader
from engine.evaluation.rubric import rubric_named
from engine.ports import (
    AllHeard,
    ChatModel,
    FinalHeard,
    RecognitionEvent,
    RecognitionFailed,
    SpeechToText,
    TextToSpeech,
)
from engine.questions.bank import QuestionBank
from engine.questions.generated import Rejected, stored_form
from engine.transcript import Transcript, joined
from engine.work.model_grading import grade_with_model
from engine.work.model_writing import new_question

LONGEST_S: Final = 30.0
"""For one request to a provider."""
_REQUEST: Final = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """The engines of a process as calls use them."""

    recogniser: SpeechToText
    voice: TextToSpeech
    bank: QuestionBank
    model: ChatModel | None

    def transcribe(self, mulaw: bytes) -> Transcript:
        """The words of a recording (mu-law, 8 kHz). Raises UpstreamUnavailable."""
        events: queue.SimpleQueue[RecognitionEvent] = queue.SimpleQueue()
        stream = self.recogniser.open(events.put)
        try:
            stream.speech_began(0)
            for start in range(0, len(mulaw), FRAME_SAMPLES):
                stream.send(mulaw[start : start + FRAME_SAMPLES], samples_to_ms(start))
            stream.speech_paused(samples_to_ms(len(mulaw)))
            stream.finish(_REQUEST)
            return joined(_finals(events))
        finally:
            stream.close()

    def synthesise(self, text: str, speed: float) -> Iterator[bytes]:
        """The text as mu-law at 8 kHz, in chunks. Raises UpstreamUnavailable."""
        return self.voice.synthesise(text, speed=speed)

    def write_question(self, wish: QuestionWish) -> dict[str, Any]:
        """A question, or why it was refused. Raises UpstreamUnavailable, also where there is no model."""
        if self.model is None:
            raise UpstreamUnavailable("No language model is set up: set OPENAI_API_KEY or OPENAI_BASE_URL.")
        written = new_question(self.model, wish, self.bank)
        if isinstance(written, Rejected):
            return {"question": None, "rejected": asdict(written)}
        return {"question": stored_form(written.question), "rejected": None}

    def grade(self, question_id: str, answer: str, rubric: str) -> dict[str, Any]:
        """The grade of an answer to a question of the bank. Raises NotFound."""
        try:
            question = self.bank.by_id(question_id)
        except KeyError as error:
            raise NotFound(f"There is no question {question_id!r} in the bank.") from error
        transcript, chosen = Transcript(answer), rubric_named(rubric)
        if self.model is None:
            return {"grade": offline_grader.grade(question, transcript, chosen).to_data(), "notes": []}
        graded = grade_with_model(question, transcript, chosen, self.model)
        return {"grade": graded.grade.to_data(), "notes": list(graded.notes)}


def _finals(events: "queue.SimpleQueue[RecognitionEvent]") -> list[Transcript]:
    until_s = time.monotonic() + LONGEST_S
    found: list[Transcript] = []
    while True:
        try:
            event = events.get(timeout=max(0.0, until_s - time.monotonic()))
        except queue.Empty:
            raise UpstreamUnavailable(f"The recogniser did not finish within {LONGEST_S:g} s.") from None
        match event:
            case FinalHeard(transcript):
                found.append(transcript)
            case AllHeard():
                return found
            case RecognitionFailed(reason):
                raise UpstreamUnavailable(f"The recogniser failed: {reason}")
