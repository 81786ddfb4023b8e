from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import NotFound, UpstreamUnavailable
from engine.ports import UNLIMITED, Account, ChatReply, ChatRequest, EventRecord
from engine.questions.bank import FollowUp, KeyPoint, Question, QuestionBank
from engine.store.models import Answer, Call, Evaluation, Interview, Report
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import Difficulty, GradeState, InterviewState, Level, ReportState, Topic
from engine.work.grading import grade_interview
from engine.work.model_grading import FALLBACK_NOTE

Facts = Callable[..., list[EventRecord]]
SAID = "It lets only one thread run Python bytecode at a time, so threads do not speed up computation"


@pytest.fixture
def bank() -> QuestionBank:
    return QuestionBank(
        version="test",
        questions=(
            Question(
                id="python-gil",
                topic=Topic.PYTHON,
                kind="concept",
                difficulty=Difficulty.MEDIUM,
                levels=(Level.MID,),
                text="What does the global interpreter lock do?",
                spoken="What does the global interpreter lock do?",
                shape="open",
                key_points=(
                    KeyPoint("one", "only one thread runs at a time", ("only one thread runs bytecode at a time",)),
                    KeyPoint(
                        "io", "it is released during input and output", ("released while waiting for the network",)
                    ),
                ),
                reference_answer="Only one thread runs bytecode at a time; it is released during input and output.",
                follow_ups=(FollowUp("io", "When is it let go?"),),
                terms=("thread",),
            ),
        ),
    )


@pytest.fixture
def shipped(sessions: sessionmaker[Session], call: Call, facts: Facts) -> Callable[..., None]:
    def ship(*names: str | tuple[str, dict[str, Any]]) -> None:
        with UnitOfWork(sessions) as work:
            work.events.ship(call.id, facts(*names))
            work.commit()

    return ship


ANSWERED = ("answer_completed", {"text": SAID, "words": []})


