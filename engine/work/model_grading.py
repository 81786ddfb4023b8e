"""Grading an answer with a language model beside the offline grader, which is always there to fall back on."""

from dataclasses import dataclass

from engine.errors import UnusableReply, UpstreamRefused, UpstreamUnavailable
from engine.evaluation import model_grade, offline_grader
from engine.evaluation.grade import AnswerGrade
from engine.evaluation.model_grade import Proposal
from engine.evaluation.prompts import evaluate_criterion
from engine.evaluation.rubric import Rubric
from engine.ports import UNLIMITED, Account, ChatModel
from engine.questions.question import Question
from engine.transcript import Transcript
from engine.usage import Usage
from engine.vocabulary import AnswerState

FALLBACK_NOTE = "The language model could not be used for one answer or more; those were graded by key words alone."
WITHOUT_PROOF_NOTE = (
    "For one answer or more the language model quoted nothing that was said; those were graded by key words alone."
)
BUDGET_NOTE = "The budget of this interview or month was used up; what was left to grade was graded by key words alone."
DISPUTED_NOTE = "For one answer or more the two graders are far apart: a person should listen before deciding."


@dataclass(frozen=True, slots=True)
class Charging:
    """Who pays the language model, and whether its failures may be told to a caller that tries again."""

    account: Account = UNLIMITED
    may_try_again: bool = False


@dataclass(frozen=True, slots=True)
class ModelGrading:
    """A grade, what the report must admit about how it came about, and what it cost."""

    grade: AnswerGrade
    notes: tuple[str, ...] = ()
    usage: tuple[Usage, ...] = ()


AT_NOBODYS_EXPENSE = Charging()


def grade_with_model(
    question: Question,
    transcript: Transcript,
    rubric: Rubric,
    model: ChatModel,
    *,
    state: AnswerState = AnswerState.ANSWERED,
    charging: Charging = AT_NOBODYS_EXPENSE,
) -> ModelGrading:
    """Grade one answer, each criterion in a request of its own. Takes seconds: this is for jobs, never for a call.

    Answers that the offline grader finds declined or not assessable are not shown to the model. When any criterion
    fails, the whole answer keeps its offline grade: half of each would be comparable to nothing.
    Raises UpstreamUnavailable where the charging says that trying again may help, and nothing otherwise.
    """
    offline = offline_grader.grade(question, transcript, rubric, state=state)
    if offline.score is None:
        return ModelGrading(offline)
    key_points = [point.id for point in question.key_points]
    proposals: dict[str, Proposal] = {}
    spent: list[Usage] = []
    model_name = model.name
    for criterion in rubric.criteria:
        if not charging.account.may_spend():
            return ModelGrading(offline, (BUDGET_NOTE,), tuple(spent))
        request = evaluate_criterion(question, criterion, transcript.text)
        try:
            reply = model.complete(request, account=charging.account)
        except UpstreamUnavailable as error:
            if charging.may_try_again and not isinstance(error, UpstreamRefused | UnusableReply):
                raise
            if isinstance(error, UnusableReply) and error.usage is not None:
                spent.append(error.usage)
            return ModelGrading(offline, (FALLBACK_NOTE,), tuple(spent))
        spent.append(reply.usage)
        model_name = reply.usage.model
        proposals[criterion.id] = model_grade.read_proposal(reply.data, transcript, key_points)
    grade = model_grade.combined(offline, proposals, rubric, model=model_name)
    return ModelGrading(grade, _notes(grade), tuple(spent))


def _notes(grade: AnswerGrade) -> tuple[str, ...]:
    notes = {"model_without_proof": WITHOUT_PROOF_NOTE, "graders_disagree": DISPUTED_NOTE}
    return tuple(note for flag, note in notes.items() if flag in grade.flags)
