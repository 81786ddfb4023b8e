"""When a call takes place, as forms and API say it: at an hour, in a window, now, or when the candidate dials."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from dashboard.schemas import Input, Line, Whole, fault, whole
from engine.scheduling.recurrence import MOST_TIMES
from engine.scheduling.slots import Opening, Window
from engine.scheduling.zones import LocalTime, Which

FURTHEST_DAYS = 60
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class AppointmentInput(Input):
    """What belongs to another choice of `when` is read past: a form sends all of its fields."""

    when: Literal["any", "at", "window", "now"] = "any"
    scheduled_local: Line = Field(default="", max_length=25, validate_default=True)
    which: Literal["", "first", "second"] = ""
    answer_before: Line = Field(default="", max_length=10)
    window_first: Line = Field(default="", max_length=10, validate_default=True)
    window_last: Line = Field(default="", max_length=10, validate_default=True)
    window_days: list[Annotated[Whole, Field(ge=0, le=6)]] = Field(
        default_factory=lambda: [0, 1, 2, 3, 4], max_length=7
    )
    window_begins: Line = Field(default="09:00", max_length=5)
    window_ends: Line = Field(default="17:00", max_length=5)
    window_step: Annotated[Literal[15, 20, 30, 60], BeforeValidator(whole)] = 30
    window_notice_h: Whole = Field(default=4, ge=0, le=24 * 14)
    window_buffer: Whole = Field(default=0, ge=0, le=240)
    window_most: Whole = Field(default=8, ge=1, le=100)
    repeat: Literal["none", "daily", "weekly"] = "none"
    times: Whole = Field(default=5, ge=1, le=MOST_TIMES)

    @model_validator(mode="before")
    @classmethod
    def _only_what_counts(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        others = {
            "at": ("window_", "answer_before"),
            "window": ("scheduled_local", "which", "answer_before", "repeat", "times"),
            "now": ("window_", "scheduled_local", "which", "answer_before", "repeat", "times"),
        }.get(data.get("when", "any"), ("window_", "scheduled_local", "which", "repeat", "times"))
        return {name: value for name, value in data.items() if not name.startswith(others)}

    @field_validator("scheduled_local")
    @classmethod
    def _readable(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("when") != "at":
            return ""
        if not value:
            raise fault("Choose a date and a time, or let the candidate call at any time.")
        try:
            wall = datetime.fromisoformat(value)
        except ValueError as error:
            raise fault("Enter the date and time as 2026-11-30T14:30.") from error
        if wall.date() > _today(info) + timedelta(days=FURTHEST_DAYS):
            raise fault(f"Choose a moment within the next {FURTHEST_DAYS} days.")
        return value

    @field_validator("answer_before", "window_first", "window_last")
    @classmethod
    def _a_day(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            if info.data.get("when") == "window" and info.field_name != "answer_before":
                raise fault("Choose the first and the last day on which the candidate may be called.")
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError as error:
            raise fault("Enter a date such as 2026-11-30.") from error
        if day < _today(info) - timedelta(days=1):
            raise fault("This day has passed. Choose one that lies ahead.")
        if day > _today(info) + timedelta(days=FURTHEST_DAYS):
            raise fault(f"Choose a day within the next {FURTHEST_DAYS} days.")
        return value

    @field_validator("window_begins", "window_ends")
    @classmethod
    def _an_hour(cls, value: str) -> str:
        try:
            return time.fromisoformat(value).isoformat("minutes")
        except ValueError as error:
            raise fault("Enter an hour such as 09:00.") from error

    def local_time(self, zone_name: str) -> LocalTime:
        """The hour that was asked for, on the candidate's wall; seconds do not count."""
        wall = datetime.fromisoformat(self.scheduled_local).replace(tzinfo=None, second=0, microsecond=0)
        return LocalTime(wall, zone_name, Which(self.which) if self.which else None)

    def window(self, zone_name: str, length_min: int) -> Window:
        """The window that was asked for, its hours on the wall of the given zone."""
        begins, ends = time.fromisoformat(self.window_begins), time.fromisoformat(self.window_ends)
        return Window(
            first_day=date.fromisoformat(self.window_first),
            last_day=date.fromisoformat(self.window_last),
            zone_name=zone_name,
            openings=tuple(Opening(weekday, begins, ends) for weekday in sorted(set(self.window_days))),
            length_min=length_min,
            step_min=self.window_step,
            notice_min=60 * self.window_notice_h,
            buffer_min=self.window_buffer,
            most_a_day=self.window_most,
        )


def _today(info: ValidationInfo) -> date:
    now = (info.context or {}).get("now", datetime.now(UTC))
    return now.date() if isinstance(now, datetime) else date.max


FIELDS = frozenset(AppointmentInput.model_fields)
"""Their names, to tell them from the other fields of the same form."""