def test_a_finished_interview_gets_grades_and_a_report(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    asked = ("candidate_asked", {"text": "What is the salary?", "answer": ""})
    ended = ("interview_ended", "line_measured", "call_ended")
    shipped("call_started", "turn_ended", "question_asked", ANSWERED, asked, *ended)

    grade_interview(sessions, bank, call.interview_id)

    with UnitOfWork(sessions) as work:
        report = work.reports.latest(call.interview_id)
        assert report is not None
        assert (report.version, report.state) == (1, ReportState.COMPLETE)
        question = report.body["questions"][0]
        assert question["answer"]["text"] == SAID
        assert question["grade"]["points"][0]["status"] == "hit"
        assert question["grade"]["points"][0]["evidence"]["quote"] in SAID
        assert report.body["facts"]["candidate_name"] == "Grace Example"
        assert report.body["turns"][0]["who"] == "agent"
        assert report.body["line_quality"] == {"snr_db": 31}
        assert 'The candidate asked: "What is the salary?" It has not been answered.' in report.body["notes"]
        [evaluation] = work.evaluations.latest(call.interview_id).values()
        assert (evaluation.version, evaluation.state) == (1, GradeState.SCORED)
        assert evaluation.score == pytest.approx(report.score)
        assert work.interviews.get(call.interview_id).state == InterviewState.COMPLETED


def test_grading_again_changes_nothing_until_an_answer_changes(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    shipped("call_started", "question_asked", ANSWERED, "interview_ended")
    first = grade_interview(sessions, bank, call.interview_id)
    again = grade_interview(sessions, bank, call.interview_id)
    assert (again.id, again.version) == (first.id, 1)

    with sessions.begin() as session:
        session.execute(update(Answer).values(text="It is released while waiting for the network"))
    corrected = grade_interview(sessions, bank, call.interview_id)

    with sessions() as session:
        assert corrected.version == 2
        assert session.scalar(select(func.count()).select_from(Evaluation)) == 2
        assert session.scalar(select(func.count()).select_from(Report)) == 2


def test_an_interrupted_interview_gets_a_partial_report_and_stays_open(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    shipped("call_started", "question_asked", ANSWERED, ("question_asked", {"order": 2}), "call_ended")

    report = grade_interview(sessions, bank, call.interview_id)

    assert report.state == ReportState.PARTIAL
    assert "2" in " ".join(report.body["missing"])
    with sessions() as session:
        assert session.get_one(Interview, call.interview_id).state == InterviewState.INTERRUPTED


@pytest.mark.parametrize(
    ("answer", "reason", "state"),
    [
        ({"state": "unfinished", "ended_by": "line"}, "process_lost", GradeState.NOT_ASSESSABLE),
        ({"state": "unfinished", "ended_by": "line"}, "hung_up", GradeState.SCORED),
        ({"state": "skipped", "text": "", "ended_by": "user"}, "hung_up", GradeState.NOT_ASSESSABLE),
        ({"state": "skipped", "text": "", "ended_by": "skip"}, "hung_up", GradeState.DECLINED),
    ],
)
def test_what_our_own_side_ended_is_not_held_against_the_candidate(
    sessions: sessionmaker[Session],
    call: Call,
    bank: QuestionBank,
    shipped: Callable[..., None],
    answer: dict[str, str],
    reason: str,
    state: GradeState,
) -> None:
    told = ("answer_completed", {"text": SAID, "words": []} | answer)
    shipped("call_started", "question_asked", told, ("call_ended", {"reason": reason}))

    grade_interview(sessions, bank, call.interview_id)

    with UnitOfWork(sessions) as work:
        [evaluation] = work.evaluations.latest(call.interview_id).values()
        assert evaluation.state == state


def test_a_report_admits_that_engines_changed_in_the_call(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    switched = {"port": "speech_to_text", "from": "deepgram-nova", "to": "local", "reason": "the key", "lost_ms": 0}
    shipped("call_started", "question_asked", ("engine_switched", switched), ANSWERED, "interview_ended", "call_ended")

    report = grade_interview(sessions, bank, call.interview_id)

    (note,) = [note for note in report.body["notes"] if "recogniser" in note]
    assert note.startswith("The recogniser changed from deepgram-nova to local at 00:")


class Unreachable:
    """A language model that nobody can reach."""

    name = "unreachable"

    def complete(
        self, request: ChatRequest, on_text: Callable[[str], None] | None = None, account: Account = UNLIMITED
    ) -> ChatReply:
        raise UpstreamUnavailable("nobody answers")

    def close(self) -> None:
        """Nothing is held."""


def test_a_language_model_that_fails_leaves_the_offline_grade_and_the_report_says_so(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    shipped("call_started", "question_asked", ANSWERED, "interview_ended", "call_ended")

    report = grade_interview(sessions, bank, call.interview_id, Unreachable())

    assert report.score is not None
    assert FALLBACK_NOTE in report.body["notes"]


def test_an_answer_to_a_question_that_left_the_bank_is_not_assessable(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    shipped("call_started", ("question_asked", {"question_id": "python-forgotten"}), ANSWERED, "interview_ended")

    report = grade_interview(sessions, bank, call.interview_id)

    assert report.body["questions"][0]["grade"]["state"] == GradeState.NOT_ASSESSABLE
    assert report.score is None


def test_an_unknown_interview_cannot_be_graded(sessions: sessionmaker[Session], bank: QuestionBank, call: Call) -> None:
    with pytest.raises(NotFound):
        grade_interview(sessions, bank, call.id)


def test_a_job_exists_only_if_the_transaction_that_enqueued_it_commits(
    sessions: sessionmaker[Session], call: Call, facts: Facts
) -> None:
    def waiting() -> int:
        with sessions() as session:
            return session.scalar(text("select count(*) from procrastinate_jobs where queue_name = 'batch'")) or 0

    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, facts("call_started", "interview_ended"))
    assert waiting() == 0
    with UnitOfWork(sessions) as work:
        work.events.ship(call.id, facts("call_started", "interview_ended"))
        work.commit()
    assert waiting() == 1


def test_misheard_terms_are_put_right_for_grading_and_the_original_is_kept(
    sessions: sessionmaker[Session], call: Call, bank: QuestionBank, shipped: Callable[..., None]
) -> None:
    heard = "I would take C sharp code or post gres because only one thread runs at a time"
    words = [
        {"text": word, "start_ms": 100 * n, "end_ms": 100 * n + 80, "confidence": 0.5 if word == "gres" else 0.9}
        for n, word in enumerate(heard.split())
    ]
    meant = "I would take C# code or Postgres because only one thread runs at a time"
    shipped("call_started", "question_asked", ("answer_completed", {"text": heard, "words": words}))
    report = grade_interview(sessions, bank, call.interview_id)

    answer = report.body["questions"][0]["answer"]
    assert answer["heard"] == heard
    assert answer["text"] == " ".join(word["text"] for word in answer["words"]) == meant
    assert answer["corrections"] == [
        {"heard": "C sharp", "meant": "C#", "word": 3}, {"heard": "post gres", "meant": "Postgres", "word": 6},
    ]  # fmt: skip
    assert answer["words"][6] == {"text": "Postgres", "start_ms": 700, "end_ms": 880, "confidence": 0.5}
    evidence = report.body["questions"][0]["grade"]["points"][0]["evidence"]
    quoted = [word["text"] for word in answer["words"][evidence["start_word"] : evidence["end_word"]]]
    assert " ".join(quoted) == evidence["quote"]
    with UnitOfWork(sessions) as work:
        [(_, stored)] = work.interviews.questions_with_answers(call.interview_id)
        assert stored is not None and stored.text == heard
