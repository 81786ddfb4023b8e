"""/api/v1/templates: what interviews of one kind have in common."""

import uuid
from typing import Any

from flask import Blueprint, Response

from dashboard.access import current_user
from dashboard.api.envelope import json_body, success
from dashboard.database import Database
from dashboard.interview_schemas import TemplateInput
from dashboard.new_interviews import CONTENT_FIELDS, template_content
from dashboard.validation import checked
from engine.store.models import InterviewTemplate
from engine.store.templates import TemplateContent, TemplateRepository


def blueprint(database: Database) -> Blueprint:
    bp = Blueprint("api_templates", __name__, url_prefix="/api/v1/templates")

    def templates() -> TemplateRepository:
        return TemplateRepository(database.current())

    @bp.get("")
    def index() -> Response:
        return success([template_data(each) for each in templates().of_owner(current_user().id)])

    @bp.post("")
    def create() -> Response:
        made = templates().add(current_user().id, _wanted())
        database.current().commit()
        return success(template_data(made), 201)

    @bp.get("/<uuid:template_id>")
    def show(template_id: uuid.UUID) -> Response:
        return success(template_data(templates().find(template_id, current_user().id)))

    @bp.put("/<uuid:template_id>")
    def replace(template_id: uuid.UUID) -> Response:
        changed = templates().replace(template_id, current_user().id, _wanted())
        database.current().commit()
        return success(template_data(changed))

    @bp.delete("/<uuid:template_id>")
    def delete(template_id: uuid.UUID) -> Response:
        templates().delete(template_id, current_user().id)
        database.current().commit()
        return success({"deleted": True})

    return bp


def _wanted() -> TemplateContent:
    return template_content(checked(TemplateInput, json_body()))


def template_data(template: InterviewTemplate) -> dict[str, Any]:
    """A template as the API tells it to its owner."""
    content = {name: getattr(template, name) for name in sorted(CONTENT_FIELDS)}
    return {
        "id": str(template.id),
        "name": template.name,
        **content,
        "created_at": template.created_at.isoformat(),
        "updated_at": template.updated_at.isoformat(),
    }
