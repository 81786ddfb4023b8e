"""Appointments as iCalendar files: invitation, change, cancellation, and a user's whole calendar.

Source: RFC 5545, and RFC 5546 for METHOD, UID and SEQUENCE.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

_PRODUCT = "-//Vivavoce//Interviews//EN"
_UTC_NAMES = ("UTC", "Etc/UTC")


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One call as calendars show it."""

    uid: str
    """The same through all changes."""
    sequence: int
    summary: str
    description: str
    begins: datetime
    """An instant in UTC."""
    length_min: int
    rules: tzinfo
    """Of the zone in which the entry is written."""
    phone_number: str
    organiser_email: str
    attendee_name: str = ""
    attendee_email: str = ""
    url: str = ""
    is_cancelled: bool = False


def invitation(entry: CalendarEntry, now: datetime) -> bytes:
    """A file for one mail: METHOD REQUEST for a new or changed call, CANCEL for a cancelled one."""
    calendar = _calendar("CANCEL" if entry.is_cancelled else "REQUEST")
    calendar.add_component(_event(entry, now, with_people=True))
    return _with_zones(calendar, [entry])


def feed(entries: Sequence[CalendarEntry], name: str, now: datetime) -> bytes:
    """All calls of a user, for a calendar program that subscribes to the address."""
    calendar = _calendar("PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(minutes=30), parameters={"value": "DURATION"})
    for entry in entries:
        calendar.add_component(_event(entry, now, with_people=False))
    return _with_zones(calendar, entries)


def _calendar(method: str) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    return calendar


def _event(entry: CalendarEntry, now: datetime, *, with_people: bool) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", now)
    begins = entry.begins.astimezone(entry.rules)
    event.add("dtstart", begins)
    event.add("dtend", (entry.begins + timedelta(minutes=entry.length_min)).astimezone(entry.rules))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("location", f"Telephone {entry.phone_number}")
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if entry.is_cancelled else "OPAQUE")
    if entry.url:
        event.add("url", entry.url)
    if with_people and entry.attendee_email:
        organiser = vCalAddress(f"mailto:{entry.organiser_email}")
        organiser.params["CN"] = vText("Vivavoce")
        event.add("organizer", organiser)
        attendee = vCalAddress(f"mailto:{entry.attendee_email}")
        attendee.params["CN"] = vText(entry.attendee_name)
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        attendee.params["PARTSTAT"] = vText("ACCEPTED")
        attendee.params["RSVP"] = vText("FALSE")
        event.add("attendee", attendee)
    if not entry.is_cancelled:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.summary)
        alarm.add("trigger", timedelta(minutes=-15))
        event.add_component(alarm)
    return event


def _with_zones(calendar: Calendar, entries: Sequence[CalendarEntry]) -> bytes:
    """VTIMEZONE for each zone named, as far as the entries reach."""
    moments = [entry.begins for entry in entries if str(entry.rules) not in _UTC_NAMES]
    if moments:
        first, last = min(moments), max(moments)
        calendar.add_missing_timezones(first_date=date(first.year - 1, 1, 1), last_date=date(last.year + 2, 1, 1))
    return bytes(calendar.to_ical())
