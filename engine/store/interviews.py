"""Interviews, always through their owner: somebody else's interview is absent, not forbidden."""

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine.errors import Conflict, NotFound
from engine.store.models import Answer, Candidate, Interview, Question, Report
from engine.store.moves import OPEN_INTERVIEW, move_interview
from engine.vocabulary import InterviewState, Level, Topic

Row = TypeVar("Row")

PIN_DIGITS = 6
PIN_LIFETIME = timedelta(days=30)
_PIN_DRAWS = 50
_ROWS_AT_MOST = 100

_SORTS: Mapping[str, InstrumentedAttribute[object]] = {
    "created_at": Interview.created_at,
    "scheduled_at": Interview.scheduled_at,
    "title": Interview.title,
    "state": Interview.state,
    "level": Interview.level,
    "role": Interview.role,
}
SORTS = tuple(_SORTS)
"""What a page can be sorted by; a leading minus turns the order round."""


@dataclass(frozen=True, slots=True)
class NewInterview:
    title: str
    role: str
    level: Level
    topics: tuple[Topic, ...]
    question_count: int
    language: str
    rubric: str
    candidate_name: str
    candidate_phone: str
    """E.164."""
    candidate_time_zone: str
    scheduled_at: datetime | None
    candidate_email: str | None = None
    notice_h: int | None = None
    endpoint_policy: str | None = None
    endpoint_silence_ms: int | None = None
    endpoint_threshold_dbfs: float | None = None
    faq: tuple[Mapping[str, str], ...] = ()
    """Each with `question` and `answer`."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    items: Sequence[Row]
    page: int
    """Counts from 1."""
    pages: int
    """At least 1, also when nothing was found."""
    total: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The figures of a user's first page."""

    total: int
    by_state: Mapping[InterviewState, int]
    average_score: float | None
    """Mean of the newest reports that have a score, 0 to 100."""
    upcoming: Sequence[Interview]
    """Open interviews with an appointment ahead, the next one first; at most five."""
    recent: Sequence[Interview]
    """The five that were touched last."""


