"""Words, signs and figures for people: how the closed lists of the product look on a page."""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Flask, request

from dashboard import local_time
from dashboard.access import signed_in_user
from dashboard.report_cost import amounts_text, spending_text
from engine.scheduling.phone_numbers import international
from engine.vocabulary import CallState, Difficulty, InterviewState, Level, Topic

TOPICS: dict[str, str] = {
    Topic.PYTHON: "Python",
    Topic.JAVASCRIPT: "JavaScript",
    Topic.ALGORITHMS: "Algorithms",
    Topic.DATABASES: "Databases",
    Topic.SYSTEM_DESIGN: "System design",
    Topic.DEVOPS: "DevOps",
    Topic.REACT: "React",
    Topic.NODEJS: "Node.js",
}
LEVELS: dict[str, str] = {Level.JUNIOR: "Junior", Level.MID: "Mid", Level.SENIOR: "Senior"}
DIFFICULTIES: dict[str, str] = {Difficulty.EASY: "Easy", Difficulty.MEDIUM: "Medium", Difficulty.HARD: "Hard"}


@dataclass(frozen=True, slots=True)
class Look:
    """A state as people see it: colour is never alone."""

    word: str
    icon: str
    kind: str


STATES: dict[str, Look] = {
    InterviewState.SCHEDULED: Look("Scheduled", "calendar-clock", "plain"),
    InterviewState.IN_PROGRESS: Look("Live", "phone-call", "live"),
    InterviewState.INTERRUPTED: Look("Interrupted", "unplug", "warn"),
    InterviewState.EVALUATING: Look("Being graded", "hourglass", "live"),
    InterviewState.COMPLETED: Look("Completed", "circle-check", "ok"),
    InterviewState.CANCELLED: Look("Cancelled", "ban", "plain"),
    InterviewState.EXPIRED: Look("Expired", "calendar-x", "plain"),
}
END_REASONS: dict[str, str] = {
    "completed": "All questions were asked",
    "candidate_ended": "The candidate ended the interview",
    "user_ended": "Ended in the dashboard",
    "put_through": "Put through to a person",
    "not_resumed": "It was not taken up again within a day",
    "call_back": "The candidate wants to be called back at another time",
    "wrong_person": "Somebody else answered",
    "abuse": "Ended after repeated insults",
    "bad_line": "The line was too bad",
    "one_way": "Nothing could be heard of the candidate",
    "recording_declined": "The candidate did not agree to a recording",
    "silent": "The line stayed silent",
    "time_limit": "The time was over",
    "speech_failed": "Speech recognition or the voice failed",
    "hung_up": "The candidate hung up",
    "line_lost": "The line broke",
    "process_lost": "The server was restarted during the call",
    "failed": "The call failed",
    "refused": "All lines were busy",
    "not_placed": "The provider did not take it",
    "replaced": "The candidate called again",
    "cancelled": "Cancelled in the dashboard",
    "cancelled_by_candidate": "Cancelled by the candidate",
    "expired": "Nobody called before the PIN ended",
}
CALL_STATES: dict[str, str] = {
    CallState.DIALLING: "being placed",
    CallState.RINGING: "ringing",
    CallState.LIVE: "running",
    CallState.COMPLETED: "held to the end",
    CallState.DROPPED: "broke off",
    CallState.NO_ANSWER: "nobody answered",
    CallState.BUSY: "busy",
    CallState.VOICEMAIL: "a voicemail answered",
    CallState.DECLINED: "declined",
    CallState.FAILED: "failed",
    CallState.CANCELLED: "called off",
}
FIELDS: dict[str, str] = {
    "transfer_phone": "Telephone number",
    "recording_days": "Days after the call",
    "url": "Address",
    "events": "What it is told of",
    "office_opens": "From",
    "office_closes": "To",
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail address",
    "password": "Password",
    "password_repeat": "Repeat the password",
    "terms": "Terms of service",
    "role": "Role",
    "level": "Level",
    "topics": "Topics",
    "question_count": "Length",
    "language": "Language",
    "rubric": "Grading",
    "title": "Title",
    "candidate_name": "Name of the candidate",
    "candidate_phone": "Telephone number",
    "candidate_time_zone": "Time zone",
    "when": "When",
    "scheduled_local": "Date and time",
    "candidate_email": "E-mail address of the candidate",
    "may_call": "Agreement to be called",
    "which": "Which of the two",
    "answer_before": "Last day to call",
    "window_first": "First day",
    "window_last": "Last day",
    "window_days": "Weekdays",
    "window_begins": "From",
    "window_ends": "To",
    "times": "How many calls",
    "rows": "File",
    "notice_h": "Notice period",
    "endpoint_policy": "End of an answer",
    "endpoint_silence_ms": "Silence that ends an answer",
    "endpoint_threshold_dbfs": "Level that counts as silence",
    "faq": "What candidates may ask",
    "name": "Name of the template",
    "phone": "My number",
}
_ENTRY = re.compile(r"faq\.(\d+)\.(question|answer)")
ROLES = (
    "Backend engineer",
    "Frontend engineer",
    "Full-stack engineer",
    "Data engineer",
    "Platform engineer",
    "Site reliability engineer",
    "Software engineer",
    "Python developer",
    "JavaScript developer",
    "Database administrator",
)


