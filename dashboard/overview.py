"""The overview: where everything stands, and a practice interview with oneself from one small form."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.appointment_schemas import AppointmentInput
from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.display import LEVELS, TOPICS
from dashboard.interview_schemas import QuickStartInput
from dashboard.setup_choices import LENGTHS
from dashboard.validation import InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import ScheduleError
from engine.evaluation.rubric import DEFAULT_RUBRIC
from engine.scheduling.phone_numbers import international, region_of
from engine.store.drafts import DraftRepository
from engine.store.interviews import InterviewRepository, NewInterview, Overview
from engine.store.models import User
from engine.store.permissions import PermissionRepository
from engine.store.reports import ReportRepository
from engine.store.usage import UsageRepository, month_of
from engine.store.users import UserRepository
from engine.store.webhooks import WebhookRepository
from engine.vocabulary import InterviewState, Topic
from engine.work.question_writing import order_questions

_ROLES = {
    Topic.PYTHON: "Python developer",
    Topic.JAVASCRIPT: "JavaScript developer",
    Topic.ALGORITHMS: "Software engineer",
    Topic.DATABASES: "Database administrator",
    Topic.SYSTEM_DESIGN: "Software engineer",
    Topic.DEVOPS: "Platform engineer",
    Topic.REACT: "Frontend engineer",
    Topic.NODEJS: "Backend engineer",
}
"""For whom the topic is the daily bread: the greeting names a role."""
_ENDED = (InterviewState.COMPLETED, InterviewState.CANCELLED, InterviewState.EXPIRED)


class OverviewPages:
    """Views under the address that pages.py gives them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._region = region_of(settings.phone_number)
        self._booker = Booker(database, settings)

    def overview(self) -> Response:
        own = current_user().own_phone
        usual = {
            "topic": Topic.PYTHON.value,
            "level": "mid",
            "question_count": "5",
            "phone": international(own) if own else "",
            "keep": "yes" if own else "",
        }
        return self._page(usual, {}, 200)

    def practise(self) -> AnyResponse:
        data, user, session = form_data(request.form), current_user(), self._database.current()
        try:
            wanted = checked(QuickStartInput, data, region=self._region)
        except InvalidInput as error:
            return self._page(data, error.fields, 422)
        UserRepository(session).set_own_phone(user.id, wanted.phone if wanted.keep else None)
        PermissionRepository(session).grant(user.id, wanted.phone, "own_number", datetime.now(UTC))
        when = AppointmentInput(when="now" if wanted.how == "call" else "any")
        try:
            made = self._booker.set_up(user.id, _practice(wanted, user), when, may_call=False, host_zone=user.time_zone)
        except ScheduleError as error:
            session.rollback()
            return self._page(data, {"phone": str(error)}, 422)
        order_questions(session, self._settings, made[0].id)
        session.commit()
        return redirect(url_for("interviews.show", interview_id=made[0].id), 303)

    def _page(self, values: dict[str, Any], errors: dict[str, str], status: int) -> Response:
        page = render_template(
            "pages/overview.html",
            values=values,
            errors=errors,
            webhooks_given_up=WebhookRepository(self._database.current()).given_up(current_user().id),
            topics=TOPICS,
            levels=LEVELS,
            lengths=LENGTHS[:2],
            can_call=self._settings.calls.provider != "off",
            is_welcome="welcome" in request.args,
            month_budget_usd=self._settings.monthly_budget_usd,
            **self._facts(current_user().id),
        )
        return make_response(page, status)

    def _facts(self, owner_id: uuid.UUID) -> dict[str, Any]:
        session = self._database.current()
        figures, reports = InterviewRepository(session).overview(owner_id), ReportRepository(session)
        return {
            "figures": figures,
            "scores": {
                interview.id: report.score
                for interview in figures.recent
                if interview.state == InterviewState.COMPLETED and (report := reports.latest(interview.id))
            },
            "completion": completion_rate(figures),
            "live": figures.by_state[InterviewState.IN_PROGRESS] + figures.by_state[InterviewState.INTERRUPTED],
            "month": UsageRepository(session).of_owner(owner_id, month_of(datetime.now(UTC))),
            "drafts": DraftRepository(session).open_of(owner_id),
        }


def _practice(wanted: QuickStartInput, user: User) -> NewInterview:
    return NewInterview(
        title=f"Practice: {TOPICS[wanted.topic]}, {LEVELS[wanted.level].lower()}",
        role=_ROLES[wanted.topic],
        level=wanted.level,
        topics=(wanted.topic,),
        question_count=wanted.question_count,
        language="en",
        rubric=DEFAULT_RUBRIC.id,
        candidate_name=f"{user.first_name} {user.last_name}"[:100],
        candidate_phone=wanted.phone,
        candidate_time_zone=user.time_zone,
        scheduled_at=None,
    )


def completion_rate(figures: Overview) -> float | None:
    """Percent of the interviews that came to an end which were completed; None while none has ended."""
    ended = sum(figures.by_state[state] for state in _ENDED)
    return 100.0 * figures.by_state[InterviewState.COMPLETED] / ended if ended else None
