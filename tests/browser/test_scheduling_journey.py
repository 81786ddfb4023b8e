"""From the form to the candidate's pick and back, in a real browser, with scripts and without."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Site, opened


@pytest.mark.parametrize(("scripts", "role"), [(True, "Backend engineer"), (False, "Data engineer")])
def test_a_call_is_offered_picked_moved_and_cancelled(
    browser: Browser, site: Site, newcomer: object, scripts: bool, role: str
) -> None:
    day = datetime.now(UTC).date() + timedelta(days=2)
    with opened(browser, site, state=newcomer, scripts=scripts) as tab:
        page = tab.page
        page.goto("/interviews/new")
        page.get_by_label("Role").fill(role)
        page.get_by_label("Python", exact=True).check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("textbox", name="Name").fill("Mary Jackson")
        page.get_by_label("Telephone number").fill("+1 202 555 0168")
        page.get_by_label("Time zone of the candidate").select_option("Europe/Berlin")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_label("First day", exact=True)).to_be_hidden()
        page.get_by_label("The candidate picks").check()
        page.get_by_label("First day", exact=True).fill(str(day))
        page.get_by_label("Last day", exact=True).fill(str(day + timedelta(days=7)))
        page.get_by_role("button", name="Next").click()
        page.get_by_role("button", name="Set up the interview").click()
        expect(page.get_by_text("Waits for a pick")).to_be_visible()
        link = str(page.locator("a", has_text=re.compile("/c/")).get_attribute("href"))
        with opened(browser, site, width=360, scripts=False) as candidate:
            candidate.page.goto("/c/" + link.rpartition("/c/")[2])
            candidate.page.locator(".hours .choice").nth(2).click()
            candidate.page.get_by_role("button", name="Book this time").click()
            expect(candidate.page.get_by_role("heading", level=1)).to_have_text("Your call is booked")
            assert candidate.complaints == []
        page.reload()
        expect(page.get_by_text("Booked", exact=True)).to_be_visible()
        page.get_by_role("link", name="Move it").click()
        later = day + timedelta(days=(8 - day.weekday()) % 7 or 7)
        page.get_by_label("Date and time").fill(f"{later}T11:15")
        page.get_by_role("button", name="Save the appointment").click()
        page.goto("/agenda")
        expect(page.get_by_text(f"{later.day} {later:%b %Y}, 11:15", exact=False).first).to_be_visible()
        page.get_by_role("link", name=f"{role}, mid").click()
        page.goto(page.url.partition("?")[0] + "/cancel")
        page.get_by_role("button", name="Cancel the interview").click()
        expect(page.get_by_role("heading", name="This interview was cancelled")).to_be_visible()
        assert tab.complaints == []