def words(value: object) -> str:
    """A value of one of our closed lists as it is written in running text: system_design as System design."""
    text = str(value)
    known = TOPICS | LEVELS | DIFFICULTIES
    return known.get(text) or text.replace("_", " ").replace("-", " ").capitalize()


def field_name(name: str) -> str:
    """How a form calls a field; faq.2.answer is Answer 3."""
    if match := _ENTRY.fullmatch(name):
        return f"{match[2].capitalize()} {int(match[1]) + 1}"
    return FIELDS.get(name, words(name))


def number(value: float | None) -> str:
    """A score as people read it, the same on every page: a whole number, halves rounded up; a dash where there is none.

    More digits would claim more than the band around a score allows.
    """
    return "–" if value is None else str(math.floor(value + 0.5))


def usd(value: Decimal | str) -> str:
    """Money as people read it; amounts below a dollar with enough digits to tell them apart."""
    amount = Decimal(value)
    return f"${amount:.4f}" if amount < 1 else f"${amount:.2f}"


def install(app: Flask) -> None:
    def zone_name() -> str:
        user = signed_in_user()
        return user.time_zone if user else "UTC"

    def moment(value: datetime) -> str:
        return local_time.moment_text(value, zone_name())

    def look(state: str) -> Look:
        return STATES.get(state, Look(words(state), "circle-dot", "plain"))

    def common() -> dict[str, Any]:
        theme = request.cookies.get("theme", "auto")
        return {
            "user": signed_in_user(),
            "theme": theme if theme in ("light", "dark") else "auto",
            "here": request.full_path.rstrip("?") if request.method == "GET" else "/",
            "section": "",
            "notice": None,
            "zone_name": zone_name(),
        }

    app.context_processor(common)
    app.add_template_filter(moment, "moment")
    app.add_template_filter(local_time.moment_text, "moment_in")
    app.add_template_filter(look, "state_look")
    app.add_template_filter(words, "words")
    app.add_template_filter(lambda state: CALL_STATES.get(state, words(state)).capitalize(), "call_state")
    app.add_template_filter(number, "number")
    app.add_template_filter(usd, "usd")
    app.add_template_filter(lambda spending: spending_text(spending, usd(spending.usd)), "spending")
    app.add_template_filter(amounts_text, "amounts")
    app.add_template_filter(international, "international")
    app.add_template_filter(local_time.clock_text, "clock")
    app.add_template_filter(local_time.clock_words, "clock_words")
    app.add_template_filter(local_time.duration_text, "duration")
    app.add_template_filter(field_name, "field_name")
    app.add_template_filter(lambda reason: END_REASONS.get(reason, words(reason)), "end_reason")
