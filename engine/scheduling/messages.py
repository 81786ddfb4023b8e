"""What candidates read: each message says that an AI calls, from which number, about what, how long, and how to move
or refuse it."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape

from engine.scheduling.phone_numbers import international
from engine.scheduling.touches import Touch

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Links:
    """Where the candidate can change things; `pick` only while a slot is to be chosen."""

    move: str
    cancel: str
    decline: str
    pick: str | None = None


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a message speaks of."""

    candidate_name: str
    host_name: str
    """The user who invites."""
    title: str
    length_min: int
    phone_number: str
    """Ours, E.164: it rings the candidate, and takes the candidate's calls."""
    pin: str
    hour: str | None
    """When, in words for the candidate; None where there is no hour."""
    is_dial_in: bool
    """The candidate calls us; `hour` then is until when."""
    links: Links


@dataclass(frozen=True, slots=True)
class Composed:
    """A message in every form: subject and two bodies for mail, one text for SMS."""

    subject: str
    text: str
    html: str
    sms: str


_LEADS: dict[Touch, tuple[str, str]] = {
    Touch.OFFER: ("Choose a time for your interview", "{host} invites you to a telephone interview. Choose when."),
    Touch.CONFIRMATION: ("Your telephone interview: {hour}", "Your telephone interview with {host} is booked."),
    Touch.MOVED: ("Your telephone interview has moved: {hour}", "Your telephone interview with {host} has a new time."),
    Touch.DAY_BEFORE: ("Your telephone interview is tomorrow", "A reminder: your telephone interview is soon."),
    Touch.HOUR_BEFORE: ("Your telephone interview is in one hour", "Your telephone interview is in about one hour."),
    Touch.MINUTES_BEFORE: ("We call you in five minutes", "Your telephone will ring in about five minutes."),
    Touch.MISSED: ("We missed you", "We could not reach you for your telephone interview. No harm done."),
    Touch.BROKEN_OFF: (
        "Your telephone interview broke off",
        "The call of your telephone interview broke off. What you said is kept, and the break does not count against "
        "you.",
    ),
    Touch.NOT_CALLED: (
        "The call of your telephone interview does not take place",
        "The call of your telephone interview with {host} could not be placed. The fault is on our side and does not "
        "count against you.",
    ),
    Touch.CANCELLED: ("Your telephone interview is cancelled", "Your telephone interview with {host} is cancelled."),
}


_DIAL_IN = "You can call {number} when it suits and enter the PIN {pin}."
_NEWS_FOLLOWS = " Otherwise {host} will agree on another time with you."
_GO_ON = "Call {number} and enter the PIN {pin}: the interview goes on at the same question. That works for 24 hours."
_OR_PICK = " Or choose a new time below, and the AI calls you."


def compose(touch: Touch, facts: MessageFacts) -> Composed:
    """The message of one touch. Names and titles come from people: they are escaped where it matters."""
    subject, lead = (part.format(host=facts.host_name, hour=facts.hour or "no time yet") for part in _LEADS[touch])
    if facts.is_dial_in and touch is Touch.CONFIRMATION:
        subject = "Your telephone interview: call when it suits"
    if facts.is_dial_in and touch is Touch.DAY_BEFORE:
        subject = "Your telephone interview: one more day"
        lead = "A reminder: there is about one day left for your telephone interview."
    paragraphs = [f"Hello {facts.candidate_name},", lead, *_body(touch, facts)]
    choices = _choices(touch, facts)
    return letter(subject, paragraphs, choices, f"Vivavoce, for {facts.host_name}", sms=_sms(touch, facts))


def letter(
    subject: str, paragraphs: list[str], choices: list[tuple[str, str]], signature: str, *, sms: str = ""
) -> Composed:
    """A message from its parts. choices: what the reader can do, as words and address."""
    text = "\n\n".join(paragraphs + [f"{label}:\n{address}" for label, address in choices])
    return Composed(
        subject=_one_line(subject),
        text=f"{text}\n\n-- \n{signature}\n",
        html=_html(subject, paragraphs, choices, signature),
        sms=sms,
    )


def hour_in_words(at: datetime, rules: tzinfo, zone_name: str) -> str:
    """Tuesday 24 November 2026, 14:30 (Europe/Berlin, UTC+1)"""
    local = at.astimezone(rules)
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {local:%H:%M} ({zone_name}, {_offset(local)})"


