"""What the last page of the set-up shows: when the call is, what the candidate will hear of it, and what is asked."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dashboard.appointment_schemas import WEEKDAYS, AppointmentInput
from dashboard.appointment_view import TOUCH_WORDS, two_zones
from dashboard.interview_schemas import NewInterviewInput
from dashboard.local_time import moment_text
from engine.dialogue.phrases import greeting
from engine.questions.bank import QuestionBank
from engine.questions.preview import TopicPreview, preview
from engine.scheduling.touches import PlannedTouch, Touch, touch_plan
from engine.scheduling.zones import instant_of
from engine.store.models import User
from engine.store.permissions import PermissionRepository
from engine.vocabulary import Channel
from engine.work.booking import planned_length_min
from engine.work.desk import Desk

_AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Review:
    """Everything about an interview that is about to be set up."""

    length_min: int
    when: tuple[str, ...]
    """In sentences."""
    channels: tuple[str, ...]
    """How the candidate is written to; empty where nobody is."""
    messages: tuple[tuple[str, str], ...]
    """Which messages go out, and when."""
    opening: tuple[str, ...]
    """The first words of the call."""
    topics: tuple[TopicPreview, ...]
    asked: int
    """Questions that the bank can put on these topics."""


def review_of(desk: Desk, user: User, bank: QuestionBank, wanted: NewInterviewInput, when: AppointmentInput) -> Review:
    """Nothing is written for it. Raises ScheduleError for an hour that does not exist."""
    owner_id, viewer_zone = user.id, user.time_zone
    due_at = _due_at(desk, wanted, when)
    channels = _channels(desk, owner_id, wanted)
    topics = preview(bank, wanted.topics, wanted.level, wanted.question_count)
    first_name = wanted.candidate_name.split()[0]
    return Review(
        length_min=planned_length_min(wanted.question_count),
        when=_when(wanted, when, due_at, viewer_zone),
        channels=channels,
        messages=_messages(desk, wanted, when, due_at, viewer_zone) if channels else (),
        opening=greeting(first_name, wanted.role),
        topics=topics,
        asked=sum(topic.count for topic in topics),
    )


def _due_at(desk: Desk, wanted: NewInterviewInput, when: AppointmentInput) -> datetime | None:
    if when.when != "at":
        return None
    zone_name = wanted.candidate_time_zone
    return instant_of(when.local_time(zone_name), desk.zones.rules(zone_name))


def _when(
    wanted: NewInterviewInput, when: AppointmentInput, due_at: datetime | None, viewer_zone: str
) -> tuple[str, ...]:
    if due_at is not None:
        hour = two_zones(due_at, viewer_zone, wanted.candidate_time_zone)
        own = (f"{hour.theirs} on the candidate's clock.",) if hour.theirs else ()
        again = {"daily": "every day", "weekly": "every week"}.get(when.repeat)
        series = (f"The same hour {again}, {when.times} calls in all.",) if again else ()
        return (f"We call at {hour.mine}.", *own, *series)
    if when.when == "window":
        days = ", ".join(WEEKDAYS[day] for day in sorted(set(when.window_days)))
        return (
            f"The candidate picks a slot by link, from {_day(when.window_first)} to {_day(when.window_last)}.",
            f"{days}, {when.window_begins} to {when.window_ends} on your clock ({viewer_zone}).",
        )
    if when.when == "now":
        return ("We call as soon as you confirm.",)
    until = f"until {_day(when.answer_before)}" if when.answer_before else "in the coming 30 days"
    return (f"The candidate calls with the PIN, any time {until}.",)


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b %Y}"


def _channels(desk: Desk, owner_id: uuid.UUID, wanted: NewInterviewInput) -> tuple[str, ...]:
    permissions = PermissionRepository(desk.session)
    phone, email = wanted.candidate_phone, wanted.candidate_email
    is_agreed = wanted.may_call or permissions.of(owner_id, phone) is not None
    open_channels: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("e-mail", lambda: bool(email) and not permissions.is_refused(Channel.EMAIL, email)),
        ("text message", lambda: is_agreed and not permissions.is_refused(Channel.SMS, phone)),
    )
    return tuple(name for name, is_open in open_channels if is_open())


def _messages(
    desk: Desk, wanted: NewInterviewInput, when: AppointmentInput, due_at: datetime | None, viewer_zone: str
) -> tuple[tuple[str, str], ...]:
    planned: list[PlannedTouch] = []
    if due_at is not None:
        planned = touch_plan(desk.now, due_at, 0)
    elif when.when == "window":
        planned = [PlannedTouch(Touch.OFFER, desk.now)]
    elif when.when == "any" and (when.answer_before or wanted.candidate_email):
        planned = [PlannedTouch(Touch.CONFIRMATION, desk.now)]
    return tuple(
        (
            TOUCH_WORDS[item.touch],
            "at once" if item.at < desk.now + _AT_ONCE else moment_text(item.at, viewer_zone),
        )
        for item in planned
    )
