"""The pages of templates: a user's own beginnings of interviews."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.interview_schemas import TemplateInput
from dashboard.new_interviews import template_content, template_values
from dashboard.setup_choices import content_choices
from dashboard.setup_steps import typed_in
from dashboard.validation import InvalidInput, checked
from engine.errors import Conflict
from engine.store.models import InterviewTemplate
from engine.store.templates import TemplateRepository

_MORE_ROWS = 4
_DONE = {
    "saved": {"kind": "ok", "text": "The template is saved."},
    "deleted": {"kind": "ok", "text": "The template is deleted. Interviews that were set up with it stay as they are."},
}


class TemplatePages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def index(self) -> str:
        templates = self._templates().of_owner(current_user().id)
        notice = _DONE.get(request.args.get("done", ""))
        return render_template("templates/index.html", templates=templates, notice=notice)

    def new(self) -> Response:
        return _form(None, {"level": "mid", "question_count": "5"}, {})

    def create(self) -> AnyResponse:
        return self._save(None)

    def edit(self, template_id: uuid.UUID) -> Response:
        template = self._templates().find(template_id, current_user().id)
        return _form(template, {"name": template.name, **template_values(template)}, {})

    def change(self, template_id: uuid.UUID) -> AnyResponse:
        return self._save(self._templates().find(template_id, current_user().id))

    def ask_to_delete(self, template_id: uuid.UUID) -> str:
        template = self._templates().find(template_id, current_user().id)
        return render_template("templates/delete.html", template=template)

    def delete(self, template_id: uuid.UUID) -> AnyResponse:
        self._templates().delete(template_id, current_user().id)
        self._database.current().commit()
        return redirect(url_for("templates.index", done="deleted"), 303)

    def _save(self, template: InterviewTemplate | None) -> AnyResponse:
        entered = typed_in(request.form)
        if request.form.get("go") == "rows":  # nothing is kept yet, so the page comes back as it was, with more room
            return _form(template, entered, {}, rows=len(entered.get("faq", ())) + _MORE_ROWS)
        try:
            content = template_content(checked(TemplateInput, entered))
            if template is None:
                self._templates().add(current_user().id, content)
            else:
                self._templates().replace(template.id, current_user().id, content)
        except InvalidInput as error:
            return _form(template, entered, error.fields, status=422)
        except Conflict as error:
            return _form(template, entered, {"name": str(error)}, status=409)
        self._database.current().commit()
        return redirect(url_for("templates.index", done="saved"), 303)

    def _templates(self) -> TemplateRepository:
        return TemplateRepository(self._database.current())


def _form(
    template: InterviewTemplate | None,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    rows: int = 0,
    status: int = 200,
) -> Response:
    page = render_template(
        "templates/form.html", template=template, values=values, errors=errors, rows=rows, **content_choices()
    )
    return make_response(page, status)


def blueprint(database: Database) -> Blueprint:
    bp = Blueprint("templates", __name__, url_prefix="/templates")
    views = TemplatePages(database)
    bp.get("")(views.index)
    bp.get("/new")(views.new)
    bp.post("/new")(views.create)
    bp.get("/<uuid:template_id>")(views.edit)
    bp.post("/<uuid:template_id>")(views.change)
    bp.get("/<uuid:template_id>/delete")(views.ask_to_delete)
    bp.post("/<uuid:template_id>/delete")(views.delete)
    return bp
