"""/api/v1/interviews: set up, list, read, follow, cancel."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from dashboard.access import current_user
from dashboard.api.appointments import api_fault
from dashboard.api.envelope import json_body, success
from dashboard.appointment_schemas import AppointmentInput
from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.interview_schemas import FromTemplateInput, NewInterviewInput
from dashboard.live import public_event
from dashboard.new_interviews import new_interview, template_values
from dashboard.schemas import EventsQuery, ListQuery
from dashboard.validation import InvalidInput, checked
from engine.config import Settings
from engine.errors import NotFound, ScheduleError
from engine.scheduling.phone_numbers import region_of
from engine.store.evaluations import EvaluationRepository
from engine.store.events import EventRepository
from engine.store.interviews import InterviewRepository
from engine.store.models import Answer, Evaluation, Interview, Question
from engine.store.reports import ReportRepository
from engine.store.templates import TemplateRepository
from engine.work.question_writing import order_questions


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("api_interviews", __name__, url_prefix="/api/v1/interviews")
    region = region_of(settings.phone_number)
    booker = Booker(database, settings)

    def interviews() -> InterviewRepository:
        return InterviewRepository(database.current())

    def told(interview: Interview) -> dict[str, Any]:
        return interview_data(interview, settings.phone_number)

    @bp.post("")
    def create() -> Response:
        created = _set_up(booker, region)
        order_questions(database.current(), settings, created.id)
        database.current().commit()
        return success(told(created), 201)

    @bp.get("")
    def index() -> Response:
        query = checked(ListQuery, request.args.to_dict())
        page = interviews().page(
            current_user().id,
            page=query.page,
            per_page=query.limit,
            state=query.state,
            topic=query.topic,
            text=query.text,
            sort=query.sort,
        )
        paging = {"page": page.page, "limit": query.limit, "pages": page.pages, "total": page.total}
        return success([told(interview) for interview in page.items], paging=paging)

    @bp.get("/<uuid:interview_id>")
    def show(interview_id: uuid.UUID) -> Response:
        interview = interviews().find(interview_id, current_user().id)
        grades = EvaluationRepository(database.current()).latest(interview_id)
        questions = [
            question_data(question, answer, grades.get(answer.id) if answer else None)
            for question, answer in interviews().questions_with_answers(interview_id)
        ]
        return success(told(interview) | {"questions": questions})

    @bp.get("/<uuid:interview_id>/events")
    def events(interview_id: uuid.UUID) -> Response:
        """What happened on the line after the event `after`; ask again with `last` until nothing new comes."""
        interview = interviews().find(interview_id, current_user().id)
        query = checked(EventsQuery, request.args.to_dict())
        rows = EventRepository(database.current()).after(interview_id, query.after, query.limit)
        shown = [public for row in rows if (public := public_event(row)) is not None]
        return success(
            {
                "state": interview.state,
                "last": rows[-1].id if rows else query.after,
                "at_ms": rows[-1].at_ms if rows else None,
                "has_more": len(rows) == query.limit,
                "events": shown,
            }
        )

    @bp.get("/<uuid:interview_id>/report")
    def report(interview_id: uuid.UUID) -> Response:
        interview = interviews().find(interview_id, current_user().id)
        found = ReportRepository(database.current()).latest(interview.id)
        if found is None:
            raise NotFound("There is no report yet.")
        return success(
            {"version": found.version, "created_at": found.created_at.isoformat(), "state": found.state}
            | {"report": found.body}
        )

    @bp.post("/<uuid:interview_id>/cancel")
    def cancel(interview_id: uuid.UUID) -> Response:
        booker.cancel(interview_id, current_user().id)
        cancelled = interviews().find(interview_id, current_user().id)
        database.current().commit()
        return success(told(cancelled))

    return bp


def _set_up(booker: Booker, region: str) -> Interview:
    """The interview that the request's body asks for, with its appointment where it names one."""
    body, now = json_body(), datetime.now(UTC)
    asked = body.pop("appointment", None) if isinstance(body, dict) else None
    user, session = current_user(), booker.desk().session
    wanted = checked(NewInterviewInput, _filled_in(body, session, user.id), region=region, now=now)
    if asked is None:
        return InterviewRepository(session).create(user.id, new_interview(wanted))
    appointment = checked(AppointmentInput, asked, now=now)
    try:
        made = booker.set_up(
            user.id, new_interview(wanted), appointment, may_call=wanted.may_call, host_zone=user.time_zone
        )
    except ScheduleError as error:
        session.rollback()
        raise api_fault(appointment, error) from error
    return made[0]


def _filled_in(body: Any, session: Session, owner_id: uuid.UUID) -> Any:
    """The body with what its template says where it is silent itself. Raises InvalidInput."""
    if not isinstance(body, dict) or "template_id" not in body:
        return body
    named = checked(FromTemplateInput, {"template_id": body.pop("template_id")}).template_id
    if named is None:
        return body
    try:
        return template_values(TemplateRepository(session).find(named, owner_id)) | body
    except NotFound as error:
        raise InvalidInput({"template_id": str(error)}) from error


def interview_data(interview: Interview, phone_number: str) -> dict[str, Any]:
    """An interview as the API tells it to its owner."""
    return {
        "id": str(interview.id),
        "title": interview.title,
        "role": interview.role,
        "level": interview.level,
        "topics": interview.topics,
        "question_count": interview.question_count,
        "language": interview.language,
        "rubric": interview.rubric,
        "endpoint_policy": interview.endpoint_policy,
        "endpoint_silence_ms": interview.endpoint_silence_ms,
        "endpoint_threshold_dbfs": interview.endpoint_threshold_dbfs,
        "notice_h": interview.notice_h,
        "faq": interview.faq,
        "state": interview.state,
        "pin": interview.pin,
        "pin_expires_at": _text(interview.pin_expires_at),
        "phone_number": phone_number,
        "candidate": {
            "name": interview.candidate.name,
            "phone": interview.candidate.phone,
            "time_zone": interview.candidate.time_zone,
        },
        "scheduled_at": _text(interview.scheduled_at),
        "created_at": _text(interview.created_at),
        "started_at": _text(interview.started_at),
        "ended_at": _text(interview.ended_at),
        "end_reason": interview.end_reason,
    }


def question_data(question: Question, answer: Answer | None, grade: Evaluation | None) -> dict[str, Any]:
    return {
        "order": question.order,
        "question_id": question.bank_id,
        "topic": question.topic,
        "difficulty": question.difficulty,
        "text": question.text,
        "why": question.why,
        "answer": answer
        and {
            "state": answer.state,
            "text": answer.text,
            "start_ms": answer.start_ms,
            "end_ms": answer.end_ms,
            "ended_by": answer.ended_by,
        },
        "evaluation": grade
        and {
            "version": grade.version,
            "grader": grade.grader,
            "rubric": grade.rubric,
            "state": grade.state,
            "score": grade.score,
            "detail": grade.detail,
        },
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
