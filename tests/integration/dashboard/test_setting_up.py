"""Setting an interview up in steps, without scripts: drafts, the way back, the review and the confirmation."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.store.drafts import MOST_DRAFTS, DraftRepository
from engine.store.models import Interview, InterviewDraft, User
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.work.jobs import KEEP_DRAFTS, tidy_up
from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.setting_up import part, set_up, walk
from tests.integration.dashboard.test_idempotency import at_once
from tests.integration.dashboard.test_interview_pages import FORM
from tests.integration.dashboard.test_schedule_pages import BOOKED, ahead


def count(sessions: sessionmaker[Session], table: type[Interview] | type[InterviewDraft]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def begun(person: Person) -> str:
    """The address of a new draft's second step."""
    return str(person.client.submit("/interviews/new", part(FORM, "position")).location)


def test_each_step_says_where_one_is_and_the_review_shows_everything(ada: Person) -> None:
    assert 'aria-current="step"><span>Role and topics' in ada.client.page("/interviews/new")
    place = begun(ada)
    for number, step, title in (
        (2, "conduct", "Length and grading"),
        (3, "candidate", "Candidate"),
        (4, "time", "Time"),
    ):
        page = ada.client.page(place)
        assert f"step {number} of 5" in page
        assert f'aria-current="step"><span>{title}' in page
        place = str(ada.client.submit(place, part(BOOKED, step)).location)
    review = ada.client.page(place)
    for shown in (
        *("step 5 of 5", "Senior", "10 questions, about 43 min", "Grace Hopper", "+1 202-555-0143", "14:30 E"),
        *("By e-mail and text message", "Confirmation", "Hello Grace. I am Vivavoce, an AI interviewer"),
    ):
        assert shown in review, shown
    for start, checked in (("quick", "5"), ("full", "15")):
        response = ada.client.submit(f"/interviews/new?from={start}", part(FORM, "position") | {"from": start})
        assert f'value="{checked}" checked' in ada.client.page(response.location), "presets fill in the length"
    assert ada.client.get("/interviews/new?from=nothing").status_code == 404


def test_back_and_leaving_keep_what_was_typed_even_what_is_wrong(ada: Person) -> None:
    candidate = str(ada.client.submit(begun(ada), part(FORM, "conduct")).location)
    half = {"candidate_name": "Grace", "candidate_phone": "12"}
    back = ada.client.submit(candidate, half | {"go": "back"})
    assert back.location.endswith("/conduct")
    assert 'value="12"' in ada.client.page(candidate)
    assert ada.client.submit(candidate, half).status_code == 422
    assert 'value="12"' in ada.client.page(candidate), "what was refused is still there after a reload"
    assert ada.client.submit(candidate, {"candidate_name": "Grace H.", "go": "leave"}).status_code == 303
    for page in ("/overview", "/interviews", "/interviews/new"):
        assert "Backend engineer, for Grace H." in ada.client.page(page), page
    draft = candidate.rpartition("/")[0]
    assert ada.client.get(draft).location == candidate
    assert ada.client.get(f"{draft}/review").location == candidate, "nobody gets ahead of what is still to be said"


def test_a_step_is_changed_from_the_review_and_leads_back_to_it(ada: Person) -> None:
    review = str(walk(ada.client, FORM).location)
    change = re.findall(r'href="(/interviews/drafts/[^"]+/position)"', ada.client.page(review))[0]
    assert "Save, and back to the review" in ada.client.page(change)
    assert "How many calls" in ada.client.page(change.replace("position", "time")), (
        "a change of the draft, not of a call"
    )
    wrong = ada.client.submit(change, part(FORM, "position") | {"topics": []})
    assert (wrong.status_code, "Choose at least one" in wrong.text) == (422, True)
    assert ada.client.get(review).location == change + "?check=1", "what became wrong since is asked for again"
    assert "Choose at least one" in ada.client.page(change + "?check=1")
    assert ada.client.submit(change, part(FORM, "position") | {"role": "Data engineer"}).location == review
    assert "Data engineer" in ada.client.page(review)


