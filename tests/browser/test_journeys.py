"""What people do: with the keyboard alone, with the recording, without scripts, and while a call runs."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session, sessionmaker

from engine.questions.bank import load_bank
from engine.work.grading import grade_interview
from tests.browser.conftest import SCREENSHOTS, Site, opened
from tests.browser.seed import PASSWORD, running_call
from tests.integration.dashboard.sample_interviews import new_interview

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)


OUTLINE_WIDTH = """() => {
    const around = document.activeElement.closest("label.choice");  // a choice shows it around its words, too
    const style = getComputedStyle(around ?? document.activeElement);
    return style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
}"""


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def tab_to(page: Page, wanted: str) -> None:
    """Press Tab until the element with this id or text has the focus, and see that the focus is visible."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == wanted:
            width = page.evaluate(OUTLINE_WIDTH)
            assert width >= 2, f"the focus on {wanted} cannot be seen"
            return
    raise AssertionError(f"Tab never reached {wanted}")


def test_one_can_log_in_and_set_an_interview_up_with_the_keyboard_alone(browser: Browser, site: Site) -> None:
    with opened(browser, site) as tab:
        page = tab.page
        page.goto("/login")
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to the content"
        page.keyboard.press("Enter")
        tab_to(page, "email")
        page.keyboard.type(site.seeded.email)
        tab_to(page, "password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/overview")
        tab_to(page, "Interviews")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Interviews")
        tab_to(page, "New interview")
        page.keyboard.press("Enter")
        page.wait_for_url("**/interviews/new")
        tab_to(page, "role")
        page.keyboard.type("Keyboard engineer")
        tab_to(page, "topics")
        page.keyboard.press("Space")
        for step in ("conduct", "candidate"):
            tab_to(page, "Next")
            page.keyboard.press("Enter")
            page.wait_for_url(f"**/{step}")
        tab_to(page, "candidate_name")
        page.keyboard.type("Christopher Sholes")
        tab_to(page, "candidate_phone")
        page.keyboard.type("+1 202 555 0177")
        page.keyboard.press("Enter")
        page.wait_for_url("**/time")
        tab_to(page, "Next")
        page.keyboard.press("Enter")
        page.wait_for_url("**/review")
        tab_to(page, "Set up the interview")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Enter this PIN")).to_be_visible()
        assert tab.complaints == []


def test_an_interview_is_set_up_from_the_form_and_its_errors_lead_to_their_fields(
    browser: Browser, site: Site, newcomer: object
) -> None:
    with opened(browser, site, state=newcomer) as tab:
        page = tab.page
        page.goto("/interviews/new")
        page.get_by_label("Role").fill("Backend engineer")
        page.get_by_role("button", name="Next").click()
        summary = page.locator("#errors")
        expect(summary).to_be_focused()
        summary.get_by_role("link", name="Topics").click()
        expect(page.get_by_label("Python", exact=True)).to_be_focused()
        page.keyboard.press("Space")
        expect(page.get_by_label("Role")).to_have_value("Backend engineer")
        page.get_by_role("button", name="Next").click()
        expect(page.locator("[aria-current=step]")).to_have_text("Length and grading")
        page.get_by_role("button", name="Room for more").click()
        page.get_by_label("Question 1").fill("Can I work from home?")
        page.get_by_label("Answer 1").fill("Yes, up to three days a week.")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name="Name").fill("Konrad Zuse")
        page.get_by_label("Telephone number").fill("+49 30 901820")
        page.get_by_role("button", name="Save the draft and leave").click()
        page.get_by_role("link", name="Go on with the draft: Backend engineer, for Konrad Zuse").click()
        expect(page.get_by_label("Telephone number")).to_have_value("+49 30 901820")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Review")
        page.get_by_label("Name of the template").fill("Backend")
        page.get_by_role("button", name="Save as a template").click()
        expect(page.get_by_role("status").filter(has_text="The template is saved")).to_be_visible()
        page.get_by_role("button", name="Set up the interview").click()
        expect(page.get_by_text("Enter this PIN")).to_be_visible()
        expect(page.get_by_text("+49 30 901820")).to_be_visible()
        expect(page.get_by_text("Yes, up to three days a week.")).to_be_visible()
        page.goto("/templates")
        page.get_by_role("link", name="Backend", exact=True).click()
        page.get_by_role("link", name="Delete it").click()
        page.get_by_role("button", name="Delete the template").click()
        expect(page.get_by_role("heading", name="No templates yet")).to_be_visible()
        assert [said for said in tab.complaints if "422" not in said] == []


def test_a_quote_plays_its_moment_and_keys_move_the_recording(browser: Browser, site: Site, signed_in: object) -> None:
    with opened(browser, site, state=signed_in) as tab:
        page = tab.page
        page.goto(f"/interviews/{site.seeded.completed}/report")
        quote = page.locator("button.quote").nth(1)
        at_s = float(quote.get_attribute("data-at") or 0) / 1000
        assert at_s > 3
        quote.click()
        page.wait_for_function("at => Math.abs(document.querySelector('audio').currentTime - at) < 2.5", arg=at_s)
        expect(page.locator("[data-part=player-status]")).to_contain_text("Playing from")
        assert re.search(r"#t=\d+$", page.url)
        page.evaluate("document.querySelector('audio').pause(); document.querySelector('.player').focus()")
        before = page.evaluate("document.querySelector('audio').currentTime")
        page.keyboard.press("ArrowRight")
        page.wait_for_function(
            "before => Math.abs(document.querySelector('audio').currentTime - before - 5) < 0.5", arg=before
        )
        page.keyboard.press("Space")
        page.wait_for_function("!document.querySelector('audio').paused")
        page.locator(".answer span[data-at]").first.click()
        first_s = float(page.locator(".answer span[data-at]").first.get_attribute("data-at") or 0) / 1000
        page.wait_for_function("at => Math.abs(document.querySelector('audio').currentTime - at) < 2.5", arg=first_s)
        assert tab.complaints == []


