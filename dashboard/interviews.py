"""The pages of interviews: list, detail with its live part, cancel."""

import uuid
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.appointment_view import appointment_facts
from dashboard.booker import Booker
from dashboard.call_tasks import open_tasks
from dashboard.database import Database
from dashboard.display import TOPICS
from dashboard.keeping import keeping_facts
from dashboard.live import FLOORS, STAGES, LiveView, folded
from dashboard.schemas import ListQuery
from dashboard.validation import checked
from engine.config import Settings
from engine.errors import Conflict
from engine.evaluation.rubric import DEFAULT_RUBRIC, RUBRICS
from engine.store.appointments import AppointmentRepository
from engine.store.calls import CallRepository
from engine.store.commands import CommandRepository
from engine.store.drafts import DraftRepository
from engine.store.events import EventRepository
from engine.store.interviews import InterviewRepository
from engine.store.models import Interview
from engine.store.reports import ReportRepository
from engine.vocabulary import BAD_LINES, NO_BREAKS, OUR_FAULTS, InterviewState

_DRAFT_NEWS = {
    "kept": {"kind": "ok", "text": "The draft is kept for two weeks. Go on with it whenever it suits."},
    "discarded": {"kind": "ok", "text": "The draft is discarded."},
}
_EVENTS_AT_ONCE = 500
_LIVE = (InterviewState.IN_PROGRESS, InterviewState.INTERRUPTED)


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
        self._booker = Booker(database, settings)

    def _interviews(self) -> InterviewRepository:
        return InterviewRepository(self._database.current())

    def index(self) -> str:
        asked = request.args.to_dict()
        news = asked.pop("draft", "")
        query = checked(ListQuery, asked)
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
        return render_template(
            "interviews/index.html",
            page=page,
            query=query,
            scores=scores,
            drafts=DraftRepository(self._database.current()).open_of(current_user().id),
            notice=_DRAFT_NEWS.get(news),
            topics=TOPICS,
            states=list(InterviewState),
        )

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
            "bad_lines": BAD_LINES,
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
    bp.get("/<uuid:interview_id>")(views.show)
    bp.get("/<uuid:interview_id>/live")(views.live)
    bp.get("/<uuid:interview_id>/cancel")(views.ask_to_cancel)
    bp.post("/<uuid:interview_id>/cancel")(views.cancel)
    return bp