def test_a_draft_becomes_one_interview_however_often_it_is_confirmed(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    review = str(walk(ada.client, FORM).location)
    token = {"csrf_token": ada.client.csrf(review)}
    answers = at_once(3, lambda: ada.client.post(review, data=token))
    answers.append(ada.client.post(review, data=token))
    assert {(answer.status_code, answer.location) for answer in answers} == {(303, answers[0].location)}
    assert count(sessions, Interview) == 1
    for address in (review, review.replace("review", "candidate"), review.rpartition("/")[0]):
        assert ada.client.get(address).location == answers[0].location
    assert "Go on" not in ada.client.page("/interviews")
    with sessions() as session:
        assert session.scalars(select(InterviewDraft.typed)).one() == {}, "the candidate's data lie in one place"


def test_an_hour_that_was_taken_meanwhile_leads_back_to_the_time_and_nothing_is_lost(
    ada: Person, people: Callable[[str], Person], sessions: sessionmaker[Session]
) -> None:
    review = str(walk(ada.client, BOOKED).location)
    assert set_up(people("bob").client, BOOKED).status_code == 303
    refused = ada.client.submit(review, {})
    assert refused.status_code == 422
    assert "by somebody else at that time" in refused.text
    assert "step 4 of 5" in refused.text
    assert f'value="{ahead(5)}"' in refused.text
    time = review.replace("review", "time")
    later = part(BOOKED, "time") | {"scheduled_local": ahead(6), "which": "second"}
    assert ada.client.submit(time, later).location == review
    assert 'value="second" checked' in ada.client.page(time), "which of the two hours was meant is not asked twice"
    assert ada.client.submit(review, {}).status_code == 303
    assert count(sessions, Interview) == 2


def test_drafts_of_others_do_not_exist(ada: Person, people: Callable[[str], Person]) -> None:
    review = str(walk(ada.client, FORM).location)
    stranger, draft = people("eve").client, review.rpartition("/")[0]
    for path in (draft, review, f"{draft}/position", f"{draft}/time"):
        assert stranger.get(path).status_code == 404
    for path in (review, f"{draft}/position", f"{draft}/template", f"{draft}/discard"):
        assert stranger.submit(path, FORM, form_on="/interviews/new").status_code == 404
    assert "Grace Hopper" not in stranger.page("/interviews")
    assert "Grace Hopper" in ada.client.page(review)


def test_a_draft_can_be_discarded_and_those_left_alone_go_by_themselves(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    draft = begun(ada).rpartition("/")[0]
    gone = ada.client.submit(f"{draft}/discard", {}, form_on="/interviews")
    assert "The draft is discarded" in ada.client.page(gone.location)
    assert ada.client.get(draft).status_code == 404
    begun(ada)
    now = datetime.now(UTC)
    tidy_up(sessions, now + KEEP_DRAFTS - timedelta(hours=1))
    assert count(sessions, InterviewDraft) == 1
    tidy_up(sessions, now + KEEP_DRAFTS + timedelta(hours=1))
    assert count(sessions, InterviewDraft) == 0


def test_what_cannot_be_stored_does_no_harm_and_a_crowd_of_drafts_makes_room_at_its_end(
    ada: Person, sessions: sessionmaker[Session]
) -> None:
    place = begun(ada)
    odd = {"rubric": "a\0b", "question_count": "9" * 100_000, "faq_question": ["x"] * 50, "faq_answer": ["y"] * 50}
    assert ada.client.submit(place, odd | {"go": "leave"}).status_code == 303
    assert ada.client.submit(place, odd).status_code == 422
    assert ada.client.get(f"/interviews/drafts/{uuid.uuid4()}/conduct").status_code == 404
    with sessions.begin() as session:
        session.execute(delete(InterviewDraft))
        drafts = DraftRepository(session)
        for number in range(MOST_DRAFTS):
            made = drafts.begin(ada.id, {"role": f"Role {number:02}"})
            moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
            session.execute(update(InterviewDraft).where(InterviewDraft.id == made.id).values(updated_at=moment))
    begun(ada)
    page = ada.client.page("/interviews/new")
    assert count(sessions, InterviewDraft) == MOST_DRAFTS
    assert ("Role 00" in page, "Role 01" in page) == (False, True)


def test_practice_starts_from_the_overview_with_a_pin_or_a_call(ada: Person, sessions: sessionmaker[Session]) -> None:
    form = {"topic": "python", "level": "junior", "question_count": "3", "phone": "+49 30 901820", "keep": "yes"}
    made = ada.client.submit("/overview", form | {"how": "pin"})
    page = ada.client.page(made.location)
    key = re.findall(r'name="form_key" value="([^"]+)"', ada.client.page("/overview"))[-1]
    twice = [ada.client.submit("/overview", form | {"how": "pin", "form_key": key}).location for _ in range(2)]
    assert twice[0] == twice[1] != made.location, "the same button, pressed twice"
    assert "Practice: Python, junior" in page
    assert "Enter this PIN" in page
    assert 'value="+49 30 901820" autocomplete="tel"' in ada.client.page("/overview")
    del form["keep"]
    wrong = ada.client.submit("/overview", form | {"phone": "12", "how": "call"})
    assert (wrong.status_code, 'href="#phone"' in wrong.text) == (422, True)
    assert ada.client.submit("/overview", form | {"how": "pin"}).status_code == 303
    assert "+49 30 901820" not in ada.client.page("/overview").partition("Practise yourself")[2]
    offset = datetime.now(UTC).hour - 12
    with sessions.begin() as session:  # where it is noon, telephones may ring
        noon = {"time_zone": f"Etc/GMT{offset:+d}"}
        session.execute(update(User).where(User.id == ada.id).values(**noon))
    us = {"phone": "+1 202 555 0143", "how": "call"}
    assert ada.client.submit("/overview", form | us).status_code == 303
    with sessions() as session:
        called = session.scalars(select(Appointment)).one()
        permission = PermissionRepository(session).of(ada.id, "+12025550143")
    assert (called.kind, called.state) == ("now", "booked")
    assert permission is not None
    assert permission.basis == "own_number"
