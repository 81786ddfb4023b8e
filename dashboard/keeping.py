"""How long things are kept: an account's own time for recordings, and the hold on a disputed interview."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field, model_validator
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.schemas import Input, Line
from dashboard.validation import InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import NotFound
from engine.store.calls import CallRepository
from engine.store.models import Interview
from engine.store.retention import RetentionRepository
from engine.store.users import UserRepository

_LONGEST_DAYS = 3650


class KeepingInput(Input):
    """An account's own number of days; absent: as long as the installation keeps recordings."""

    recording_days: int | None = Field(default=None, ge=1, le=_LONGEST_DAYS)


class HoldInput(Input):
    """Hold an interview, or let it go."""

    want: Literal["hold", "release"]
    reason: Line = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _says_why(self) -> "HoldInput":
        if self.want == "hold" and not self.reason:
            raise ValueError("reason")
        return self


class KeepingPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def ask(self) -> Response:
        return self._page({"recording_days": current_user().recording_days or ""}, {}, 200)

    def change(self) -> AnyResponse:
        data = form_data(request.form)
        try:
            wanted = checked(KeepingInput, data)
            self._not_longer(wanted.recording_days)
        except InvalidInput as error:
            return self._page(data, error.fields, 422)
        UserRepository(self._database.current()).set_recording_days(current_user().id, wanted.recording_days)
        self._database.current().commit()
        return redirect(url_for("accounts.account"), 303)

    def hold(self, interview_id: uuid.UUID) -> AnyResponse:
        retention = RetentionRepository(self._database.current())
        try:
            wanted = checked(HoldInput, form_data(request.form))
        except InvalidInput:
            text = "Say in a few words why it is held, so that whoever finds it later knows."
            page = render_template("interviews/not_told.html", text=text, interview_id=interview_id)
            return make_response(page, 422)
        if wanted.want == "hold":
            is_mine = retention.hold(interview_id, current_user().id, wanted.reason, datetime.now(UTC))
        else:
            is_mine = retention.release(interview_id, current_user().id)
        if not is_mine:
            raise NotFound("There is no such interview.")
        self._database.current().commit()
        return redirect(url_for("interviews.show", interview_id=interview_id) + "#keeping", 303)

    def _not_longer(self, days: int | None) -> None:
        """Raises InvalidInput."""
        most = self._settings.recording_retention_days
        if days and most and days > most:
            said = f"This server keeps recordings for {most} days. Enter fewer, or leave it empty."
            raise InvalidInput({"recording_days": said})

    def _page(self, values: dict[str, Any], errors: dict[str, str], status: int) -> Response:
        most = self._settings.recording_retention_days
        return make_response(
            render_template("accounts/keeping.html", values=values, errors=errors, most_days=most), status
        )


def keeping_facts(database: Database, settings: Settings, interview: Interview) -> dict[str, Any]:
    """What the pages of an interview say about how long it is kept."""
    recordings = CallRepository(database.current()).recordings_of(interview.id)
    days = [each for each in (settings.recording_retention_days, current_user().recording_days) if each]
    kept = [leg.ended_at or recording.created_at for leg, recording in recordings if recording.removed_at is None]
    words_days = settings.interview_retention_days
    return {
        "has_recording": bool(kept),
        "recording_until": max(kept) + timedelta(days=min(days)) if kept and days else None,
        "recording_removed_at": max(
            (recording.removed_at for _, recording in recordings if recording.removed_at is not None), default=None
        ),
        "words_until": interview.ended_at + timedelta(days=words_days) if interview.ended_at and words_days else None,
    }


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("keeping", __name__)
    views = KeepingPages(database, settings)
    bp.get("/account/keeping")(views.ask)
    bp.post("/account/keeping")(views.change)
    bp.post("/interviews/<uuid:interview_id>/hold")(views.hold)
    return bp
