"""What a language model writes outside a call: new questions, and the opening of a report. Checked, or left out."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.dialogue.prompts import GENERATION_VERSION, QuestionWish, generate_question
from engine.errors import UnusableReply, UpstreamUnavailable
from engine.evaluation import offline_grader
from engine.evaluation.prompts import summarise_interview
from engine.evaluation.prose import accepted_prose
from engine.ports import UNLIMITED, Account, ChatModel
from engine.questions.bank import QuestionBank
from engine.questions.generated import Generated, Rejected, read_generated, rejected
from engine.questions.question import Question
from engine.transcript import Transcript

REFERENCE_FROM = 60.0
"""What its own reference answer must score: below, the answer and the key points do not belong together."""
ECHO_BELOW = 35.0
"""What saying the question again must stay below: above, the words of the question earn points."""
_LONGEST_VERSION = 64


def new_question(
    model: ChatModel, wish: QuestionWish, bank: QuestionBank, *, account: Account = UNLIMITED
) -> Generated | Rejected:
    """A question that fits the wish and passes every check, or why there is none; then the bank serves instead.

    bank: whose words tell which ones are rare. account: is charged with the request.
    Raises UpstreamUnavailable when the model could not be reached or will not serve us at all.
    """
    try:
        reply = model.complete(generate_question(wish), account=account)
    except UnusableReply as error:
        return rejected([("unusable_reply", str(error))])
    read = read_generated(reply.data, topic=wish.topic, difficulty=wish.difficulty, level=wish.level, asked=wish.asked)
    if isinstance(read, Rejected):
        return read
    version = f"{GENERATION_VERSION} {reply.usage.model}"[:_LONGEST_VERSION]
    question = replace(bank.weighed(read.question), version=version)
    faults = _grading_faults(question)
    return rejected(faults) if faults else Generated(question)


def _grading_faults(question: Question) -> list[tuple[str, str]]:
    """Whether answers can be graded by it: its own answer must do well, and its own words must not."""
    reference = offline_grader.grade(question, Transcript(question.reference_answer)).score
    echo = offline_grader.grade(question, Transcript(question.text)).score
    faults = []
    if reference is None or reference < REFERENCE_FROM:
        faults.append(("not_gradable", "generated: its reference answer does not make its key points"))
    if echo is not None and echo >= ECHO_BELOW:
        faults.append(("gives_away", "generated: saying the question again would earn points"))
    return faults


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
