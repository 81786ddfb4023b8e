"""What is deleted when its time is over: recordings first, the words of an interview later, unless they are held."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, delete, func, select, update
from sqlalchemy.orm import Session

from engine.evaluation.archiving import grade_without_words, without_words
from engine.store.models import (
    Answer,
    Call,
    CallCommand,
    CallEvent,
    Consent,
    Deletion,
    Evaluation,
    Interview,
    Question,
    Recording,
    Report,
    Turn,
    User,
)
from engine.store.schedule_models import CallTask, OutboxMessage
from engine.vocabulary import CallState, Deleted, InterviewState

RETENTION = "retention"
"""Why something was deleted: its time was over."""
NO_ROW = "no_row"
"""Or no row knew of it: what a process left behind that died."""
_AT_ONCE = 200
_OVER = (InterviewState.COMPLETED, InterviewState.EXPIRED, InterviewState.CANCELLED)


@dataclass(frozen=True, slots=True)
class RemovedRecording:
    """A recording that nobody hears any more, while its file is still to be erased."""

    id: uuid.UUID
    path: str
    """Relative to the recordings folder."""


class RetentionRepository:
    """Deletes for jobs, which act for no user, and holds for users."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def remove_recordings(self, now: datetime, days: int) -> int:
        """Mark the recordings whose time is over as removed, and log it; returns how many, at most some hundred.

        days: how long recordings are kept, counted from the end of the call; 0 is for ever. A user's own number of days
        counts where it is smaller. The files are still there: see `to_be_erased`.
        """
        allowed = func.least(cast(days or None, Integer), User.recording_days)
        ended_at = func.coalesce(Call.ended_at, Recording.created_at)
        due = self._session.execute(
            select(Recording, Call.interview_id, Interview.owner_id, allowed)
            .join(Call, Call.id == Recording.call_id)
            .join(Interview, Interview.id == Call.interview_id)
            .join(User, User.id == Interview.owner_id)
            .where(
                Recording.removed_at.is_(None),
                Interview.kept_since.is_(None),
                Call.state != CallState.LIVE,
                ended_at + func.make_interval(0, 0, 0, allowed) <= now,
            )
            .limit(_AT_ONCE)
            # A hold that comes now waits, and is told that it came too late.
            .with_for_update(of=(Recording, Interview))
        ).all()
        for recording, interview_id, owner_id, kept_days in due:
            recording.removed_at = now
            amounts = {"days": kept_days, "bytes": recording.size_bytes, "duration_ms": recording.duration_ms}
            self._log(Deleted.RECORDING, owner_id, interview_id, RETENTION, amounts, call_id=recording.call_id)
        self._session.flush()
        return len(due)

    def to_be_erased(self) -> Sequence[RemovedRecording]:
        """Recordings that are removed and whose files are not known to be gone."""
        rows = self._session.execute(
            select(Recording.id, Recording.path)
            .where(Recording.removed_at.is_not(None), Recording.erased_at.is_(None))
            .limit(_AT_ONCE)
        )
        return [RemovedRecording(*row) for row in rows]

    def note_erased(self, recording_id: uuid.UUID, now: datetime) -> None:
        self._session.execute(update(Recording).where(Recording.id == recording_id).values(erased_at=now))

    def known_paths(self, paths: Sequence[str]) -> set[str]:
        """Which of these files some recording stands for."""
        return set(self._session.scalars(select(Recording.path).where(Recording.path.in_(paths))))

    def log_orphan(self, call_id: uuid.UUID | None, size_bytes: int) -> None:
        """Keep that a recording was erased that no row knew of."""
        interview = self._session.scalar(
            select(Interview).join(Call, Call.interview_id == Interview.id).where(Call.id == call_id)
        )
        self._log(
            Deleted.RECORDING,
            interview.owner_id if interview else None,
            interview.id if interview else None,
            NO_ROW,
            {"bytes": size_bytes},
            call_id=call_id,
        )

    def with_old_words(self, now: datetime, days: int) -> Sequence[uuid.UUID]:
        """Interviews that have been over for so many days and whose words are still there; 0 days is for ever."""
        if not days:
            return []
        return self._session.scalars(
            select(Interview.id)
            .where(
                Interview.state.in_(_OVER),
                Interview.words_removed_at.is_(None),
                Interview.kept_since.is_(None),
                func.coalesce(Interview.ended_at, Interview.updated_at) <= now - timedelta(days=days),
            )
            .limit(_AT_ONCE)
        ).all()

    def remove_words(self, interview_id: uuid.UUID, now: datetime) -> bool:
        """Delete what was said in an interview and written about it; its figures stay. False where it is held."""
        interview = self._session.scalar(
            select(Interview)
            .where(Interview.id == interview_id, Interview.kept_since.is_(None), Interview.words_removed_at.is_(None))
            .with_for_update(of=Interview)
        )
        if interview is None:
            return False
        calls = select(Call.id).where(Call.interview_id == interview_id)
        amounts = {
            "events": self._delete(CallEvent, CallEvent.call_id.in_(calls)),
            "turns": self._delete(Turn, Turn.call_id.in_(calls)),
            "notes": self._delete(CallCommand, CallCommand.interview_id == interview_id),
            "tasks": self._delete(CallTask, CallTask.interview_id == interview_id),
            "messages": self._delete(OutboxMessage, OutboxMessage.interview_id == interview_id),
            "answers": self._silence_answers(interview_id),
        }
        self._session.execute(update(Consent).where(Consent.interview_id == interview_id).values(answer=""))
        self._session.execute(update(Question).where(Question.interview_id == interview_id).values(follow_ups=[]))
        for report in self._session.scalars(select(Report).where(Report.interview_id == interview_id)):
            report.body = without_words(report.body)
        interview.progress, interview.words_removed_at = {}, now
        self._log(Deleted.WORDS, interview.owner_id, interview_id, RETENTION, amounts)
        self._session.flush()
        return True

    def _silence_answers(self, interview_id: uuid.UUID) -> int:
        answers = select(Answer.id).join(Question).where(Question.interview_id == interview_id)
        for evaluation in self._session.scalars(select(Evaluation).where(Evaluation.answer_id.in_(answers))):
            evaluation.detail = grade_without_words(evaluation.detail)
        silenced = self._session.scalars(
            update(Answer).where(Answer.id.in_(answers)).values(text="", words=[]).returning(Answer.id)
        )
        return len(silenced.all())

    def _delete(self, table: Any, which: ColumnElement[bool]) -> int:
        return len(self._session.scalars(delete(table).where(which).returning(table.id)).all())

    def hold(self, interview_id: uuid.UUID, owner_id: uuid.UUID, reason: str, now: datetime) -> bool:
        """Delete nothing more of this interview by itself; False where it is somebody else's."""
        return self._set_hold(interview_id, owner_id, func.coalesce(Interview.kept_since, now), reason[:255])

    def release(self, interview_id: uuid.UUID, owner_id: uuid.UUID) -> bool:
        """The ordinary times hold again; what is overdue is deleted by the next daily job."""
        return self._set_hold(interview_id, owner_id, None, None)

    def _set_hold(self, interview_id: uuid.UUID, owner_id: uuid.UUID, since: object, reason: str | None) -> bool:
        mine = (Interview.id == interview_id) & (Interview.owner_id == owner_id)
        held = update(Interview).where(mine).values(kept_since=since, kept_reason=reason).returning(Interview.id)
        return self._session.scalar(held) is not None

    def _log(
        self,
        what: Deleted,
        owner_id: uuid.UUID | None,
        interview_id: uuid.UUID | None,
        reason: str,
        amounts: dict[str, Any],
        *,
        call_id: uuid.UUID | None = None,
    ) -> None:
        self._session.add(
            Deletion(
                what=what,
                owner_id=owner_id,
                interview_id=interview_id,
                call_id=call_id,
                reason=reason,
                amounts=amounts,
            )
        )
