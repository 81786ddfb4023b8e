"""A candidate asks for a person: put through in office hours, else called back; or never to be called again."""

from datetime import UTC, datetime, time, timedelta
from xml.etree import ElementTree

import pytest

from engine.ports import EventRecord
from engine.scheduling.office_hours import is_somebody_there
from engine.store.events import EventRepository
from engine.store.jobs import PUT_THROUGH, TELL_OF_BREAK
from engine.store.models import Call, Interview
from engine.store.permissions import PermissionRepository
from engine.store.tasks import TaskRepository
from engine.store.users import UserRepository
from engine.vocabulary import PUT_THROUGH as PUT_THROUGH_END
from engine.vocabulary import AppointmentState, CallState, Channel, InterviewState
from engine.work.after_break import tell_of_break
from engine.work.desk import Desk
from engine.work.putting_through import put_through
from telephony import words
from tests.integration.dialling.conftest import OURS, ZONES, Office
from tests.integration.store.conftest import ordinary_data

THURSDAY = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
THEIRS = "+12025550177"


@pytest.fixture
def interview(office: Office) -> Interview:
    return office.plan()


def running(office: Office, interview: Interview, *facts: tuple[str, dict[str, str]]) -> Call:
    """A call of ours on which somebody talks with us, and what became known since."""
    office.dial(office.due_now(interview))
    office.twilio.exchange.calls[-1].status = "in-progress"
    call = office.calls(interview)[-1]
    records = [("call_started", ordinary_data()["call_started"]), *facts]
    office.take_jobs()
    with office.sessions.begin() as session:
        EventRepository(session).ship(
            call.id, [EventRecord(n, 65_000 * n, "fact", name, dict(data)) for n, (name, data) in enumerate(records)]
        )
    return office.calls(interview)[-1]


def hear(office: Office, call: Call, sequence: int, fact: tuple[str, dict[str, str]]) -> None:
    """A further fact of a call comes to the database."""
    with office.sessions.begin() as session:
        EventRepository(session).ship(
            call.id, [EventRecord(sequence, 65_000 * sequence, "fact", fact[0], dict(fact[1]))]
        )


def tasks(office: Office) -> list[tuple[str, str, int | None]]:
    with office.sessions() as session:
        found = TaskRepository(session).open_of(office.owner.id)
    return [(task.kind, task.reason, task.at_ms) for task in found]


def reach(office: Office, phone: str | None = THEIRS) -> None:
    with office.sessions.begin() as session:
        UserRepository(session).set_transfer(office.owner.id, phone, time(9), time(17))


WANTS_PERSON = ("human_wanted", {"by": "words", "text": "Can I talk to a human?"})


def test_the_wish_is_a_task_with_its_words_and_its_place_in_the_recording(office: Office, interview: Interview) -> None:
    running(office, interview, WANTS_PERSON)
    assert tasks(office) == [("call_back", 'Asked for a person: "Can I talk to a human?"', 65_000)]
    assert len(office.jobs(PUT_THROUGH)) == 1


@pytest.mark.parametrize(
    ("fact", "task"),
    [
        ("call_back_wanted", ("call_back", "Would like to be called at another time.", 65_000)),
        ("wrong_person", ("not_reached", "Somebody else answered at this number.", 65_000)),
    ],
)
def test_what_was_promised_on_the_call_becomes_a_task(
    office: Office, interview: Interview, fact: str, task: tuple[str, str, int]
) -> None:
    running(office, interview, (fact, {"by": "words", "text": "Yes."}))
    assert tasks(office) == [task]
    assert office.jobs(PUT_THROUGH) == []


