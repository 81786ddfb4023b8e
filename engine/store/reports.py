"""Reports of interviews: versions are added, never changed."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.store.json_values import storable
from engine.store.models import Interview, Report
from engine.store.moves import move_interview
from engine.store.webhooks import announce
from engine.vocabulary import InterviewState, ReportState, WebhookEvent


class ReportRepository:
    def __init__(self, session: Session) -> None:
        self._session = session

    def append(
        self, interview_id: uuid.UUID, state: ReportState, score: float | None, body: Mapping[str, Any]
    ) -> Report:
        """Add a report as the interview's next version; one that equals the latest is not added again.

        An interview that waited for it is completed by it; an interrupted one stays open. score: 0 to 100 or None.
        Raises NotFound when there is no such interview.
        """
        locked = self._session.scalar(select(Interview.id).where(Interview.id == interview_id).with_for_update())
        if locked is None:
            raise NotFound(f"There is no interview {interview_id}.")
        report = self.latest(interview_id)
        kept_body = storable(dict(body))
        kept_score = None if score is None else round(score, 2)
        if report is None or (report.state, report.score, report.body) != (state, kept_score, kept_body):
            report = Report(
                interview_id=interview_id,
                version=report.version + 1 if report else 1,
                state=state,
                score=kept_score,
                body=kept_body,
            )
            self._session.add(report)
            self._session.flush()
            announce(
                self._session,
                WebhookEvent.REPORT_READY,
                interview_id,
                report.id,
                report_id=str(report.id),
                version=report.version,
                state=report.state,
            )
        if move_interview(self._session, interview_id, InterviewState.COMPLETED):
            announce(self._session, WebhookEvent.INTERVIEW_COMPLETED, interview_id, interview_id)
        return report

    def latest(self, interview_id: uuid.UUID) -> Report | None:
        """The newest report, or None while there is none."""
        return self._session.scalar(
            select(Report).where(Report.interview_id == interview_id).order_by(Report.version.desc()).limit(1)
        )
