"""Messages from plan to delivery: looked at again, claimed once, well formed, and readable by calendar programs."""

import email
import email.policy
import re
import socketserver
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from engine.adapters.mail_form import as_mail
from engine.adapters.outbox_folder import OutboxFolder
from engine.adapters.smtp_mail import SmtpMail
from engine.adapters.time_zones import TimeZones
from engine.errors import DeliveryUnknown, MessageDelayed, MessageRefused
from engine.scheduling.zones import LocalTime
from engine.store.appointments import AppointmentRepository
from engine.store.models import Interview
from engine.store.outbox import MESSAGE_MOVES, OutboxRepository
from engine.store.permissions import PermissionRepository
from engine.store.schedule_models import Appointment, OutboxMessage
from engine.vocabulary import AppointmentState, Channel, MessageState
from engine.work.booking import book_at, cancel, move_to, recompute
from engine.work.sending import PostOffice, send_message
from engine.work.telling import tell_of_miss
from tests.integration.scheduling.conftest import NOW, ZONES, Mailbag, weekday_ahead
from tests.integration.scheduling.mail_rules import mail_faults, parsed
from tests.unit.scheduling.zone_files import write_zone

ZONE = "America/New_York"
WALL = weekday_ahead(5, 14)


@pytest.fixture
def booked(desk: Callable[..., Any], plan: Callable[..., Interview]) -> Appointment:
    with desk() as turn:
        interview = plan()
        PermissionRepository(turn.session).grant(interview.owner_id, "+12025550143", "told_user", NOW)
        return book_at(turn, interview, LocalTime(WALL, ZONE))


def rows(office: PostOffice) -> list[OutboxMessage]:
    with office.sessions() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.due_at, OutboxMessage.channel)))


def send_due(office: PostOffice, now: datetime) -> list[tuple[str, str, str]]:
    """Run the job of every planned message whose time has come; returns what became of each."""
    due = [row for row in rows(office) if row.state == "planned" and row.due_at <= now]
    return [(row.touch, row.channel, str(send_message(office, row.id, now))) for row in due]


def test_every_message_says_what_a_candidate_must_know(
    office: PostOffice, booked: Appointment, mails: Mailbag, texts: Mailbag
) -> None:
    assert booked.due_at is not None
    for at in (
        NOW,
        *(booked.due_at - lead for lead in (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=5))),
    ):
        assert {state for _, _, state in send_due(office, at)} == {"sent"}
    with office.sessions.begin() as session:
        AppointmentRepository(session).set_state(booked.id, AppointmentState.MISSED)
    assert len(mails.messages) == len(texts.messages) == 4
    for message in mails.messages:
        for said in ("AI", "+1 202-555-0100", "Backend, November", "15 minutes", "Move it", "Cancel it", "Refuse"):
            assert said in message.text, said
            assert said in message.html, said
        assert "Grace <Example> & Co" in message.text
        assert "Grace &lt;Example&gt; &amp; Co" in message.html
        assert "14:30" not in message.text
        assert "14:00 (America/New_York, UTC-" in message.text
    for message in texts.messages:
        for said in ("AI", "+1 202-555-0100", "Backend, November", "15 min", "Move or refuse: https://"):
            assert said in message.text, said


def test_after_five_touches_the_candidate_is_left_in_peace(
    office: PostOffice, booked: Appointment, desk: Callable[..., Any], mails: Mailbag
) -> None:
    assert booked.due_at is not None
    send_due(office, booked.due_at - timedelta(minutes=1))
    with desk(now=booked.due_at) as turn:
        appointment = turn.session.get_one(Appointment, booked.id)
        AppointmentRepository(turn.session).set_state(booked.id, AppointmentState.MISSED)
        tell_of_miss(turn, appointment)
    send_due(office, booked.due_at)
    assert "missed" in mails.messages[-1].subject
    with desk(now=booked.due_at) as turn:
        tell_of_miss(turn, turn.session.get_one(Appointment, booked.id))
        assert OutboxRepository(turn.session).touches_used(booked.interview_id) == 5
    assert [row for row in rows(office) if row.state == "planned"] == []


