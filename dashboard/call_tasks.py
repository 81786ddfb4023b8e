"""What users are asked to look after around calls, and where candidates who ask for a person are put through to."""

import uuid
from datetime import time
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from pydantic import Field, field_validator, model_validator
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.schemas import Input, fault
from dashboard.validation import InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import NotFound
from engine.scheduling.phone_numbers import region_of, to_e164
from engine.store.schedule_models import CallTask
from engine.store.tasks import TaskRepository
from engine.store.users import UserRepository
from engine.vocabulary import TaskKind

TASK_WORDS = {
    TaskKind.CALL_BACK: ("Call back", "phone"),
    TaskKind.NOT_CALLED: ("Not called", "triangle-alert"),
    TaskKind.NOT_REACHED: ("Not reached", "calendar-x"),
}


class TransferInput(Input):
    """Where to put candidates through to, and when somebody is there."""

    transfer_phone: str = Field(default="", max_length=40)
    office_opens: time | None = None
    office_closes: time | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_absent(cls, data: Any) -> Any:
        return {name: value for name, value in data.items() if value != ""} if isinstance(data, dict) else data

    @field_validator("office_closes")
    @classmethod
    def _later(cls, value: time | None, info: Any) -> time | None:
        opens = info.data.get("office_opens")
        if (value is None) != (opens is None) or (value is not None and opens is not None and value <= opens):
            raise fault("Give both hours, the second one later than the first; or neither, for any hour.")
        return value


class CallTaskPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def done(self, task_id: uuid.UUID) -> AnyResponse:
        task = TaskRepository(self._database.current()).close(task_id, current_user().id)
        if task is None:
            raise NotFound("There is no such task.")
        self._database.current().commit()
        if request.form.get("back") == "interview":
            return redirect(url_for("interviews.show", interview_id=task.interview_id), 303)
        return redirect(url_for("schedule.agenda"), 303)

    def transfer(self) -> Response:
        user = current_user()
        hours = {
            name: f"{at:%H:%M}" if (at := getattr(user, name)) else "" for name in ("office_opens", "office_closes")
        }
        return self._page({"transfer_phone": user.transfer_phone or "", **hours}, {}, 200)

    def set_transfer(self) -> AnyResponse:
        data = form_data(request.form)
        try:
            wanted = checked(TransferInput, data)
            phone = self._number(wanted.transfer_phone)
        except InvalidInput as error:
            return self._page(data, error.fields, 422)
        UserRepository(self._database.current()).set_transfer(
            current_user().id, phone, wanted.office_opens, wanted.office_closes
        )
        self._database.current().commit()
        return redirect(url_for("accounts.account"), 303)

    def _number(self, written: str) -> str | None:
        """Raises InvalidInput."""
        if not written.strip():
            return None
        try:
            return to_e164(written, region_of(self._settings.phone_number))
        except ValueError as error:
            raise InvalidInput({"transfer_phone": str(error)}) from error

    def _page(self, values: dict[str, Any], errors: dict[str, str], status: int) -> Response:
        return make_response(render_template("accounts/transfer.html", values=values, errors=errors), status)


def open_tasks(database: Database, owner_id: uuid.UUID, interview_id: uuid.UUID | None = None) -> dict[str, Any]:
    """What the part of a page about tasks shows."""
    tasks: list[CallTask] = list(TaskRepository(database.current()).open_of(owner_id, interview_id))
    return {"tasks": tasks, "task_words": TASK_WORDS}


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("call_tasks", __name__)
    views = CallTaskPages(database, settings)
    bp.post("/tasks/<uuid:task_id>/done")(views.done)
    bp.get("/account/transfer")(views.transfer)
    bp.post("/account/transfer")(views.set_transfer)
    return bp