def _offset(local: datetime) -> str:
    away = local.utcoffset()
    minutes = int(away.total_seconds() // 60) if away else 0
    if not minutes:
        return "UTC"
    sign, minutes = ("+", minutes) if minutes > 0 else ("-", -minutes)
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def _body(touch: Touch, facts: MessageFacts) -> list[str]:
    number = international(facts.phone_number)
    about = f"What about: {facts.title}. It takes about {facts.length_min} minutes."
    if touch is Touch.CANCELLED:
        return [
            f"{about} Nobody will call you, neither the AI interviewer nor a person, from {number}.",
            "There is nothing left to do for you.",
        ]
    who = (
        f"You will talk with an AI interviewer, not with a person. It says so again at the beginning, and asks before "
        f"it records anything. {about}"
    )
    if touch is Touch.NOT_CALLED:
        after = _OR_PICK if facts.links.pick else _NEWS_FOLLOWS.format(host=facts.host_name)
        return [f"{_DIAL_IN.format(number=number, pin=facts.pin)}{after}", who]
    if touch is Touch.BROKEN_OFF:
        return [f"{_GO_ON.format(number=number, pin=facts.pin)}{_OR_PICK if facts.links.pick else ''}", who]
    if facts.is_dial_in:
        until = f", until {facts.hour}" if facts.hour else ""
        return [who, f"Call {number} whenever it suits{until}, and enter the PIN {facts.pin}."]
    if touch is Touch.OFFER:
        return [who, f"At the time you choose, the AI calls you from {number}. You need nothing but your telephone."]
    if touch is Touch.MISSED:
        again = f"Call {number} when it suits and enter the PIN {facts.pin}, or choose another time below."
        return [who, f"The AI called you from {number}. {again}"]
    hour = f"When: {facts.hour}. " if facts.hour else ""
    return [
        who,
        f"{hour}The AI calls you from {number}. If the call does not reach you, call that number yourself and enter "
        f"the PIN {facts.pin}.",
    ]


def _choices(touch: Touch, facts: MessageFacts) -> list[tuple[str, str]]:
    links = facts.links
    if touch is Touch.CANCELLED:
        return [("Never be called by us again", links.decline)]
    choices = [("Choose a time", links.pick)] if links.pick else []
    if not facts.is_dial_in and not links.pick and touch is not Touch.NOT_CALLED:
        choices.append(("Move it to another time", links.move))
    return [*choices, ("Cancel it", links.cancel), ("Refuse, and never be called again", links.decline)]


def _sms(touch: Touch, facts: MessageFacts) -> str:
    number = international(facts.phone_number)
    if touch is Touch.CANCELLED:
        return (
            f"Vivavoce: your AI telephone interview ({facts.title}) from {number} is cancelled. Nobody will call you."
        )
    if touch is Touch.NOT_CALLED:
        pick = f", or choose a new time: {facts.links.pick}" if facts.links.pick else ""
        return (
            f"Vivavoce for {facts.host_name}: we could not place the call of your AI interview ({facts.title}), sorry. "
            f"Call {number}, PIN {facts.pin}{pick}. Refuse: {facts.links.cancel}"
        )
    if touch is Touch.BROKEN_OFF:
        pick = f" Or choose a new time: {facts.links.pick}" if facts.links.pick else ""
        return (
            f"Vivavoce for {facts.host_name}: the call of your AI interview ({facts.title}) broke off. Call {number}, "
            f"PIN {facts.pin}, within 24 hours, and it goes on where it was.{pick} Refuse: {facts.links.cancel}"
        )
    if facts.is_dial_in:
        until = f" until {facts.hour}" if facts.hour else ""
        return (
            f"Vivavoce for {facts.host_name}: AI interview, {facts.title}, {facts.length_min} min. "
            f"Call {number}{until}, PIN {facts.pin}. Refuse: {facts.links.cancel}"
        )
    if facts.links.pick:
        return (
            f"Vivavoce for {facts.host_name}: an AI will call you from {number} for an interview ({facts.title}, "
            f"{facts.length_min} min). Choose when, or refuse: {facts.links.pick}"
        )
    said = {
        Touch.MISSED: "we missed you. An AI called you",
        Touch.MINUTES_BEFORE: "in 5 minutes an AI calls you",
    }.get(touch, "an AI calls you")
    when = "" if touch is Touch.MISSED or not facts.hour else f" on {facts.hour}"
    again = f" Call back with PIN {facts.pin}." if touch is Touch.MISSED else ""
    return (
        f"Vivavoce for {facts.host_name}: {said} from {number}{when}. {facts.title}, {facts.length_min} min.{again} "
        f"Move or refuse: {facts.links.move}"
    )


def _html(subject: str, paragraphs: list[str], choices: list[tuple[str, str]], signature: str) -> str:
    body = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in paragraphs)
    links = "".join(f'<li><a href="{escape(address)}">{escape(label)}</a></li>\n' for label, address in choices)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(subject)}</title></head>\n'
        f"<body>\n{body}<ul>\n{links}</ul>\n<p>{escape(signature)}</p>\n</body>\n</html>\n"
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