def test_what_was_overtaken_is_not_sent_and_says_why(
    office: PostOffice, booked: Appointment, desk: Callable[..., Any], mails: Mailbag, texts: Mailbag
) -> None:
    send_due(office, NOW)
    with desk() as turn:
        move_to(turn, turn.session.get_one(Appointment, booked.id), LocalTime(WALL.replace(hour=16), ZONE))
    send_due(office, NOW)
    assert [message.subject.partition(":")[0] for message in mails.messages] == [
        "Your telephone interview",
        "Your telephone interview has moved",
    ]
    with desk() as turn:
        cancel(turn, turn.session.get_one(Appointment, booked.id), by="user")
    assert booked.due_at is not None
    ends = send_due(office, booked.due_at)
    assert [end for end in ends if end[0] != "cancelled"]
    assert {end[2] for end in ends if end[0] != "cancelled"} == {"skipped"}
    assert mails.messages[-1].subject == "Your telephone interview is cancelled"
    reasons = {row.reason for row in rows(office) if row.state == "skipped"}
    assert reasons == {"The call was moved or cancelled since."}
    assert len(texts.messages) == 3


def test_a_message_is_sent_once_however_many_jobs_ask_for_it(
    office: PostOffice, booked: Appointment, mails: Mailbag
) -> None:
    message_id = next(row.id for row in rows(office) if row.channel == "email")
    jobs = [threading.Thread(target=send_message, args=(office, message_id, NOW)) for _ in range(4)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(20)
    assert len(mails.messages) == 1
    assert send_message(office, uuid.uuid4(), NOW) is None


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (MessageRefused("no such address"), "failed"),
        (MessageDelayed("come back later"), "planned"),
        (DeliveryUnknown("the line broke"), "unknown"),
    ],
)
def test_each_way_to_fail_has_its_own_end(
    office: PostOffice, booked: Appointment, mails: Mailbag, fault: Exception, state: str
) -> None:
    mails.faults = [fault]
    message_id = next(row.id for row in rows(office) if row.channel == "email")
    assert send_message(office, message_id, NOW) == state
    row = next(row for row in rows(office) if row.id == message_id)
    assert (row.state, row.reason) == (state, str(fault))
    if state == "planned":
        assert row.due_at == NOW + timedelta(seconds=30)
        assert send_message(office, message_id, row.due_at) == "sent"


def test_a_mailbox_that_never_takes_anything_is_given_up(
    office: PostOffice, booked: Appointment, mails: Mailbag
) -> None:
    message_id, now = next(row.id for row in rows(office) if row.channel == "email"), NOW
    mails.faults = [MessageDelayed("full")] * 10
    for _ in range(6):
        state = send_message(office, message_id, now)
        now += timedelta(hours=1)
    assert state == "failed"


def test_no_more_messages_go_to_an_address_that_refused(
    office: PostOffice, booked: Appointment, desk: Callable[..., Any], mails: Mailbag, texts: Mailbag
) -> None:
    with desk() as turn:
        PermissionRepository(turn.session).refuse(Channel.EMAIL, "Grace@Example.org", "one_click", NOW)
    assert {end[2] for end in send_due(office, NOW) if end[1] == "email"} == {"skipped"}
    assert (len(mails.messages), len(texts.messages)) == (0, 1)


def test_lost_jobs_are_found_again_and_a_sender_that_died_is_named(
    office: PostOffice, booked: Appointment, sessions: sessionmaker[Session]
) -> None:
    first, second = [row.id for row in rows(office)][:2]
    with sessions.begin() as session:
        session.execute(text("delete from procrastinate_jobs"))
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == first)
            .values(state="sending", updated_at=NOW - timedelta(hours=2))
        )
    with sessions.begin() as session:
        assert OutboxRepository(session).sweep(NOW + timedelta(minutes=2)) == 2
        jobs = session.scalars(text("select args ->> 'message_id' from procrastinate_jobs")).all()
    assert jobs == [str(second)]
    assert rows(office)[0].state == "unknown"