def test_in_office_hours_the_call_is_put_through_and_the_person_asked_first(
    office: Office, interview: Interview
) -> None:
    call = running(office, interview, WANTS_PERSON)
    reach(office)
    assert put_through(office.dialler(), call.id, THURSDAY)

    [document] = office.twilio.exchange.calls[0].documents
    say, dial = ElementTree.fromstring(document)
    number = dial[0]
    assert say.text == words.PUTTING_THROUGH
    assert (number.text, dial.get("callerId")) == (THEIRS, OURS)
    base = office.settings.public_base_url
    whisper, after = f"/telephony/whisper?call={call.id}", f"/telephony/put-through?call={call.id}"
    assert (number.get("url"), dial.get("action")) == (base + whisper, base + after)

    asked = ElementTree.fromstring(office.tell(whisper, CallSid="CA77").text)
    assert [verb.tag for verb in asked] == ["Gather", "Hangup"], "a mailbox presses no key"
    assert "Grace" in (asked[0][0].text or "")
    hear(office, call, 2, ("call_ended", {"reason": "hung_up"}))
    assert len(office.jobs(TELL_OF_BREAK)) == 1, "nobody has taken the call yet"

    nobody = office.tell(after, CallSid=str(call.call_sid), DialCallStatus="no-answer")
    assert [verb.tag for verb in ElementTree.fromstring(nobody.text)] == ["Say", "Redirect"]
    assert len(tasks(office)) == 1
    assert len(ElementTree.fromstring(office.tell(whisper, CallSid="CA77", Digits="5").text)) == 0
    assert (office.calls(interview)[0].end_reason, office.interview(interview).end_reason) == (PUT_THROUGH_END,) * 2
    with office.sessions.begin() as session:
        desk = Desk(session, ZONES, office.hours, office.now())
        assert tell_of_break(desk, interview.id, call.id) is None, "nothing broke off"
    talked = office.tell(after, CallSid=str(call.call_sid), DialCallStatus="completed", DialBridged="true")
    assert [verb.tag for verb in ElementTree.fromstring(talked.text)] == ["Say", "Hangup"]
    assert tasks(office) == []


def test_the_news_that_the_line_was_left_may_come_after_a_person_took_the_call(
    office: Office, interview: Interview
) -> None:
    call = running(office, interview, WANTS_PERSON)
    office.tell(f"/telephony/whisper?call={call.id}", CallSid="CA77", Digits="5")
    hear(office, call, 2, ("call_ended", {"reason": "hung_up"}))
    assert office.interview(interview).state == InterviewState.INTERRUPTED
    assert office.interview(interview).end_reason == PUT_THROUGH_END
    assert office.jobs(TELL_OF_BREAK) == []


def test_out_of_hours_without_a_number_or_after_the_call_nobody_is_rung(office: Office, interview: Interview) -> None:
    call = running(office, interview)
    assert not put_through(office.dialler(), call.id, THURSDAY), "no number"
    reach(office)
    assert not put_through(office.dialler(), call.id, THURSDAY + timedelta(hours=9))
    assert not put_through(office.dialler(), call.id, THURSDAY + timedelta(days=2)), "a Saturday"
    office.tell("/telephony/whisper?call=nonsense", CallSid="CA77")
    assert office.twilio.exchange.calls[0].documents == []


@pytest.mark.parametrize("by", ["key", "words"])
def test_never_again_is_obeyed_at_once(office: Office, interview: Interview, by: str) -> None:
    running(office, interview, ("calls_refused", {"by": by, "text": "stop calling me"}))
    with office.sessions() as session:
        assert PermissionRepository(session).is_refused(Channel.CALL, interview.candidate.phone)
    assert office.appointment(interview).state == AppointmentState.CANCELLED
    assert office.calls(interview)[0].state == CallState.LIVE, "the goodbye is still said"


def test_hours_of_the_office() -> None:
    assert is_somebody_there(THURSDAY, None, None)
    assert is_somebody_there(THURSDAY, time(9), time(17))
    assert not is_somebody_there(THURSDAY, time(12), time(17))
    assert not is_somebody_there(THURSDAY + timedelta(days=3), None, None)
