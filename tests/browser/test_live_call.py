"""A call that really runs, watched and ended from its page: browser, pages, database, media socket and caller."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from engine.adapters.passwords import Passwords
from engine.questions.bank import load_bank
from engine.store.calls import CallRepository
from engine.store.models import User
from engine.vocabulary import AppointmentState, CallState, InterviewState
from engine.work.grading import grade_interview
from telephony import simulator
from telephony.simulator.exchange import person
from telephony.simulator.scenario import parse_scenario
from tests.browser.conftest import SCREENSHOTS, opened
from tests.browser.seed import PASSWORD
from tests.integration.dialling.conftest import PHONE, Office
from tests.integration.session.conftest import tone

RECORDINGS = Path(simulator.__file__).parent / "recordings"
expect.set_options(timeout=15_000)
ANSWERS_ONE_QUESTION = """
[[reply]]
on = "consent"
digits = "1"
after_ms = 100
[[reply]]
on = "ask:*"
audio = "consent.wav"
digits = "wwwww#"
after_ms = 100
"""


def test_the_user_watches_a_running_call_and_ends_it_from_the_page(browser: Browser, live_office: Office) -> None:
    office = live_office
    office.callees[PHONE] = person(parse_scenario(ANSWERS_ONE_QUESTION, RECORDINGS), tone)
    with office.sessions.begin() as session:
        session.get_one(User, office.owner.id).password_hash = Passwords(time_cost=1, memory_cost_kib=64).hash(PASSWORD)
    interview = office.plan(questions=3)
    office.dial(office.due_now(interview))

    with opened(browser, office, scripts=False) as tab:
        page = tab.page
        page.goto(f"/interviews/{interview.id}")
        page.get_by_label("E-mail address").fill(office.owner.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Five minutes more").click()
        expect(page.get_by_text("passed on")).to_be_visible()
        signed_in = page.context.storage_state()

    with opened(browser, office, state=signed_in) as tab:
        page = tab.page
        page.goto(f"/interviews/{interview.id}")
        lines = page.locator("[data-part=lines]")
        expect(lines.locator("li.candidate").last).to_contain_text("word")
        page.get_by_role("button", name="Next question").click()
        expect(page.locator("[data-part=question-number]")).to_have_text("2 of 3")
        page.get_by_text("End the call", exact=True).click()
        page.get_by_role("button", name="End it now").click()
        expect(page.get_by_role("status").filter(has_text="being ended with a kind word")).to_be_visible()
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(SCREENSHOTS / "live-call-ended.png"), full_page=True)
        expect(page.get_by_role("heading", name="The call is over")).to_be_visible()
        assert tab.complaints == []

    office.twilio.exchange.wait(10)
    [call] = office.calls(interview)
    with office.sessions() as session:
        goodbye = [turn.text for turn in CallRepository(session).turns_of(call.id) if turn.who == "agent"][-1]
    assert goodbye.startswith("We have to stop here.")
    assert (call.state, office.twilio.exchange.calls[0].problems) == (CallState.COMPLETED, [])
    ended = office.interview(interview)
    assert (ended.state, ended.end_reason) == (InterviewState.EVALUATING, "user_ended")
    office.settle(interview)
    assert office.appointment(interview).state == AppointmentState.KEPT
    grade_interview(office.sessions, load_bank(), interview.id)
    with opened(browser, office, state=signed_in) as tab:
        tab.page.goto(f"/interviews/{interview.id}")
        expect(tab.page.get_by_role("heading", name="The interview is over")).to_be_visible()
