"""What the pages of the set-up have in common: drafts, bookings on trial and in earnest, and the page of a step."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import current_user
from dashboard.appointment_view import field_at_fault, when_choices
from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.new_interviews import new_interview, read_form
from dashboard.setup_choices import PRESETS, content_choices
from dashboard.setup_steps import REVIEW, STEPS, TITLES, first_faulty, step_of
from dashboard.validation import InvalidInput
from engine.config import Settings
from engine.errors import ScheduleError
from engine.scheduling.phone_numbers import region_of
from engine.store.drafts import DraftRepository
from engine.store.models import Interview, InterviewDraft
from engine.store.templates import TemplateRepository

_CANDIDATE = 2


class SetupDesk:
    """Acts for the signed-in user within the request."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.region = region_of(settings.phone_number)
        self.booker = Booker(database, settings)

    def drafts(self) -> DraftRepository:
        return DraftRepository(self.database.current())

    def templates(self) -> TemplateRepository:
        return TemplateRepository(self.database.current())

    def find(self, draft_id: uuid.UUID) -> InterviewDraft:
        """The user's draft. Raises NotFound."""
        return self.drafts().find(draft_id, current_user().id)

    def keep(self, draft: InterviewDraft, typed: Mapping[str, Any], *, reached: int = 0) -> None:
        """Note what was typed, for good."""
        self.drafts().keep(draft, typed, reached=reached)
        self.database.current().commit()

    def set_up(self, typed: Mapping[str, Any]) -> list[Interview]:
        """The interview, or the series, that a draft asks for. Raises InvalidInput, also for what cannot be booked."""
        wanted, appointment = read_form(typed, self.region)
        user = current_user()
        try:
            return self.booker.set_up(
                user.id, new_interview(wanted), appointment, may_call=wanted.may_call, host_zone=user.time_zone
            )
        except ScheduleError as error:
            raise InvalidInput({field_at_fault(appointment, error): str(error)}) from error

    def tried_out(self, typed: Mapping[str, Any]) -> dict[str, str]:
        """What speaks against the booking as things stand, found by making it and taking it back."""
        try:
            self.set_up(typed)
        except InvalidInput as error:
            return error.fields
        finally:
            self.database.current().rollback()
        return {}

    def elsewhere(self, draft: InterviewDraft, place: int) -> AnyResponse | None:
        """Where to go instead: to the interview that the draft became, or to the step that comes first."""
        if draft.interview_id is not None:
            return redirect(url_for("interviews.show", interview_id=draft.interview_id, made=1), 303)
        if place > draft.reached:
            return to_step(draft.id, draft.reached)
        faulty = first_faulty(draft.typed, self.region) if place == REVIEW else REVIEW
        return to_step(draft.id, faulty, check=1) if faulty < REVIEW else None

    def page(
        self,
        draft: InterviewDraft | None,
        place: int,
        values: Mapping[str, Any],
        errors: Mapping[str, str],
        status: int = 200,
    ) -> Response:
        """The page of a step. draft: None on the first page of all, which also says where to begin."""
        user = current_user()
        usual = {"level": "mid", "question_count": "5", "when": "any", "candidate_time_zone": user.time_zone}
        page = render_template(
            "setup/step.html",
            draft=draft,
            step=STEPS[place],
            place=place,
            titles=TITLES,
            is_reviewed=draft is not None and draft.reached == REVIEW,
            values={**usual, **values},
            errors=errors,
            presets=PRESETS,
            templates=self.templates().of_owner(user.id) if draft is None else [],
            drafts=self.drafts().open_of(user.id) if draft is None else [],
            rows=request.args.get("rows", 0, type=int),
            **content_choices(),
            **(when_choices() if place >= _CANDIDATE else {}),
        )
        return make_response(page, status)

    def page_at_fault(self, draft_id: uuid.UUID, faults: Mapping[str, str]) -> Response:
        """The first step that can mend it, with what is the matter; the draft is as it was."""
        draft = self.find(draft_id)
        place = min(step_of(field) for field in faults)
        shown = {field: said for field, said in faults.items() if step_of(field) == place}
        return self.page(draft, place, draft.typed, shown, 422)


def to_step(draft_id: uuid.UUID, place: int, **more: Any) -> AnyResponse:
    """Off to a step, or to the review behind them; more: what its address says besides."""
    if place >= REVIEW:
        return redirect(url_for("setup.review", draft_id=draft_id, **more), 303)
    return redirect(url_for("setup.step", draft_id=draft_id, place=place, **more), 303)