class InterviewRepository:
    """Interviews of one owner at a time; whatever belongs to somebody else does not exist."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, owner_id: uuid.UUID, new: NewInterview) -> Interview:
        """Plan an interview, with its candidate and a PIN that no open interview has. The PIN is good for 30 days."""
        candidate = Candidate(
            owner_id=owner_id,
            name=new.candidate_name,
            phone=new.candidate_phone,
            time_zone=new.candidate_time_zone,
            email=new.candidate_email,
        )
        self._session.add(candidate)
        self._session.flush()
        for _ in range(_PIN_DRAWS):
            interview = Interview(
                owner_id=owner_id,
                candidate_id=candidate.id,
                title=new.title,
                role=new.role,
                level=new.level,
                topics=[str(topic) for topic in new.topics],
                question_count=new.question_count,
                language=new.language,
                rubric=new.rubric,
                endpoint_policy=new.endpoint_policy,
                endpoint_silence_ms=new.endpoint_silence_ms,
                endpoint_threshold_dbfs=new.endpoint_threshold_dbfs,
                notice_h=new.notice_h,
                faq=[dict(entry) for entry in new.faq],
                scheduled_at=new.scheduled_at,
                pin=f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}",
                pin_expires_at=func.now() + PIN_LIFETIME,
            )
            try:
                with self._session.begin_nested():
                    self._session.add(interview)
            except IntegrityError as error:
                if "uq_interviews_open_pin" not in str(error.orig):
                    raise
                continue
            self._session.refresh(interview)
            return interview
        raise Conflict("No free PIN was found. Close interviews that are no longer needed and try again.")

    def find(self, interview_id: uuid.UUID, owner_id: uuid.UUID) -> Interview:
        """The owner's interview. Raises NotFound when it does not exist or belongs to somebody else."""
        interview = self._session.scalar(_owned_by(owner_id).where(Interview.id == interview_id))
        if interview is None:
            raise NotFound("There is no such interview.")
        return interview

    def get(self, interview_id: uuid.UUID) -> Interview:
        """For calls and jobs, which act for no user. Raises NotFound."""
        interview = self._session.get(Interview, interview_id)
        if interview is None:
            raise NotFound("There is no such interview.")
        return interview

    def page(  # noqa: PLR0913  # the filters of one list, all by name
        self,
        owner_id: uuid.UUID,
        *,
        page: int,
        per_page: int = 10,
        state: InterviewState | None = None,
        topic: Topic | None = None,
        text: str | None = None,
        sort: str = "-created_at",
    ) -> Page[Interview]:
        """One page of the owner's interviews.

        text: found in title, role or the candidate's name, in any case. sort: one of SORTS, with a minus for
        descending. Raises ValueError for another sort.
        """
        rows = _owned_by(owner_id)
        if state is not None:
            rows = rows.where(Interview.state == state)
        if topic is not None:
            rows = rows.where(Interview.topics.contains([str(topic)]))
        if text and text.strip():
            rows = rows.where(_mentions(text.strip()))
        total = self._session.scalar(select(func.count()).select_from(rows.subquery())) or 0
        per_page = min(max(per_page, 1), _ROWS_AT_MOST)
        page = max(page, 1)
        items = self._session.scalars(
            rows.order_by(_order(sort), Interview.id).offset((page - 1) * per_page).limit(per_page)
        ).all()
        return Page(items, page, max(1, -(-total // per_page)), total)

    def find_open_by_pin(self, pin: str, now: datetime) -> Interview | None:
        """The interview whose door this PIN opens: not yet finished, called off or expired."""
        return self._session.scalar(
            select(Interview).where(
                Interview.pin == pin,
                Interview.state.in_(OPEN_INTERVIEW),
                Interview.pin_expires_at > now,
                Interview.deleted_at.is_(None),
            )
        )

    def find_closed_by_pin(self, pin: str) -> Interview | None:
        """The latest interview that this PIN was for and whose door it no longer opens."""
        return self._session.scalar(
            select(Interview)
            .where(Interview.pin == pin, Interview.deleted_at.is_(None))
            .order_by(Interview.created_at.desc())
            .limit(1)
        )

    def cancel(self, interview_id: uuid.UUID, owner_id: uuid.UUID) -> Interview:
        """Call the interview off. Raises NotFound, or Conflict when it is running or finished."""
        interview = self.find(interview_id, owner_id)
        if not move_interview(self._session, interview_id, InterviewState.CANCELLED, end_reason="cancelled"):
            raise Conflict(f"This interview is {interview.state.replace('_', ' ')} and cannot be cancelled any more.")
        self._session.refresh(interview)
        return interview

    def expire(self, now: datetime) -> int:
        """Close the interviews that nobody called for before their PIN ended; returns how many."""
        overdue = select(Interview.id).where(
            Interview.state.in_((InterviewState.SCHEDULED, InterviewState.INTERRUPTED)), Interview.pin_expires_at <= now
        )
        ids = self._session.scalars(overdue).all()
        return sum(move_interview(self._session, row, InterviewState.EXPIRED, end_reason="expired") for row in ids)

    def questions_with_answers(self, interview_id: uuid.UUID) -> list[tuple[Question, Answer | None]]:
        """What was asked, in order, each with its answer or None when there is none yet."""
        rows = self._session.execute(
            select(Question, Answer)
            .outerjoin(Answer, Answer.question_id == Question.id)
            .where(Question.interview_id == interview_id)
            .order_by(Question.order)
        )
        return [(question, answer) for question, answer in rows]

    def reschedule(self, interview_id: uuid.UUID, owner_id: uuid.UUID, at: datetime | None) -> Interview:
        """Set another appointment. Raises NotFound, or Conflict when the interview has begun or is closed."""
        interview = self.find(interview_id, owner_id)
        moved = self._session.scalar(
            update(Interview)
            .where(Interview.id == interview_id, Interview.state == InterviewState.SCHEDULED)
            .values(scheduled_at=at, pin_expires_at=func.greatest(Interview.pin_expires_at, func.now() + PIN_LIFETIME))
            .returning(Interview.id)
        )
        if moved is None:
            raise Conflict(f"This interview is {interview.state.replace('_', ' ')}: its appointment stays as it was.")
        self._session.refresh(interview)
        return interview

    def overview(self, owner_id: uuid.UUID) -> Overview:
        """The figures of the owner's first page."""
        mine = _owned_by(owner_id)
        counted = self._session.execute(
            select(Interview.state, func.count())
            .where(Interview.owner_id == owner_id, Interview.deleted_at.is_(None))
            .group_by(Interview.state)
        ).all()
        by_state = dict.fromkeys(InterviewState, 0) | {InterviewState(state): count for state, count in counted}
        newest = (
            select(Report.interview_id, Report.score)
            .join(Interview, Interview.id == Report.interview_id)
            .where(Interview.owner_id == owner_id, Interview.deleted_at.is_(None))
            .ext(distinct_on(Report.interview_id))
            .order_by(Report.interview_id, Report.version.desc())
            .subquery()
        )
        average = self._session.scalar(select(func.avg(newest.c.score)))
        upcoming = mine.where(
            Interview.state == InterviewState.SCHEDULED, Interview.scheduled_at > func.now()
        ).order_by(Interview.scheduled_at)
        return Overview(
            total=sum(by_state.values()),
            by_state=by_state,
            average_score=None if average is None else float(average),
            upcoming=self._session.scalars(upcoming.limit(5)).all(),
            recent=self._session.scalars(mine.order_by(Interview.updated_at.desc()).limit(5)).all(),
        )


def _owned_by(owner_id: uuid.UUID) -> Select[Interview]:
    return select(Interview).where(Interview.owner_id == owner_id, Interview.deleted_at.is_(None))


def _mentions(text: str) -> ColumnElement[bool]:
    candidates = select(Candidate.id).where(Candidate.name.icontains(text, autoescape=True))
    return or_(
        Interview.title.icontains(text, autoescape=True),
        Interview.role.icontains(text, autoescape=True),
        Interview.candidate_id.in_(candidates),
    )


def _order(sort: str) -> ColumnElement[object]:
    column = _SORTS.get(sort.removeprefix("-"))
    if column is None:
        raise ValueError(f"cannot sort by {sort!r}; choose one of {', '.join(SORTS)}, with a minus for descending")
    return column.desc().nulls_last() if sort.startswith("-") else column.asc().nulls_last()
