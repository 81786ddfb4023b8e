"""What a language model writes outside a call: new questions, and the opening of a report. Checked, or left out."""

from collections.abc import Mapping, Sequence

from engine.dialogue.prompts import QuestionWish, generate_question
from engine.errors import UpstreamUnavailable
from engine.evaluation.prompts import summarise_interview
from engine.evaluation.prose import accepted_prose
from engine.ports import ChatModel
from engine.questions.generated import Generated, Rejected, read_generated


def new_question(model: ChatModel, wish: QuestionWish) -> Generated | Rejected:
    """A question that fits the wish and passes every check, or why there is none; then the bank serves instead."""
    try:
        reply = model.complete(generate_question(wish))
    except UpstreamUnavailable as error:
        return Rejected((str(error),))
    return read_generated(reply.data, topic=wish.topic, difficulty=wish.difficulty, level=wish.level, asked=wish.asked)


def opening(
    model: ChatModel, facts: Mapping[str, str | Sequence[str]], *, names: tuple[str, ...] = (), language: str = "en"
) -> tuple[str, str]:
    """The opening paragraph of a report and an empty note, or no text and the note that says why. Raises nothing."""
    try:
        reply = model.complete(summarise_interview(facts, language=language))
    except UpstreamUnavailable:
        return "", "The summary was left out: the language model could not be used."
    text, reason = accepted_prose(reply.data, names=names)
    return text, f"The summary of the language model was left out because {reason}." if reason else ""
