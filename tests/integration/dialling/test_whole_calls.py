"""Booked, dialled, answered, interviewed, reported: each time through every wire there is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import AppointmentState, CallState, InterviewState
from engine.work.booking import book_now
from engine.work.reconciling import ask_about_silent_calls
from telephony import simulator
from telephony.simulator.exchange import person
from telephony.simulator.scenario import parse_scenario
from tests.fakes.twilio_rest import Callee, NewsFaults, fake_twilio
from tests.integration.dialling.conftest import PHONE, Office, pointed_at, with_grading, work_until
from tests.integration.session.conftest import tone

RECORDINGS = Path(simulator.__file__).parent / "recordings"
WILLING = """
[[reply]]
on = "consent"
digits = "1"
after_ms = 100
[[reply]]
on = "ask:*"
digits = "2"
after_ms = 100
[[reply]]
on = "probe:*"
digits = "2"
after_ms = 100
[[reply]]
on = "closing"
digits = "#"
after_ms = 100
"""


def test_call_me_now_rings_the_candidate_and_ends_in_a_report(live_office: Office) -> None:
    office = live_office
    office.callees[PHONE] = person(parse_scenario(WILLING, RECORDINGS), tone)
    interview = office.plan()
    office.book(book_now, interview)

    def is_reported() -> bool:
        with UnitOfWork(office.sessions) as work:
            has_report = work.reports.latest(interview.id) is not None
        return has_report and office.appointment(interview).state != AppointmentState.TAKEN

    work_until(with_grading(office.job_app(), office), is_reported)

    office.twilio.exchange.wait(10)
    [call] = office.calls(interview)
    assert (call.state, call.direction, call.try_number) == (CallState.COMPLETED, "outbound", 1)
    assert call.call_sid == office.twilio.exchange.calls[0].sid
    assert len(office.twilio.requests) == 1
    assert office.interview(interview).state == InterviewState.COMPLETED
    assert office.appointment(interview).state == AppointmentState.KEPT
    assert office.twilio.exchange.calls[0].problems == []


def test_news_that_are_lost_late_and_doubled_end_in_the_truth(live_office: Office) -> None:
    url = live_office.settings.public_base_url
    faults = NewsFaults(lost=0.25, late=0.25, doubled=0.25, seed=7)
    with fake_twilio("AC1", "the account's secret", lambda number: Callee("busy"), url, news=faults) as twilio:
        office = replace(live_office, twilio=twilio, settings=pointed_at(live_office.settings, twilio))
        interviews = [office.plan(f"+1202555018{number}") for number in range(6)]
        for interview in interviews:
            assert office.dial(office.due_now(interview)) is not None
        twilio.exchange.wait(10)
        twilio.exchange.wait_for_late_news(5)
        dialler = office.dialler()
        ask_about_silent_calls(dialler, office.now() + timedelta(seconds=80))
        assert dialler.placer is not None
        dialler.placer.close()

    assert {office.calls(interview)[-1].state for interview in interviews} == {CallState.BUSY}
    assert len(twilio.requests) == len(interviews)
