"""The last page of the set-up: everything at a glance, the confirmation, and keeping it as a template."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.interview_schemas import TemplateInput
from dashboard.new_interviews import CONTENT_FIELDS, read_form, template_content
from dashboard.setup_choices import content_choices
from dashboard.setup_desk import SetupDesk, to_step
from dashboard.setup_review import review_of
from dashboard.setup_steps import REVIEW, STEPS, TITLES
from dashboard.validation import InvalidInput, checked, form_data
from engine.config import Settings
from engine.errors import Conflict, ScheduleError
from engine.questions.bank import QuestionBank
from engine.store.models import InterviewDraft
from engine.work.question_writing import order_questions

_KEPT = {"kind": "ok", "text": "The template is saved. It waits for your next interview."}


class ConfirmationPages:
    """Views under the addresses that setup_pages gives them."""

    def __init__(self, desk: SetupDesk, settings: Settings, bank: QuestionBank) -> None:
        self._desk = desk
        self._settings = settings
        self._bank = bank

    def review(self, draft_id: uuid.UUID) -> AnyResponse:
        draft = self._desk.find(draft_id)
        return self._desk.elsewhere(draft, REVIEW) or self._page(draft, {}, {})

    def confirm(self, draft_id: uuid.UUID) -> AnyResponse:
        """Make the interview, once: the draft is used up in the same transaction."""
        session, drafts = self._desk.database.current(), self._desk.drafts()
        typed = drafts.use_up(draft_id, current_user().id, datetime.now(UTC))
        if typed is None:  # somebody confirmed it before: the same button, pressed twice
            return self._desk.elsewhere(self._desk.find(draft_id), REVIEW) or to_step(draft_id, REVIEW)
        try:
            made = self._desk.set_up(typed)
        except InvalidInput as error:
            session.rollback()
            return self._desk.page_at_fault(draft_id, error.fields)
        for interview in made:
            order_questions(session, self._settings, interview.id)
        drafts.became(draft_id, made[0].id)
        session.commit()
        if len(made) > 1:
            return redirect(url_for("schedule.agenda"), 303)
        return redirect(url_for("interviews.show", interview_id=made[0].id, made=1), 303)

    def keep_as_template(self, draft_id: uuid.UUID) -> AnyResponse:
        """What the draft says about the interview, without candidate and hour, under a name."""
        draft = self._desk.find(draft_id)
        if away := self._desk.elsewhere(draft, REVIEW):
            return away
        name = form_data(request.form)
        content = {key: value for key, value in draft.typed.items() if key in CONTENT_FIELDS}
        try:
            wanted = checked(TemplateInput, content | name)
            self._desk.templates().add(current_user().id, template_content(wanted))
        except InvalidInput as error:
            return self._page(draft, name, error.fields, 422)
        except Conflict as error:
            return self._page(draft, name, {"name": str(error)}, 409)
        self._desk.database.current().commit()
        return to_step(draft.id, REVIEW, kept=1)

    def _page(
        self, draft: InterviewDraft, template: Mapping[str, Any], errors: Mapping[str, str], status: int = 200
    ) -> AnyResponse:
        wanted, appointment = read_form(draft.typed, self._desk.region)
        try:
            review = review_of(self._desk.booker.desk(), current_user(), self._bank, wanted, appointment)
        except ScheduleError as error:  # the rules of the zones have changed since: the clocks skip this hour
            return self._desk.page_at_fault(draft.id, {"scheduled_local": str(error)})
        page = render_template(
            "setup/review.html",
            draft=draft,
            wanted=wanted,
            appointment=appointment,
            review=review,
            writes_questions=self._settings.clouds.has_openai,
            steps=STEPS,
            titles=TITLES,
            place=REVIEW,
            values=template,
            errors=errors,
            notice=_KEPT if "kept" in request.args else None,
            **content_choices(),
        )
        return make_response(page, status)
