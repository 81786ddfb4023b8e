"""Which messages a candidate gets about one appointment, and when: at most five."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MOST_TOUCHES = 5


class Touch(StrEnum):
    """Why a candidate hears from us outside of the call."""

    OFFER = "offer"
    """Pick a time by this link."""
    CONFIRMATION = "confirmation"
    MOVED = "moved"
    DAY_BEFORE = "day_before"
    HOUR_BEFORE = "hour_before"
    MINUTES_BEFORE = "minutes_before"
    MISSED = "missed"
    BROKEN_OFF = "broken_off"
    """The call broke off: call again, or pick a new time where the fault was ours."""
    NOT_CALLED = "not_called"
    """The call that was agreed on does not take place, since something on our side stood in its way."""
    CANCELLED = "cancelled"


ALWAYS_TOLD = (Touch.CANCELLED, Touch.NOT_CALLED)
"""Nobody waits for a call in vain: these go out whatever was sent before, and use up none of the five."""


@dataclass(frozen=True, slots=True)
class PlannedTouch:
    touch: Touch
    at: datetime


_LEAD = {
    Touch.DAY_BEFORE: timedelta(hours=24),
    Touch.HOUR_BEFORE: timedelta(hours=1),
    Touch.MINUTES_BEFORE: timedelta(minutes=5),
}
_TOO_SOON_AFTER_FIRST = timedelta(minutes=10)
"""A reminder that would follow the confirmation within this time says nothing new."""
_WORTH = (Touch.HOUR_BEFORE, Touch.DAY_BEFORE, Touch.MINUTES_BEFORE)
"""Which reminders stay when there is not room for all, the most useful first."""


def touch_plan(now: datetime, due_at: datetime, touches_used: int, *, is_moved: bool = False) -> list[PlannedTouch]:
    """The messages about a call that was booked or moved just now, in the order of their times.

    touches_used: how many the candidate has had already about this interview; one of the five is always kept for a
    miss. A confirmation goes out even when the five are used up: nobody is called at an hour that was not told.
    """
    first = PlannedTouch(Touch.MOVED if is_moved else Touch.CONFIRMATION, now)
    room = MOST_TOUCHES - touches_used - 2
    reminders = [
        PlannedTouch(touch, due_at - _LEAD[touch])
        for touch in _WORTH
        if due_at - _LEAD[touch] >= now + _TOO_SOON_AFTER_FIRST
    ]
    return [first, *sorted(reminders[: max(room, 0)], key=lambda planned: planned.at)]


def may_touch(touch: Touch, touches_used: int) -> bool:
    """Whether one more message is within bounds."""
    return touch in ALWAYS_TOLD or touches_used < MOST_TOUCHES
