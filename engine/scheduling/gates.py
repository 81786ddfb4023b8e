"""May this telephone be dialled now? Every rule that says no is named; an empty list means yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from engine.scheduling.calling_hours import CallingHours, hours_in_words, is_calling_hour


class Gate(StrEnum):
    """What can stand between a booked call and the dialling of it."""

    CONSENT_MISSING = "consent_missing"
    DO_NOT_CALL = "do_not_call"
    CALLING_HOURS = "calling_hours"
    REMINDER_NOT_SENT = "reminder_not_sent"
    NOTICE_TOO_SHORT = "notice_too_short"
    CALLS_OFF = "calls_off"
    BUDGET_SPENT = "budget_spent"
    PROVIDER_DOWN = "provider_down"
    NO_CAPACITY = "no_capacity"
    OWNER_NOT_VERIFIED = "owner_not_verified"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the decision rests on. None means that a rule is not asked for, or not known at this hour."""

    now: datetime
    rules: tzinfo
    """Of the candidate's zone."""
    region: str
    """Of the candidate's number, two letters."""
    has_consent: bool
    is_refused: bool
    """The number is on the do-not-call list."""
    is_owner_verified: bool
    """Whether the user for whom the call is placed has confirmed the own address."""
    told_at: datetime | None
    """When the candidate was first told of this hour; None while no message went out."""
    needs_reminder: bool
    """Whether a call may be placed only after a message about it went out."""
    notice: timedelta | None = None
    """How long before the call the candidate must have been told."""
    budget_left: bool | None = None
    provider_is_well: bool | None = None
    lines_free: int | None = None
    is_calling: bool = True
    """Whether this installation places calls at all."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A closed gate: its name for programs, what is the matter and what to do for people."""

    gate: Gate
    text: str
    passes_by_itself: bool
    """Whether waiting can open it."""


def closed_gates(facts: Facts, hours: CallingHours) -> list[Reason]:
    """The reasons not to dial now, the lasting ones first; an empty list when the call may be placed."""
    told = facts.told_at
    notice_kept = facts.notice is None or (told is not None and facts.now - told >= facts.notice)
    closed = {
        Gate.DO_NOT_CALL: facts.is_refused,
        Gate.OWNER_NOT_VERIFIED: not facts.is_owner_verified,
        Gate.CONSENT_MISSING: not facts.has_consent,
        Gate.CALLS_OFF: not facts.is_calling,
        Gate.BUDGET_SPENT: facts.budget_left is False,
        Gate.REMINDER_NOT_SENT: facts.needs_reminder and told is None,
        Gate.NOTICE_TOO_SHORT: not notice_kept and not (facts.needs_reminder and told is None),
        Gate.CALLING_HOURS: not is_calling_hour(facts.now, facts.rules, facts.region, hours),
        Gate.PROVIDER_DOWN: facts.provider_is_well is False,
        Gate.NO_CAPACITY: facts.lines_free is not None and facts.lines_free <= 0,
    }
    today = hours.on(facts.region, facts.now.astimezone(facts.rules).weekday())
    return [
        Reason(gate, _TEXTS[gate].format(hours=hours_in_words(today)), gate in _PASSING)
        for gate, is_closed in closed.items()
        if is_closed
    ]


_PASSING = {Gate.CALLING_HOURS, Gate.PROVIDER_DOWN, Gate.NO_CAPACITY, Gate.REMINDER_NOT_SENT, Gate.NOTICE_TOO_SHORT}
_TEXTS = {
    Gate.DO_NOT_CALL: "The candidate asked never to be called at this number. The candidate can still dial in with the "
    "PIN; nobody but the candidate can lift this.",
    Gate.OWNER_NOT_VERIFIED: "You have not confirmed your e-mail address yet; until then no call is placed for you. "
    "Follow the link in the mail that you got, or have it sent again on your account page. Candidates can dial in.",
    Gate.CONSENT_MISSING: "There is no record that the candidate agreed to be called by an AI. Record it, let the "
    "candidate pick a time by link, or hand out the PIN.",
    Gate.CALLS_OFF: "This server places no calls: no telephone account is set up on it, or calls are switched off. "
    "Hand out number and PIN, so that the candidate can dial in.",
    Gate.BUDGET_SPENT: "The budget for calls is used up. Raise it, or wait for the next period.",
    Gate.REMINDER_NOT_SENT: "No message about this call has reached the candidate's mailbox or telephone yet. See the "
    "outbox for what holds it up.",
    Gate.NOTICE_TOO_SHORT: "The candidate was told too shortly before. Move the call to a later hour.",
    Gate.CALLING_HOURS: "It is outside of the hours in which this telephone may ring ({hours} today on the candidate's "
    "clock). The call waits, or can be moved.",
    Gate.PROVIDER_DOWN: "The telephone or speech provider does not answer at the moment. The call is placed as soon as "
    "it does.",
    Gate.NO_CAPACITY: "All lines are busy. The call is next in the queue.",
}


_GIVEN_UP = {
    Gate.REMINDER_NOT_SENT: "No message about this call reached the candidate's mailbox or telephone. See the outbox "
    "for what held it up.",
    Gate.NOTICE_TOO_SHORT: "The candidate had been told too shortly before.",
    Gate.CALLING_HOURS: "It was outside of the hours in which this telephone may ring.",
    Gate.PROVIDER_DOWN: "The telephone or speech provider did not answer for a quarter of an hour.",
    Gate.NO_CAPACITY: "All lines were busy for a quarter of an hour.",
}


def given_up_text(reason: Reason) -> str:
    """Why a call was given up: of a gate that opens by itself, that it did not do so in time."""
    return _GIVEN_UP.get(reason.gate, reason.text)


def text_of(gate: Gate) -> str:
    """What is the matter and what to do, for a gate that names no hours."""
    return _TEXTS[gate]
