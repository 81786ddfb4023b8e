"""Setting an interview up, step by step: each step is a page of its own, and what was typed is kept as a draft.

Works without scripts: each form is sent, checked and answered by a redirect to the next page.
"""

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.database import Database
from dashboard.new_interviews import template_values
from dashboard.setup_choices import PRESETS
from dashboard.setup_confirmation import ConfirmationPages
from dashboard.setup_desk import SetupDesk, to_step
from dashboard.setup_steps import REVIEW, STEPS, faults_of, first_faulty, merged, of_step, step_of, typed_in
from engine.config import Settings
from engine.errors import NotFound
from engine.questions.bank import QuestionBank

_TIME = REVIEW - 1
_MORE_ROWS = 4


class SetupPages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, desk: SetupDesk) -> None:
        self._desk = desk

    def new(self) -> Response:
        return self._desk.page(None, 0, self._basis(request.args.get("from", "")), {})

    def begin(self) -> AnyResponse:
        """The first step sent: from here on there is a draft."""
        entered = typed_in(request.form)
        typed = merged(self._basis(request.form.get("from", "")), STEPS[0], entered)
        is_left = request.form.get("go") == "leave"
        if not is_left and (faults := faults_of(STEPS[0], entered, self._desk.region)):
            return self._desk.page(None, 0, typed, faults, 422)
        typed.pop("from", None)
        draft = self._desk.drafts().begin(current_user().id, typed, reached=0 if is_left else 1)
        self._desk.database.current().commit()
        return _left("kept") if is_left else to_step(draft.id, 1)

    def go_on(self, draft_id: uuid.UUID) -> AnyResponse:
        """Where somebody who comes back finds the draft: at the step that waits."""
        draft = self._desk.find(draft_id)
        waiting = min(draft.reached, first_faulty(draft.typed, self._desk.region))
        return self._desk.elsewhere(draft, 0) or to_step(draft.id, waiting)

    def step(self, draft_id: uuid.UUID, place: int) -> AnyResponse:
        draft = self._desk.find(draft_id)
        entered = of_step(STEPS[place], draft.typed)
        faults = faults_of(STEPS[place], entered, self._desk.region) if "check" in request.args else {}
        return self._desk.elsewhere(draft, place) or self._desk.page(draft, place, draft.typed, faults)

    def save(self, draft_id: uuid.UUID, place: int) -> AnyResponse:
        """Keep what was typed, whatever it is; only what is sound leads on."""
        draft, desk = self._desk.find(draft_id), self._desk
        if away := desk.elsewhere(draft, place):
            return away
        entered, go = typed_in(request.form), request.form.get("go", "next")
        typed = merged(draft.typed, STEPS[place], entered)
        desk.keep(draft, typed)
        if go == "leave":
            return _left("kept")
        if go == "back" and place:
            return to_step(draft.id, place - 1)
        if go == "rows":
            return to_step(draft.id, place, rows=len(entered.get("faq", ())) + _MORE_ROWS, _anchor="faq")
        faults = faults_of(STEPS[place], entered, desk.region)
        if not faults and place == _TIME:
            faults = desk.tried_out(typed)
        if faults and (earlier := min(step_of(field) for field in faults)) < place:
            return to_step(draft.id, earlier, check=1)
        if faults:
            return desk.page(draft, place, {**typed, **entered}, faults, 422)
        following = place + 1 if draft.reached < REVIEW else REVIEW
        desk.keep(draft, typed, reached=following)
        return to_step(draft.id, following)

    def discard(self, draft_id: uuid.UUID) -> AnyResponse:
        draft = self._desk.find(draft_id)
        if away := self._desk.elsewhere(draft, 0):
            return away
        self._desk.drafts().discard(draft_id, current_user().id)
        self._desk.database.current().commit()
        return _left("discarded")

    def _basis(self, name: str) -> dict[str, Any]:
        """What a preset or a template of the user's own fills in, and its name. Raises NotFound."""
        if not name:
            return {}
        if name in PRESETS:
            return {"from": name, **PRESETS[name].values}
        try:
            template_id = uuid.UUID(name)
        except ValueError as error:
            raise NotFound("There is no such template.") from error
        return {"from": name} | template_values(self._desk.templates().find(template_id, current_user().id))


def _left(what: str) -> AnyResponse:
    return redirect(url_for("interviews.index", draft=what), 303)


def blueprint(database: Database, settings: Settings, bank: QuestionBank) -> Blueprint:
    bp = Blueprint("setup", __name__, url_prefix="/interviews")
    desk = SetupDesk(database, settings)
    views, confirmation = SetupPages(desk), ConfirmationPages(desk, settings, bank)
    bp.get("/new")(views.new)
    bp.post("/new")(views.begin)
    draft = "/drafts/<uuid:draft_id>"
    bp.get(draft)(views.go_on)
    for place, step in enumerate(STEPS):
        where = {"place": place}
        bp.add_url_rule(f"{draft}/{step.key}", "step", views.step, methods=["GET"], defaults=where)
        bp.add_url_rule(f"{draft}/{step.key}", "save", views.save, methods=["POST"], defaults=where)
    bp.post(f"{draft}/discard")(views.discard)
    bp.get(f"{draft}/review")(confirmation.review)
    bp.post(f"{draft}/review")(confirmation.confirm)
    bp.post(f"{draft}/template")(confirmation.keep_as_template)
    return bp
