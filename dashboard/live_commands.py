"""What a user may do to a call that they watch: end it, add time, skip a question, take a break, write a note."""

import uuid

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.api.envelope import json_body, success
from dashboard.database import Database
from dashboard.schemas import CommandInput
from dashboard.validation import InvalidInput, checked, form_data
from engine.errors import Conflict
from engine.store.commands import CommandRepository
from engine.store.interviews import InterviewRepository
from engine.vocabulary import Command

_TOLD = {
    Command.END: "The call is being ended with a kind word.",
    Command.ADD_TIME: "The call may last longer.",
    Command.SKIP: "On to the next question, unless an answer is being closed just now.",
    Command.PAUSE: "A short break, unless the candidate is speaking just now.",
    Command.NOTE: "The note is kept.",
}


class LiveCommands:
    """The same for pages and for the API; any process may be asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def by_form(self, interview_id: uuid.UUID) -> AnyResponse:
        try:
            wanted = self._give(interview_id, checked(CommandInput, form_data(request.form)))
        except InvalidInput as error:
            return self._told(interview_id, " ".join(error.fields.values()), 422)
        except Conflict as error:
            self._database.current().rollback()
            return self._told(interview_id, str(error), 409)
        return self._told(interview_id, _TOLD[wanted.command], 200)

    def by_api(self, interview_id: uuid.UUID) -> Response:
        wanted = self._give(interview_id, checked(CommandInput, json_body()))
        return success({"command": wanted.command.value, "told": _TOLD[wanted.command]})

    def _give(self, interview_id: uuid.UUID, wanted: CommandInput) -> CommandInput:
        session, user = self._database.current(), current_user()
        InterviewRepository(session).find(interview_id, user.id)
        text = str(wanted.minutes) if wanted.command is Command.ADD_TIME else wanted.text.strip()
        CommandRepository(session).give(interview_id, wanted.command, text, user.id)
        session.commit()
        return wanted

    def _told(self, interview_id: uuid.UUID, text: str, status: int) -> AnyResponse:
        if request.headers.get("HX-Request"):
            # htmx shows only what comes with success; what went wrong is to be read in the same place.
            return make_response(render_template("interviews/_told.html", text=text, is_fault=status != 200), 200)
        if status == 200:
            return redirect(url_for("interviews.show", interview_id=interview_id, told="command"), 303)
        return make_response(render_template("interviews/not_told.html", text=text, interview_id=interview_id), status)


def blueprint(database: Database) -> Blueprint:
    bp = Blueprint("live_commands", __name__)
    commands = LiveCommands(database)
    bp.post("/interviews/<uuid:interview_id>/commands")(commands.by_form)
    bp.post("/api/v1/interviews/<uuid:interview_id>/commands")(commands.by_api)
    return bp