def test_news_of_delivery_in_any_order_ends_in_a_legal_state(
    office: PostOffice, booked: Appointment, sessions: sessionmaker[Session]
) -> None:
    send_due(office, NOW)
    message_id = rows(office)[0].id
    for news in ("failed", "delivered", "sent", "failed", "planned", "sending"):
        with sessions.begin() as session:
            before = session.get_one(OutboxMessage, message_id).state
            moved = OutboxRepository(session).move(message_id, MessageState(news))
        assert moved is (MessageState(news) in MESSAGE_MOVES[MessageState(before)])
    assert rows(office)[0].state == "delivered"


def test_when_the_rules_of_a_zone_change_the_call_and_its_reminders_move_but_not_the_wall_time(
    office: PostOffice, booked: Appointment, desk: Callable[..., Any], tmp_path: Path
) -> None:
    write_zone(tmp_path, ZONE, "2099z", "NEW7")  # from now on seven hours behind, summer and winter
    zones = TimeZones(tmp_path)
    assert booked.due_at is not None
    before = {row.id: row.due_at for row in rows(office)}
    with desk(zones=zones) as turn:
        moved = recompute(turn)
        again = recompute(turn)
    after = WALL.replace(tzinfo=UTC) + timedelta(hours=7)
    by = after - booked.due_at
    with office.sessions() as session:
        kept = session.get_one(Appointment, booked.id)
        assert (moved, again) == (1, 0)
        assert (kept.wall_time, kept.due_at, kept.zone_edition, kept.edition) == (WALL, after, "2099z", 0)
        assert session.get_one(Interview, booked.interview_id).scheduled_at == after
    assert {row.id: row.due_at for row in rows(office)} == {key: due + by for key, due in before.items()}


def test_calendar_files_follow_the_call_and_two_readers_accept_them(
    office: PostOffice, booked: Appointment, desk: Callable[..., Any], mails: Mailbag
) -> None:
    send_due(office, NOW)
    with desk() as turn:
        move_to(turn, turn.session.get_one(Appointment, booked.id), LocalTime(WALL.replace(hour=16), ZONE))
    send_due(office, NOW)
    with desk() as turn:
        cancel(turn, turn.session.get_one(Appointment, booked.id), by="candidate")
    send_due(office, NOW)
    files = [message.calendar for message in mails.messages]
    read = [icalendar.Calendar.from_ical(file) for file in files]
    events = [calendar.walk("VEVENT")[0] for calendar in read]
    assert [str(calendar["METHOD"]) for calendar in read] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [message.calendar_method for message in mails.messages] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for event in events}) == 1
    assert [event["SEQUENCE"] for event in events] == [0, 1, 2]
    assert [event["DTSTART"].dt.hour for event in events] == [14, 16, 16]
    assert str(events[2]["STATUS"]) == "CANCELLED"
    for file, hour in zip(files, (14, 16, 16), strict=True):
        other = vobject.readOne(file.decode())
        begins = other.vevent.dtstart.value
        assert (begins.hour, begins.utcoffset()) == (hour, WALL.replace(tzinfo=ZONES.rules(ZONE)).utcoffset())
        assert other.vtimezone.tzid.value == ZONE
        assert other.vevent.attendee.value == "mailto:grace@example.org"
        assert all(len(line) <= 75 for line in file.split(b"\r\n"))


