"""The report of an interview: its page and the recording that its quotes play."""

import uuid
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.keeping import keeping_facts
from dashboard.recording import recording_response
from dashboard.reply_chart import STEPS, reply_chart
from dashboard.report_cost import costs_of
from dashboard.report_view import (
    calls_in_order,
    duration_of,
    figures_of,
    grade_look,
    scale_steps,
    score_look,
    shown_words,
)
from dashboard.schemas import RecordingQuery
from dashboard.validation import checked
from engine.config import Settings
from engine.errors import NotFound
from engine.pricing import PriceTable
from engine.store.calls import CallRepository
from engine.store.interviews import InterviewRepository
from engine.store.models import Interview, Recording, Report
from engine.store.reports import ReportRepository
from engine.vocabulary import InterviewState

_NOT_YET = (InterviewState.SCHEDULED, InterviewState.IN_PROGRESS, InterviewState.INTERRUPTED, InterviewState.EVALUATING)


def blueprint(database: Database, settings: Settings, prices: PriceTable) -> Blueprint:
    bp = Blueprint("report", __name__, url_prefix="/interviews/<uuid:interview_id>")

    def owned(interview_id: uuid.UUID) -> Interview:
        return InterviewRepository(database.current()).find(interview_id, current_user().id)

    @bp.get("/report")
    def show(interview_id: uuid.UUID) -> AnyResponse | str:
        interview = owned(interview_id)
        report = ReportRepository(database.current()).latest(interview_id)
        is_asking = bool(request.headers.get("HX-Request"))
        if report is None:
            if is_asking:
                return make_response("", 204)
            return render_template("report/waiting.html", interview=interview, is_coming=interview.state in _NOT_YET)
        if is_asking:
            # The page that waits is told to load itself anew: the whole page changes, not a part of it.
            return Response(status=200, headers={"HX-Refresh": "true"})
        return render_template("report/show.html", **_shown(interview, report))

    @bp.get("/recording.wav")
    def recording(interview_id: uuid.UUID) -> Response:
        owned(interview_id)
        query = checked(RecordingQuery, request.args.to_dict())
        found = _recordings(interview_id)
        chosen = found.get(query.call) if query.call else next(reversed(found.values()), None)
        if chosen is None:
            raise NotFound("There is no recording of this call, or its time is over and it was removed.")
        return recording_response(settings.recordings_dir, chosen.path)

    def _recordings(interview_id: uuid.UUID) -> dict[uuid.UUID, Recording]:
        """The recordings of the interview's calls that were not removed, oldest call first."""
        found = CallRepository(database.current()).recordings_of(interview_id)
        return {leg.id: recording for leg, recording in found if recording.removed_at is None}

    def _shown(interview: Interview, report: Report) -> dict[str, Any]:
        body = report.body
        recorded = {str(call_id): row for call_id, row in _recordings(interview.id).items()}
        playable = [call_id for call_id in calls_in_order(body) if call_id in recorded] or list(recorded)
        return {
            "interview": interview,
            "report": report,
            "body": body,
            "words": {question["order"]: shown_words(question) for question in body["questions"]},
            "look_of": grade_look,
            "look": score_look,
            "steps": scale_steps(),
            "lasted": duration_of(body["facts"]),
            "quality": figures_of(body.get("line_quality") or {}),
            "replies": reply_chart(body.get("reply_timings") or ()),
            "reply_steps": STEPS,
            "playable": playable,
            "recorded": recorded,
            **keeping_facts(database, settings, interview),
            "costs": costs_of(database.current(), interview, prices, settings),
        }

    return bp