def test_the_report_prints_whole_and_without_chrome(browser: Browser, site: Site, signed_in: object) -> None:
    with opened(browser, site, state=signed_in) as tab:
        page = tab.page
        page.set_viewport_size({"width": 1200, "height": 2360})
        page.goto(f"/interviews/{site.seeded.completed}/report")
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(SCREENSHOTS / "report-picture.png"))
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator(".player").is_hidden()
        assert page.locator("header.top").is_hidden()
        assert page.locator("details.question").nth(2).get_attribute("open") is not None
        page.screenshot(path=str(SCREENSHOTS / "report-print.png"), full_page=True)
        assert page.pdf()[:5] == b"%PDF-"


def test_a_running_call_appears_word_by_word_and_becomes_a_report_by_itself(
    browser: Browser, site: Site, signed_in: object, site_sessions: sessionmaker[Session]
) -> None:
    interview_id = new_interview(site_sessions, site.seeded.user_id, title="Watched live")
    with opened(browser, site, state=signed_in) as tab:
        page = tab.page
        page.goto(f"/interviews/{interview_id}")
        expect(page.get_by_text("Enter this PIN")).to_be_visible()
        script = running_call(site_sessions, interview_id)
        expect(page.get_by_role("heading", name="The call")).to_be_visible()
        expect(page.locator("[data-part=partial]")).to_have_text("An index lets the database find rows without")
        script.hear("An index lets the database find rows without scanning")
        expect(page.locator("[data-part=partial]")).to_have_text(
            "An index lets the database find rows without scanning"
        )
        page.get_by_role("button", name="Next question").click()
        expect(page.get_by_role("status").filter(has_text="On to the next question")).to_be_visible()
        page.get_by_label("A note for yourself").fill("knows indexes")
        page.get_by_role("button", name="Keep it").click()
        expect(page.get_by_role("status").filter(has_text="The note is kept")).to_be_visible()
        script.fact("engine_switched", **{"port": "text_to_speech", "from": "deepgram-aura", "to": "local"})
        expect(page.locator("[data-part=change]")).to_contain_text("The voice changed from deepgram-aura to local at")
        line = page.locator("[data-part=line]")
        expect(line.get_by_role("status")).to_have_text("Fair: noise")
        script.fact("line_changed", quality="poor", reasons=["too quiet"], is_hopeless=False)
        expect(line.get_by_role("status")).to_have_text("Poor: the voice is faint")
        expect(line.locator("svg:visible")).to_have_count(1)
        script.answer(2, "An index lets the database find rows without scanning the whole table.")
        expect(page.locator("[data-part=lines]")).to_contain_text("scanning the whole table.")
        expect(page.locator("[data-part=partial]")).to_be_hidden()
        script.ask(3, 3, "databases-joins", "databases", "How do joins differ?")
        expect(page.locator("[data-part=question-number]")).to_have_text("3 of 3")
        script.answer(3, "An inner join returns only rows that match in both tables.")
        script.end()
        expect(page.get_by_text("The call is over")).to_be_visible()
        grade_interview(site_sessions, load_bank(), interview_id)
        page.get_by_role("link", name="Read the report").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Report: Watched live")
        assert tab.complaints == []


def test_everything_needed_works_without_scripts(browser: Browser, site: Site) -> None:
    with opened(browser, site, scripts=False) as tab:
        page = tab.page
        page.goto(f"/interviews/{site.seeded.live}")
        page.get_by_label("E-mail address").fill(site.seeded.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        expect(page.locator("[data-part=partial]")).to_have_text("An index lets the database find rows without")
        page.get_by_role("link", name="Interviews").first.click()
        page.get_by_label("Search").fill("Grace")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("link", name="Backend engineer, mid").click()
        page.get_by_role("link", name="Read the report").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Report: Backend engineer, mid")
        page.get_by_text("What does an index do in a database, and why").first.click()
        expect(page.get_by_text("An index lets the database find rows").first).to_be_visible()
        page.goto("/interviews/new")
        page.get_by_label("Role").fill("Data engineer")
        page.get_by_label("Databases").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Room for more").click()
        page.get_by_label("Full").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name="Name").fill("Katherine Johnson")
        page.get_by_role("button", name="Next").click()
        expect(page.locator("#candidate_phone-error")).to_have_text("Fill this in.")
        page.get_by_label("Telephone number").fill("+49 30 901821")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Back").click()
        expect(page.get_by_label("Telephone number")).to_have_value("+49 30 901821")
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("link", name="Change role and topics").click()
        page.get_by_label("Senior").check()
        page.get_by_role("button", name="Save, and back to the review").click()
        page.get_by_role("button", name="Set up the interview").click()
        expect(page.get_by_text("Enter this PIN")).to_be_visible()
        expect(page.get_by_text("15 questions", exact=True)).to_be_visible()


def test_the_choice_of_colours_holds_from_page_to_page(browser: Browser, site: Site) -> None:
    with opened(browser, site) as tab:
        page = tab.page
        page.goto("/help")
        with page.expect_response("**/theme"):
            page.get_by_role("button", name="Dark").click()
        page.goto("/login")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(20, 23, 28)"
        assert tab.complaints == []