def test_mails_have_the_structure_that_filters_expect(office: PostOffice, booked: Appointment, mails: Mailbag) -> None:
    send_due(office, NOW)
    (message,) = mails.messages
    assert mail_faults(message, NOW, "https://interviews.example") == []
    mail = parsed(message, NOW)
    assert re.fullmatch(r"<https://interviews\.example/c/[a-z2-7]{64}/unsubscribe>", mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    assert all(re.fullmatch(r"https://\S+?/c/[a-z2-7]{64}", link) for link in re.findall(r"https://\S+", message.text))


def test_a_name_with_line_breaks_puts_no_header_into_the_mail(
    mails: Mailbag, office: PostOffice, booked: Appointment
) -> None:
    send_due(office, NOW)
    evil = replace(mails.messages[0], subject="Hello\r\nBcc: victim@example.org")
    mail = as_mail(evil, "Vivavoce <interviews@example.org>", NOW)
    assert mail["Bcc"] is None
    with pytest.raises(ValueError, match="linefeed"):
        as_mail(replace(evil, recipient="a@example.org\nBcc: b@example.org"), "x@example.org", NOW)


def test_without_a_mail_server_mails_and_texts_lie_in_a_folder(
    office: PostOffice, booked: Appointment, tmp_path: Path
) -> None:
    folders = {
        channel: OutboxFolder(tmp_path / "outbox", channel, "x@example.org") for channel in (Channel.EMAIL, Channel.SMS)
    }
    send_due(replace(office, messengers=folders), NOW)
    assert sorted(path.suffix for path in (tmp_path / "outbox").iterdir()) == [".eml", ".txt"]


class _Postbox(socketserver.StreamRequestHandler):
    """A mail server's side of SMTP, with an answer to the recipient that the test chooses."""

    def handle(self) -> None:
        server: Any = self.server
        self._say(b"220 ready")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"QUIT":
                self._say(b"221 bye")
                return
            if verb == b"RCPT":
                self._say(server.answer)
            elif verb == b"DATA":
                if server.breaks:
                    return
                self._say(b"354 go on")
                while (text := self.rfile.readline()) != b".\r\n":
                    server.received.append(text)
                self._say(b"250 queued")
            else:
                self._say(b"250 fine")

    def _say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


@contextmanager
def postbox(answer: bytes = b"250 ok", *, breaks: bool = False) -> Iterator[tuple[SmtpMail, list[bytes]]]:
    with socketserver.TCPServer(("127.0.0.1", 0), _Postbox) as server:
        server.answer, server.breaks, server.received = answer, breaks, []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        address = f"smtp://127.0.0.1:{server.server_address[1]}"
        yield SmtpMail(address, "x@example.org", timeout_s=5), server.received  # type: ignore[attr-defined]
        server.shutdown()
        thread.join()


def test_a_mail_server_takes_the_mail_as_it_was_made(office: PostOffice, booked: Appointment, mails: Mailbag) -> None:
    send_due(office, NOW)
    with postbox() as (smtp, received):
        assert str(smtp.send(mails.messages[0])).startswith("<")
    mail = email.message_from_bytes(b"".join(received), policy=email.policy.default)
    assert mail["To"] == "grace@example.org"


@pytest.mark.parametrize(
    ("answer", "breaks", "error"),
    [
        (b"550 no such user", False, MessageRefused),
        (b"450 mailbox busy", False, MessageDelayed),
        (b"250 ok", True, DeliveryUnknown),
    ],
)
def test_what_a_mail_server_answers_decides_what_happens_next(
    office: PostOffice, booked: Appointment, mails: Mailbag, answer: bytes, breaks: bool, error: type[Exception]
) -> None:
    send_due(office, NOW)
    with postbox(answer, breaks=breaks) as (smtp, _), pytest.raises(error):
        smtp.send(mails.messages[0])


def test_a_mail_server_that_is_away_means_later(office: PostOffice, booked: Appointment, mails: Mailbag) -> None:
    send_due(office, NOW)
    with pytest.raises(MessageDelayed, match="SMTP_URL"):
        SmtpMail("smtp://127.0.0.1:1", "x@example.org", timeout_s=2).send(mails.messages[0])
