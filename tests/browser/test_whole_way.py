"""The whole way of a newcomer: register, set up, be phoned, lose the line, be phoned again, and read the report."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from engine.questions.bank import load_bank
from engine.store.models import Interview
from engine.store.unit_of_work import UnitOfWork
from engine.vocabulary import InterviewState
from engine.work.grading import grade_interview
from telephony import simulator
from telephony.simulator.run import run_call
from telephony.simulator.scenario import Scenario, parse_scenario
from tests.browser.conftest import opened
from tests.browser.seed import PASSWORD
from tests.integration.dialling.conftest import OURS, PHONE, Office
from tests.integration.session.conftest import tone

RECORDINGS = Path(simulator.__file__).parent / "recordings"
LOSES_THE_LINE = f"""
dialled = "{OURS}"
[[reply]]
on = "consent"
digits = "1"
after_ms = 100
[[reply]]
on = "ask:*"
audio = "consent.wav"
digits = "wwwww#"
after_ms = 100
[[reply]]
on = "probe:*"
digits = "2"
after_ms = 100
[[reply]]
on = "ask:*"
text = "Well"
after_ms = 100
hang_up = true
"""
COMES_BACK = f"""
dialled = "{OURS}"
[[reply]]
on = "consent"
digits = "1"
after_ms = 100
[[reply]]
on = "ask:*"
audio = "consent.wav"
digits = "wwwww#"
after_ms = 100
times = 0
[[reply]]
on = "probe:*"
digits = "2"
after_ms = 100
times = 0
[[reply]]
on = "*"
digits = "#"
after_ms = 100
times = 0
"""


def test_a_newcomer_s_interview_survives_a_lost_line_and_is_reported(browser: Browser, live_office: Office) -> None:
    office = live_office
    with opened(browser, office) as tab:
        page = tab.page
        page.goto("/register")
        for label, text in (("First name", "Grace"), ("Last name", "Hopper"), ("E-mail address", "grace@example.org")):
            page.get_by_label(label).fill(text)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Repeat the password", exact=True).fill(PASSWORD)
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Create the account").click()
        page.wait_for_url("**/overview?welcome=1")
        page.goto("/interviews/new")
        page.get_by_label("Role").fill("Backend engineer")
        page.get_by_label("Databases").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_label("To try it out").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name="Name").fill("Mary Jackson")
        page.get_by_label("Telephone number").fill(PHONE)
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Set up the interview").click()
        expect(page.get_by_text("Enter this PIN")).to_be_visible()
        address = page.url.partition("?")[0]
        with office.sessions() as session:
            interview = session.query(Interview).one()

        assert phone_in(office, parse_scenario(LOSES_THE_LINE, RECORDINGS), interview.pin) == []
        page.reload()
        expect(page.get_by_text("Interrupted").first).to_be_visible()
        assert phone_in(office, parse_scenario(COMES_BACK, RECORDINGS), interview.pin) == []

        ended = office.interview(interview)
        assert (ended.state, ended.end_reason) == (InterviewState.EVALUATING, "completed")
        assert len(office.calls(interview)) == 2
        with UnitOfWork(office.sessions) as work:
            answers = [answer for _, answer in work.interviews.questions_with_answers(interview.id)]
        assert [bool(answer and answer.text.strip()) for answer in answers] == [True, True, True]
        grade_interview(office.sessions, load_bank(), interview.id)
        page.goto(f"{address}/report")
        expect(page.get_by_role("heading", level=1)).to_have_text("Report: Backend engineer, mid")
        expect(page.locator(".question")).to_have_count(3)
        assert tab.complaints == []


def phone_in(office: Office, scenario: Scenario, pin: str) -> list[str]:
    """A call from a real socket, to its end; returns what went wrong on the way."""
    account = {"auth_token": "the account's secret", "account_sid": "AC1"}
    return list(run_call(scenario, url=office.url, pin=pin, voice=tone, **account).problems)
