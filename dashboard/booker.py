"""The dashboard's way to the booking desk: wishes from forms and API become appointments."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from dashboard.appointment_schemas import AppointmentInput
from dashboard.database import Database
from engine.adapters.time_zones import TimeZones
from engine.config import Settings
from engine.errors import NotFound, ScheduleError
from engine.scheduling.calling_hours import load_calling_hours
from engine.scheduling.gates import Gate
from engine.scheduling.recurrence import Rhythm, occurrences
from engine.scheduling.zones import LocalTime, derive, instant_of
from engine.store.appointments import AppointmentRepository
from engine.store.dials import DialRepository
from engine.store.interviews import InterviewRepository, NewInterview
from engine.store.models import Interview
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, RecurringSeries
from engine.vocabulary import AppointmentState
from engine.work import booking, rebooking
from engine.work.candidate_links import LinkMaker
from engine.work.desk import Desk
from engine.work.gate_facts import Circumstances
from engine.work.windows import slots_of

_PIN_DAYS = 30


class Booker:
    """Acts for signed-in users within the request's transaction; the view commits."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self.zones = TimeZones()
        self.hours = load_calling_hours()
        self.links = LinkMaker(settings.stream_secret, settings.public_base_url)

    def circumstances(self, appointment: Appointment) -> Circumstances:
        """What the job that places the call would know beyond the rows: its last word, where there is one."""
        closed = appointment.closed_gate
        return Circumstances(
            is_calling=self._settings.calls.provider != "off",
            provider_is_well=False if closed == Gate.PROVIDER_DOWN else None,
            lines_free=0 if closed == Gate.NO_CAPACITY else None,
            budget_left=False if closed == Gate.BUDGET_SPENT else None,
        )

    def expected(self) -> dict[uuid.UUID, datetime]:
        """When the calls that wait for their turn at the provider are expected to go out, by appointment."""
        dials = DialRepository(self._database.current())
        return dials.expected(self._settings.twilio_account_sid, self._settings.calls.per_second, datetime.now(UTC))

    def desk(self) -> Desk:
        return Desk(self._database.current(), self.zones, self.hours, datetime.now(UTC))

    def set_up(
        self, owner_id: uuid.UUID, new: NewInterview, wanted: AppointmentInput, *, may_call: bool, host_zone: str
    ) -> list[Interview]:
        """Make the interview, or the series of them, with its appointment. Raises ScheduleError and kin."""
        desk = self.desk()
        if may_call:
            permissions = PermissionRepository(desk.session)
            permissions.grant(owner_id, new.candidate_phone, "told_user", desk.now)
        if wanted.when != "at" or wanted.repeat == "none":
            interview = InterviewRepository(desk.session).create(owner_id, new)
            self._book(desk, interview, wanted, host_zone)
            return [interview]
        return self._series(desk, owner_id, new, wanted)

    def change(self, interview: Interview, wanted: AppointmentInput, host_zone: str) -> None:
        """Give an interview another appointment, or its first one. Raises ScheduleError and kin, Conflict."""
        desk = self.desk()
        appointment = AppointmentRepository(desk.session).of_interview(interview.id)
        if appointment is None:
            self._book(desk, interview, wanted, host_zone)
        elif wanted.when == "at":
            booking.move_to(desk, appointment, wanted.local_time(interview.candidate.time_zone))
        elif wanted.when == "window":
            rebooking.offer_other_window(desk, appointment, wanted.window(host_zone, appointment.length_min))
        elif wanted.when == "now":
            rebooking.call_at_once(desk, appointment)
        else:
            rebooking.let_dial_in(desk, appointment, self._before(desk, interview, wanted))

    def cancel(self, interview_id: uuid.UUID, owner_id: uuid.UUID) -> None:
        """Call an interview off, with its appointment where it has one. Raises NotFound, Conflict."""
        desk = self.desk()
        try:
            appointment = AppointmentRepository(desk.session).find(interview_id, owner_id)
        except NotFound:
            InterviewRepository(desk.session).cancel(interview_id, owner_id)
            return
        InterviewRepository(desk.session).cancel(interview_id, owner_id)
        if appointment.state == AppointmentState.KEPT:
            return  # an interview that broke off: its appointment was kept, only the rest is called off
        booking.cancel(desk, appointment, by="user")

    def slots(self, appointment: Appointment) -> list[datetime]:
        return slots_of(self.desk(), appointment)

    def _book(self, desk: Desk, interview: Interview, wanted: AppointmentInput, host_zone: str) -> None:
        if wanted.when == "at":
            booking.book_at(desk, interview, wanted.local_time(interview.candidate.time_zone))
        elif wanted.when == "window":
            length_min = booking.planned_length_min(interview.question_count)
            booking.offer_window(desk, interview, wanted.window(host_zone, length_min))
        elif wanted.when == "now":
            booking.book_now(desk, interview)
        elif wanted.answer_before or interview.candidate.email:
            booking.book_dial_in(desk, interview, self._before(desk, interview, wanted))

    def _before(self, desk: Desk, interview: Interview, wanted: AppointmentInput) -> datetime:
        """The end of the last day on the candidate's wall; without a day, as long as a PIN is good."""
        if not wanted.answer_before:
            return desk.now + timedelta(days=_PIN_DAYS)
        zone_name = interview.candidate.time_zone
        midnight = datetime.combine(date.fromisoformat(wanted.answer_before) + timedelta(days=1), time(0))
        return derive(LocalTime(midnight, zone_name), self.zones.rules(zone_name)).at

    def _series(self, desk: Desk, owner_id: uuid.UUID, new: NewInterview, wanted: AppointmentInput) -> list[Interview]:
        first = wanted.local_time(new.candidate_time_zone)
        rules = self.zones.rules(first.zone_name)
        instant_of(first, rules)  # the first hour is the one a person typed: it is checked as such
        series = RecurringSeries(
            owner_id=owner_id,
            rhythm=wanted.repeat,
            times=wanted.times,
            first_wall_time=first.wall,
            time_zone=first.zone_name,
        )
        desk.session.add(series)
        desk.session.flush()
        made = []
        for number, hour in enumerate(occurrences(first, Rhythm(wanted.repeat), wanted.times), start=1):
            title = f"{new.title} ({number} of {wanted.times})"[:255]
            interview = InterviewRepository(desk.session).create(owner_id, replace(new, title=title))
            try:
                booking.book_at(desk, interview, hour, series_id=series.id)
            except ScheduleError as error:
                if number == 1:
                    raise
                day = f"{hour.wall.day} {hour.wall:%b %Y, %H:%M}"
                raise ScheduleError(f"Call {number}, {day}: {error}") from error
            made.append(interview)
        return made
