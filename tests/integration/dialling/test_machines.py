"""A machine picks up: no interview is held with it, one message is left, and the candidate is rung again."""

from datetime import timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from engine.ports import EventRecord
from engine.store.events import EventRepository
from engine.store.jobs import ANSWERED
from engine.store.models import Call, Interview
from engine.vocabulary import AppointmentState, CallState, InterviewState
from engine.work.answering import answered
from engine.work.booking import book_now
from telephony.simulator.exchange import person
from telephony.simulator.scenario import parse_scenario
from tests.integration.dialling.conftest import PHONE, Office, work_until
from tests.integration.session.conftest import tone
from tests.integration.store.conftest import ordinary_data

QUIET = """
[[reply]]
on = "nothing of ours"
text = "never said"
"""
SOON = timedelta(seconds=1)


def connected(office: Office, interview: Interview) -> Call:
    """A call of ours that somebody or something has picked up."""
    office.dial(office.due_now(interview))
    office.twilio.exchange.calls[-1].status = "in-progress"
    return office.calls(interview)[-1]


def tell(office: Office, call: Call, kind: str, value: str) -> str:
    dialler = office.dialler()
    try:
        return answered(dialler, call.id, kind, value, office.now()).value  # type: ignore[arg-type]
    finally:
        assert dialler.placer is not None
        dialler.placer.close()


def test_a_voicemail_gets_number_and_pin_once_and_the_next_call_hangs_up(office: Office) -> None:
    interview = office.plan()
    call = connected(office, interview)
    assert tell(office, call, "detected", "machine") == "nothing"
    assert tell(office, call, "detected", "machine_listens") == "leave_message"
    assert tell(office, call, "heard", "voicemail") == "nothing"

    [document] = office.twilio.exchange.calls[0].documents
    verbs = list(ElementTree.fromstring(document))
    assert [verb.tag for verb in verbs] == ["Pause", "Say", "Hangup"]
    said = verbs[1].text or ""
    assert ", ".join(interview.pin) in said
    assert len(said.split()) < 60, "short"
    [call] = office.calls(interview)
    assert (call.state, call.answered_by) == (CallState.VOICEMAIL, "voicemail")

    office.settle(interview)
    again = office.appointment(interview)
    assert again.state == AppointmentState.BOOKED
    assert again.due_at is not None
    assert timedelta(minutes=29) < again.due_at - office.now() < timedelta(minutes=31)
    office.dial(again, again.due_at - office.now())
    office.twilio.exchange.calls[-1].status = "in-progress"
    assert tell(office, office.calls(interview)[-1], "detected", "machine_listens") == "hang_up"
    assert office.twilio.exchange.calls[-1].documents == []


def test_a_screening_service_is_told_who_calls_and_waited_for(office: Office) -> None:
    interview = office.plan()
    call = connected(office, interview)
    assert tell(office, call, "heard", "screening") == "explain"
    assert tell(office, call, "detected", "machine_listens") == "nothing"

    [document] = office.twilio.exchange.calls[0].documents
    say, pause, redirect = ElementTree.fromstring(document)
    assert "Vivavoce" in (say.text or "")
    assert "Grace" in (say.text or "")
    assert int(pause.get("length", "0")) >= 5
    assert (redirect.text or "").endswith(f"/telephony/voice?interview_id={interview.id}&call={call.id}")
    assert office.calls(interview)[0].state == CallState.RINGING


@pytest.mark.parametrize("who", ["mailbox_full", "menu"])
def test_where_nobody_can_be_reached_the_line_is_put_down_without_a_word(office: Office, who: str) -> None:
    interview = office.plan()
    call = connected(office, interview)
    assert tell(office, call, "heard", who) == "hang_up"
    assert office.twilio.exchange.calls[0].documents == []
    assert office.twilio.exchange.calls[0].status == "canceled"
    [call] = office.calls(interview)
    assert (call.state, call.end_reason) == (CallState.VOICEMAIL, who)


def test_somebody_who_agreed_is_a_person_whatever_the_line_believes(office: Office) -> None:
    interview = office.plan()
    call = connected(office, interview)
    data = ordinary_data()
    with office.sessions.begin() as session:
        records = [
            EventRecord(n, n, "fact", name, data[name]) for n, name in enumerate(("call_started", "consent_given"))
        ]
        EventRepository(session).ship(call.id, records)
    assert tell(office, call, "detected", "machine_listens") == "nothing"
    assert office.calls(interview)[0].state == CallState.LIVE


def test_words_of_a_machine_in_a_call_reach_whoever_places_calls(office: Office) -> None:
    interview = office.plan()
    call = connected(office, interview)
    office.take_jobs()
    with office.sessions.begin() as session:
        heard = EventRecord(0, 900, "fact", "machine_heard", {"who": "voicemail", "text": "after the tone"})
        EventRepository(session).ship(call.id, [heard])
    assert len(office.jobs(ANSWERED)) == 1


def test_twilios_verdict_comes_signed_and_in_its_own_words(office: Office) -> None:
    interview = office.plan()
    call = connected(office, interview)
    office.take_jobs()
    path, sid = f"/telephony/answered-by?call={call.id}", str(call.call_sid)
    assert office.tell(path, CallSid=sid, AnsweredBy="machine_end_beep").status_code == 204
    assert office.tell(path, CallSid=sid, AnsweredBy="a parrot").status_code == 204
    assert office.tell(path, token="another", CallSid=sid, AnsweredBy="fax").status_code == 403
    assert len(office.jobs(ANSWERED)) == 1


def test_a_call_to_a_voicemail_ends_with_the_message_and_leaves_the_interview_as_it_was(live_office: Office) -> None:
    office = live_office
    office.callees[PHONE] = person(
        parse_scenario(QUIET, None),
        tone,
        answered_by="machine_end_beep",
        detected_after_s=0.5,  # type: ignore[arg-type]
    )
    interview = office.plan()
    office.book(book_now, interview)

    def is_over() -> bool:
        calls = office.twilio.exchange.calls
        return bool(calls) and calls[0].status == "completed" and office.calls(interview)[0].state == "voicemail"

    work_until(office.job_app(), is_over)

    office.twilio.exchange.wait(10)
    result = office.twilio.exchange.calls[0].result
    assert result is not None
    assert any("enter the PIN" in said for said in result.outcome.said)
    office.settle(interview)
    assert office.interview(interview).state == InterviewState.SCHEDULED
    assert office.appointment(interview).state == AppointmentState.BOOKED
    with office.sessions() as session:
        assert session.scalars(select(Call.state)).all() == [CallState.VOICEMAIL]
