"""When to ring again after a call that reached nobody."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from engine.scheduling.calling_hours import CallingHours, next_calling_hour
from engine.scheduling.zones import LocalTime, derive


class Outcome(StrEnum):
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    DECLINED = "declined"
    """The candidate said no, or pressed the key for never again."""


MOST_TRIES = 4
"""Calls for one appointment, the first one included."""
MOST_TRIES_A_DAY = 3
_AFTER_BUSY = timedelta(minutes=5)
_AFTER_NO_ANSWER = timedelta(minutes=30)
_MOST_BUSY = 3
_AFTER_FAILURE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Try:
    """A call that was placed, and what came of it."""

    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Phone:
    """What decides when a telephone may ring."""

    rules: tzinfo
    region: str
    hours: CallingHours


def next_try(tries: tuple[Try, ...], now: datetime, phone: Phone) -> datetime | None:
    """When to ring again, in UTC and within the calling hours; None when the candidate is left in peace.

    tries: so far, oldest first. A busy line is tried again after 5 minutes, three times at most; nobody answering (or
    a voicemail) after 30 minutes once, then at the same hour of the next day; a failure of ours after 2 minutes. At
    most three calls a day and four altogether; after a refusal none.
    """
    if not tries or len(tries) >= MOST_TRIES or any(past.outcome is Outcome.DECLINED for past in tries):
        return None
    last = tries[-1]
    if last.outcome is Outcome.BUSY:
        if sum(past.outcome is Outcome.BUSY for past in tries) >= _MOST_BUSY:
            return None
        wanted = last.at + _AFTER_BUSY
    elif last.outcome is Outcome.FAILED:
        wanted = last.at + _AFTER_FAILURE
    elif sum(past.outcome in (Outcome.NO_ANSWER, Outcome.VOICEMAIL) for past in tries) == 1:
        wanted = last.at + _AFTER_NO_ANSWER
    else:
        wanted = _next_day(tries[0].at, last.at, phone)
    at = next_calling_hour(max(wanted, now), phone.rules, phone.region, phone.hours)
    if _calls_on(at, tries, phone.rules) >= MOST_TRIES_A_DAY:
        at = next_calling_hour(_next_day(tries[0].at, at, phone), phone.rules, phone.region, phone.hours)
    return at


def _next_day(first: datetime, after: datetime, phone: Phone) -> datetime:
    """The hour of the first call, a day later than `after`, on the candidate's wall."""
    day = after.astimezone(phone.rules).date() + timedelta(days=1)
    wall = datetime.combine(day, first.astimezone(phone.rules).time())
    return derive(LocalTime(wall, ""), phone.rules).at.astimezone(UTC)


def _calls_on(at: datetime, tries: tuple[Try, ...], rules: tzinfo) -> int:
    def day(moment: datetime) -> date:
        return moment.astimezone(rules).date()

    return sum(day(past.at) == day(at) for past in tries)
