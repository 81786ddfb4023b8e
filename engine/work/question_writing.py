"""New questions for an interview that was set up: taken from the common sets where they are there, written otherwise.

Whatever is missing, refused or too late is asked from the bank: nothing waits for a language model.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from engine.config import Settings
from engine.dialogue.prompts import QuestionWish
from engine.ports import UNLIMITED, Account, ChatModel
from engine.questions.bank import QuestionBank
from engine.questions.generated import Rejected, is_repetition
from engine.questions.question import Question
from engine.store.jobs import WRITE_QUESTIONS, enqueue
from engine.store.models import Interview
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import Difficulty, InterviewState, Level, Topic
from engine.work.model_writing import new_question

SET_LIFETIME = timedelta(days=30)
"""How long a written question is given to further interviews."""
MOST_WISHES = 9
MOST_REQUESTS = 12
"""Requests of one job, second tries included: a model that fails every check costs no more than this."""

_ORDER_BY_LEVEL: Mapping[Level, tuple[Difficulty, ...]] = {
    Level.JUNIOR: (Difficulty.EASY, Difficulty.MEDIUM, Difficulty.HARD),
    Level.MID: (Difficulty.MEDIUM, Difficulty.EASY, Difficulty.HARD),
    Level.SENIOR: (Difficulty.HARD, Difficulty.MEDIUM, Difficulty.EASY),
}
_ANCHORS = 2
"""Questions of every interview that come from the bank, so that candidates compare."""
_SPARE = 2
"""More than are needed, since the answers decide on the difficulty."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """What a job brought about."""

    reused: int = 0
    written: int = 0
    rejections: Mapping[str, int] | None = None
    """How often each kind of fault was found."""


def order_questions(session: Session, settings: Settings, interview_id: uuid.UUID) -> None:
    """Have questions written for an interview, in the transaction that sets it up; without a model, do nothing."""
    if settings.clouds.has_openai:
        enqueue(session, WRITE_QUESTIONS, queueing_lock=f"write {interview_id}", interview_id=str(interview_id))


def write_questions(  # what a job works with, each by name
    sessions: sessionmaker[Session],
    bank: QuestionBank,
    interview_id: uuid.UUID,
    model: ChatModel,
    now: datetime,
    *,
    account: Account = UNLIMITED,
) -> Written:
    """Give an interview questions of its own; may run again after a crash. Holds no transaction while the model writes.

    An interview that has begun, or is over, keeps what it has. What passes the checks is kept for interviews of the
    same role, level, language and topic.
    Raises NotFound for an unknown interview, and UpstreamUnavailable when the model is out of reach; what was written
    before that is kept.
    """
    with UnitOfWork(sessions) as work:
        interview = work.interviews.get(interview_id)
        if interview.state != InterviewState.SCHEDULED:
            return Written()
        heard = tuple(work.generated.asked_of_person(interview))
        known = [each for each in work.generated.usable(interview, now) if not is_repetition(each.text, heard)]
        wishes = _wishes(interview)
        chosen, missing = _matched(known, wishes)
        work.generated.give(interview, chosen)
        work.commit()
    avoided = [*heard, *(each.text for each in bank.questions if each.topic in interview.topics)]
    desk = _Desk(model, bank, account, [*avoided, *(each.text for each in known)])
    reused = len(chosen)
    try:
        for topic, difficulty in missing:
            question = desk.question(interview, topic, difficulty)
            if question is not None:
                chosen.append(question)
                _keep(sessions, interview, chosen, now)
    finally:
        result = Written(reused, len(chosen) - reused, dict(desk.rejections))
        logger.info(
            "questions were chosen for an interview",
            extra={
                "interview_id": str(interview_id),
                "reused": result.reused,
                "written": result.written,
                "rejections": result.rejections,
            },
        )
    return result


class _Desk:
    """Where questions are written, one after the other, within the number of requests that a job may make."""

    def __init__(self, model: ChatModel, bank: QuestionBank, account: Account, asked: list[str]) -> None:
        self._model = model
        self._bank = bank
        self._account = account
        self._asked = asked
        self._left = MOST_REQUESTS
        self.rejections: Counter[str] = Counter()

    def question(self, interview: Interview, topic: Topic, difficulty: Difficulty) -> Question | None:
        """One that passes the checks, within two tries; None: the bank has to serve."""
        wish = QuestionWish(topic, difficulty, Level(interview.level), interview.role, interview.language)
        for _ in range(2):
            if not self._left or not self._account.may_spend():
                return None
            self._left -= 1
            answer = new_question(
                self._model, replace(wish, asked=tuple(self._asked)), self._bank, account=self._account
            )
            if not isinstance(answer, Rejected):
                self._asked.append(answer.question.text)
                return answer.question
            self.rejections.update(answer.kinds)
        return None


def _keep(sessions: sessionmaker[Session], interview: Interview, chosen: Sequence[Question], now: datetime) -> None:
    """Committed one by one: a job that dies has not spent for nothing."""
    with UnitOfWork(sessions) as work:
        work.generated.add(interview, chosen[-1], now + SET_LIFETIME)
        work.generated.give(interview, chosen)
        work.commit()


def _wishes(interview: Interview) -> list[tuple[Topic, Difficulty]]:
    """Topics in turn, the level's usual difficulty first; a few more than the interview has places for."""
    wanted = min(max(interview.question_count - _ANCHORS, 0) + _SPARE, MOST_WISHES)
    topics = sorted(Topic(topic) for topic in interview.topics)
    return [(topic, difficulty) for difficulty in _ORDER_BY_LEVEL[Level(interview.level)] for topic in topics][:wanted]


def _matched(
    known: Sequence[Question], wishes: Sequence[tuple[Topic, Difficulty]]
) -> tuple[list[Question], list[tuple[Topic, Difficulty]]]:
    """Which of the questions that are there fulfil a wish, and the wishes that are left."""
    left = list(known)
    chosen, missing = [], []
    for topic, difficulty in wishes:
        fitting = next((each for each in left if each.topic is topic and each.difficulty is difficulty), None)
        if fitting is None:
            missing.append((topic, difficulty))
        else:
            left.remove(fitting)
            chosen.append(fitting)
    return chosen, missing
