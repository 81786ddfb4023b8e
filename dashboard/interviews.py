"""The pages of interviews: list, set up, detail with its live part, cancel."""

import uuid
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.appointment_schemas import FIELDS, AppointmentInput
from dashboard.appointment_view import appointment_facts, field_at_fault, when_choices
from dashboard.booker import Booker
from dashboard.call_tasks import open_tasks
from dashboard.database import Database
from dashboard.display import LEVELS, ROLES, TOPICS
from dashboard.keeping import keeping_facts
from dashboard.live import FLOORS, STAGES, LiveView, folded
from dashboard.schemas import QUESTION_COUNTS, ListQuery, NewInterviewForm, NewInterviewInput
from dashboard.validation import InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import Conflict, ScheduleError
from engine.evaluation.rubric import DEFAULT_RUBRIC, RUBRICS
from engine.scheduling.phone_numbers import region_of
from engine.store.appointments import AppointmentRepository
from engine.store.calls import CallRepository
from engine.store.commands import CommandRepository
from engine.store.events import EventRepository
from engine.store.interviews import InterviewRepository, NewInterview
from engine.store.models import Interview
from engine.store.reports import ReportRepository
from engine.vocabulary import NO_BREAKS, OUR_FAULTS, InterviewState
from engine.work.question_writing import order_questions

LENGTHS = {3: "3 questions, to try it out", 5: "5 questions", 10: "10 questions", 15: "15 questions"}
_EVENTS_AT_ONCE = 500
_LIVE = (InterviewState.IN_PROGRESS, InterviewState.INTERRUPTED)


def new_interview(wanted: NewInterviewInput) -> NewInterview:
    """What was asked for, as the store takes it; without a title it gets one from role and level."""
    title = wanted.title or f"{wanted.role}, {LEVELS[wanted.level].lower()}"
    return NewInterview(
        title=title,
        role=wanted.role,
        level=wanted.level,
        topics=tuple(wanted.topics),
        question_count=wanted.question_count,
        language=wanted.language,
        rubric=wanted.rubric,
        candidate_name=wanted.candidate_name,
        candidate_phone=wanted.candidate_phone,
        candidate_time_zone=wanted.candidate_time_zone,
        scheduled_at=wanted.scheduled_at,
        candidate_email=wanted.candidate_email or None,
    )


def read_form(data: dict[str, Any], region: str) -> tuple[NewInterviewForm, AppointmentInput]:
    """The two halves of the form for a new interview. Raises InvalidInput with the faults of both."""
    now, faults = datetime.now(UTC), dict[str, str]()
    about = {name: value for name, value in data.items() if name not in FIELDS}
    when = {name: value for name, value in data.items() if name in FIELDS}
    interview: NewInterviewForm | None = None
    appointment: AppointmentInput | None = None
    try:
        interview = checked(NewInterviewForm, {"topics": []} | about, region=region, now=now)
    except InvalidInput as error:
        faults |= error.fields
    try:
        appointment = checked(AppointmentInput, when, now=now)
    except InvalidInput as error:
        faults |= error.fields
    if interview is None or appointment is None:
        raise InvalidInput(faults)
    return interview, appointment


def live_view(events: EventRepository, interview_id: uuid.UUID) -> LiveView:
    """Everything that happened on the line so far."""
    view = LiveView()
    while batch := events.after(interview_id, view.last_id, _EVENTS_AT_ONCE):
        view = folded(batch, view)
    return view


class InterviewPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._region = region_of(settings.phone_number)
        self._booker = Booker(database, settings)

    def _interviews(self) -> InterviewRepository:
        return InterviewRepository(self._database.current())

    def index(self) -> str:
        query = checked(ListQuery, request.args.to_dict())
        page = self._interviews().page(
            current_user().id,
            page=query.page,
            per_page=query.limit,
            state=query.state,
            topic=query.topic,
            text=query.text,
            sort=query.sort,
        )
        reports = ReportRepository(self._database.current())
        scores = {
            row.id: report.score
            for row in page.items
            if row.state == InterviewState.COMPLETED and (report := reports.latest(row.id))
        }
        return render_template("interviews/index.html", page=page, query=query, scores=scores, **_choices())

    def new(self) -> Response:
        zone = current_user().time_zone
        return _form_page({"level": "mid", "question_count": "5", "when": "any", "candidate_time_zone": zone}, {}, 200)

    def create(self) -> AnyResponse:
        data = form_data(request.form, lists=("topics", "window_days"))
        try:
            wanted, appointment = read_form(data, self._region)
        except InvalidInput as error:
            return _form_page(data, error.fields, 422)
        user = current_user()
        try:
            made = self._booker.set_up(
                user.id, new_interview(wanted), appointment, may_call=wanted.may_call, host_zone=user.time_zone
            )
        except ScheduleError as error:
            self._database.current().rollback()
            return _form_page(data, {field_at_fault(appointment, error): str(error)}, 422)
        for interview in made:
            order_questions(self._database.current(), self._settings, interview.id)
        self._database.current().commit()
        if len(made) > 1:
            return redirect(url_for("schedule.agenda"), 303)
        return redirect(url_for("interviews.show", interview_id=made[0].id, made=1), 303)

    def show(self, interview_id: uuid.UUID) -> str:
        interview = self._interviews().find(interview_id, current_user().id)
        made = {"kind": "ok", "text": "The interview is set up. Give the candidate the number and the PIN."}
        told = {"kind": "ok", "text": "Your wish was passed on to the call."}
        notice = made if "made" in request.args else told if "told" in request.args else None
        return render_template("interviews/show.html", notice=notice, **self._detail(interview))

    def live(self, interview_id: uuid.UUID) -> AnyResponse | str:
        """The part of the interview's page that changes with its state, for the page to fetch."""
        interview = self._interviews().find(interview_id, current_user().id)
        if not request.headers.get("HX-Request"):
            return redirect(url_for("interviews.show", interview_id=interview_id))
        if request.args.get("state") == self._stage_of(interview):
            return make_response("", 204)
        return render_template("interviews/_stage.html", **self._detail(interview))

    def ask_to_cancel(self, interview_id: uuid.UUID) -> str:
        interview = self._interviews().find(interview_id, current_user().id)
        return render_template("interviews/cancel.html", interview=interview)

    def cancel(self, interview_id: uuid.UUID) -> AnyResponse:
        interview = self._interviews().find(interview_id, current_user().id)
        try:
            self._booker.cancel(interview_id, current_user().id)
        except Conflict:
            self._database.current().rollback()
            return make_response(render_template("interviews/cancel.html", interview=interview, is_too_late=True), 409)
        self._database.current().commit()
        return redirect(url_for("interviews.show", interview_id=interview_id), 303)

    def _stage_of(self, interview: Interview) -> str:
        """What the changing part of the page depends on: where the interview stands, and whether we are calling."""
        appointment = AppointmentRepository(self._database.current()).of_interview(interview.id)
        return f"{interview.state} {appointment.state}" if appointment else interview.state

    def _detail(self, interview: Interview) -> dict[str, Any]:
        session = self._database.current()
        is_live = interview.state in _LIVE
        return {
            "interview": interview,
            "stage_key": self._stage_of(interview),
            "phone_number": self._settings.phone_number,
            "rubric": RUBRICS.get(interview.rubric, DEFAULT_RUBRIC),
            "calls": CallRepository(session).of_interview(interview.id),
            "report": ReportRepository(session).latest(interview.id),
            "notes": CommandRepository(session).notes_of(interview.id),
            "live": live_view(EventRepository(session), interview.id) if is_live else None,
            "stages": STAGES,
            "our_faults": OUR_FAULTS,
            "no_breaks": NO_BREAKS,
            "floors": FLOORS,
            **appointment_facts(self._booker, self._settings, interview),
            **keeping_facts(self._database, self._settings, interview),
            **open_tasks(self._database, interview.owner_id, interview.id),
            "back": "interview",
        }


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("interviews", __name__, url_prefix="/interviews")
    views = InterviewPages(database, settings)
    bp.get("")(views.index)
    bp.get("/new")(views.new)
    bp.post("/new")(views.create)
    bp.get("/<uuid:interview_id>")(views.show)
    bp.get("/<uuid:interview_id>/live")(views.live)
    bp.get("/<uuid:interview_id>/cancel")(views.ask_to_cancel)
    bp.post("/<uuid:interview_id>/cancel")(views.cancel)
    return bp


def _choices() -> dict[str, Any]:
    return {"topics": TOPICS, "levels": LEVELS, "states": list(InterviewState)}


def _form_page(values: dict[str, Any], errors: dict[str, str], status: int) -> Response:
    page = render_template(
        "interviews/new.html",
        values=values,
        errors=errors,
        lengths={count: LENGTHS[count] for count in QUESTION_COUNTS},
        rubrics=RUBRICS,
        roles=ROLES,
        **when_choices(),
        **_choices(),
    )
    return make_response(page, status)
