"""What candidates see without a login: pick, move, cancel, refuse, by links from their messages.

A GET changes nothing, since mail scanners open every link; each change is a form that a person sends.
"""

from datetime import UTC, datetime
from itertools import groupby

from flask import Blueprint, Response, make_response, render_template, request

from dashboard.booker import Booker
from dashboard.database import Database
from dashboard.local_time import zone
from engine.config import Settings
from engine.errors import Conflict, LinkRejected, NotFound, ScheduleError
from engine.scheduling import links
from engine.scheduling.links import Purpose, Ticket
from engine.scheduling.messages import hour_in_words
from engine.store.appointments import AppointmentRepository
from engine.store.models import User
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentState, Channel
from engine.work import booking

_PURPOSES = frozenset({Purpose.PICK, Purpose.MOVE, Purpose.CANCEL, Purpose.DECLINE})
_HEADINGS = {
    Purpose.PICK: "Choose a time for your call",
    Purpose.MOVE: "Choose another time",
    Purpose.CANCEL: "Cancel this interview?",
    Purpose.DECLINE: "No more calls or messages",
}
_SLOTS_SHOWN = 120
_OPEN = (AppointmentState.OPEN, AppointmentState.BOOKED, AppointmentState.MISSED)


class CandidatePages:
    """The views; `blueprint` gives them their addresses."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._booker = Booker(database, settings)

    def page(self, token: str) -> Response:
        try:
            ticket, appointment = self._opened(token)
        except (LinkRejected, NotFound) as error:
            return self._dead_end(str(error))
        if not self._is_current(ticket, appointment):
            return self._used(appointment)
        return self._form(ticket, appointment, token)

    def act(self, token: str) -> Response:
        try:
            ticket, appointment = self._opened(token)
        except (LinkRejected, NotFound) as error:
            return self._dead_end(str(error))
        if not self._is_current(ticket, appointment):
            return self._used(appointment)
        try:
            done = self._carry_out(ticket, appointment)
        except (ScheduleError, Conflict) as error:
            self._database.current().rollback()
            ticket, appointment = self._opened(token)
            return self._form(ticket, appointment, token, str(error))
        self._database.current().commit()
        return self._done(appointment, done)

    def unsubscribe(self, token: str) -> Response:
        """One click in a mail program (RFC 8058), or the button of the page: no more messages about this interview's
        address. Doing it twice is no fault."""
        try:
            _, appointment = self._opened(token, frozenset({Purpose.DECLINE}))
        except (LinkRejected, NotFound) as error:
            return self._dead_end(str(error))
        self._no_more_messages(appointment, "one_click")
        self._database.current().commit()
        return self._done(appointment, "muted")

    def _opened(self, token: str, purposes: frozenset[Purpose] = _PURPOSES) -> tuple[Ticket, Appointment]:
        ticket = links.read(self._settings.stream_secret, token, purposes, datetime.now(UTC).timestamp())
        return ticket, AppointmentRepository(self._database.current()).get(ticket.subject)

    def _is_current(self, ticket: Ticket, appointment: Appointment) -> bool:
        # Refusing must work from the oldest message; everything else only from the newest.
        if ticket.purpose is Purpose.DECLINE:
            return True
        return ticket.edition == appointment.edition and appointment.state in _OPEN

    def _carry_out(self, ticket: Ticket, appointment: Appointment) -> str:
        desk = self._booker.desk()
        if ticket.purpose is Purpose.CANCEL:
            booking.cancel(desk, appointment, by="candidate")
            return "cancelled"
        if ticket.purpose is Purpose.DECLINE:
            if request.form.get("what") == "messages":
                self._no_more_messages(appointment, "link")
                return "muted"
            booking.refuse_calls(desk, appointment, "link")
            return "refused"
        try:
            at = datetime.fromisoformat(request.form.get("slot", ""))
        except ValueError as error:
            raise ScheduleError("Choose one of the times first.") from error
        if at.tzinfo is None:
            raise ScheduleError("Choose one of the times first.")
        booking.pick(desk, appointment, at.astimezone(UTC))
        return "booked"

    def _no_more_messages(self, appointment: Appointment, source: str) -> None:
        permissions, now = PermissionRepository(self._database.current()), datetime.now(UTC)
        permissions.refuse(Channel.SMS, appointment.phone, source, now)
        if appointment.interview.candidate.email:
            permissions.refuse(Channel.EMAIL, appointment.interview.candidate.email, source, now)

    def _form(self, ticket: Ticket, appointment: Appointment, token: str, error: str = "") -> Response:
        slots = []
        if ticket.purpose in (Purpose.PICK, Purpose.MOVE):
            rules = zone(appointment.time_zone)
            free = [at.astimezone(rules) for at in self._booker.slots(appointment)[:_SLOTS_SHOWN]]
            slots = [(day, list(hours)) for day, hours in groupby(free, key=lambda at: at.date())]
        page = render_template(
            "candidate/act.html",
            heading=_HEADINGS[ticket.purpose],
            purpose=ticket.purpose.name.lower(),
            token=links.cleaned(token),
            slots=slots,
            error=error,
            cancel_token=self._booker.links.token(Purpose.CANCEL, appointment),
            decline_token=self._booker.links.token(Purpose.DECLINE, appointment),
            **self._facts(appointment),
        )
        return make_response(page, 409 if error else 200)

    def _done(self, appointment: Appointment, done: str) -> Response:
        return make_response(render_template("candidate/done.html", done=done, **self._facts(appointment)))

    def _used(self, appointment: Appointment) -> Response:
        return make_response(render_template("candidate/used.html", **self._facts(appointment)), 410)

    def _dead_end(self, message: str) -> Response:
        page = render_template("candidate/dead_end.html", message=message, phone_number=self._settings.phone_number)
        return make_response(page, 410)

    def _facts(self, appointment: Appointment) -> dict[str, object]:
        host = self._database.current().get_one(User, appointment.owner_id)
        at = appointment.due_at or appointment.answer_before
        rules = zone(appointment.time_zone)
        return {
            "appointment": appointment,
            "interview": appointment.interview,
            "host": f"{host.first_name} {host.last_name}",
            "hour": hour_in_words(at, rules, appointment.time_zone) if at else None,
            "phone_number": self._settings.phone_number,
            "last_digits": appointment.phone[-2:],
        }


def blueprint(database: Database, settings: Settings) -> Blueprint:
    bp = Blueprint("candidate", __name__, url_prefix="/c")
    views = CandidatePages(database, settings)
    bp.get("/<token>", strict_slashes=False)(views.page)
    bp.post("/<token>", strict_slashes=False)(views.act)
    bp.get("/<token>/unsubscribe", endpoint="ask_unsubscribe")(views.page)
    bp.post("/<token>/unsubscribe")(views.unsubscribe)

    @bp.after_request
    def keep_out_of_indexes(response: Response) -> Response:
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return bp
