"""Each page in both colours at two widths: accessible, silent on the console, and never scrolling sideways."""

import os
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import SCREENSHOTS, Site, Tab, opened
from tests.browser.seed import Seeded

_WANTS_PICTURES = bool(os.environ.get("SCREENSHOTS"))
"""SCREENSHOTS=1 keeps a picture of each look below var/screenshots: a third of the time that these tests take."""
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]

VISITORS = {
    "landing": "/",
    "login": "/login",
    "register": "/register",
    "forgot-password": "/forgot-password",
    "help": "/help",
    "not-found": "/nothing-here",
}
PAGES: dict[str, Callable[[Seeded], str]] = {
    "overview": lambda seeded: "/overview",
    "interviews": lambda seeded: "/interviews",
    "interviews-none-match": lambda seeded: "/interviews?text=nobody",
    "new-interview": lambda seeded: "/interviews/new",
    "setup-conduct": lambda seeded: f"{seeded.draft}/conduct",
    "setup-time": lambda seeded: f"{seeded.draft}/time",
    "setup-review": lambda seeded: f"{seeded.draft}/review",
    "templates": lambda seeded: "/templates",
    "template": lambda seeded: f"/templates/{seeded.template}",
    "interview-scheduled": lambda seeded: f"/interviews/{seeded.scheduled}",
    "interview-live": lambda seeded: f"/interviews/{seeded.live}",
    "interview-evaluating": lambda seeded: f"/interviews/{seeded.evaluating}",
    "interview-completed": lambda seeded: f"/interviews/{seeded.completed}",
    "interview-cancelled": lambda seeded: f"/interviews/{seeded.cancelled}",
    "cancel": lambda seeded: f"/interviews/{seeded.scheduled}/cancel",
    "report": lambda seeded: f"/interviews/{seeded.completed}/report",
    "report-partial": lambda seeded: f"/interviews/{seeded.partial}/report",
    "report-waiting": lambda seeded: f"/interviews/{seeded.evaluating}/report",
    "account": lambda seeded: "/account",
    "transfer": lambda seeded: "/account/transfer",
    "webhooks": lambda seeded: "/account/webhooks",
    "webhook": lambda seeded: f"/account/webhooks/{seeded.webhook}",
    "operator": lambda seeded: "/operator",
    "interview-booked": lambda seeded: f"/interviews/{seeded.booked}",
    "change-appointment": lambda seeded: f"/interviews/{seeded.booked}/schedule",
    "agenda": lambda seeded: "/agenda",
    "outbox": lambda seeded: "/outbox",
    "bulk": lambda seeded: "/interviews/bulk",
}
LINKS: dict[str, Callable[[Seeded], str]] = {
    "candidate-pick": lambda seeded: seeded.links["pick"],
    "candidate-cancel": lambda seeded: seeded.links["cancel"],
    "candidate-decline": lambda seeded: seeded.links["decline"],
    "mailed-verify": lambda seeded: seeded.mailed["verify"],
    "mailed-new-password": lambda seeded: seeded.mailed["reset-password"],
}
LOOKS: list[tuple[Literal["light", "dark"], int]] = [("light", 1280), ("light", 360), ("dark", 360), ("dark", 1280)]


@pytest.mark.parametrize("name", VISITORS)
def test_pages_for_visitors_are_sound(browser: Browser, site: Site, axe_source: str, name: str) -> None:
    with opened(browser, site) as tab:
        tab.page.goto(VISITORS[name])
        _check_looks(tab, axe_source, name)


@pytest.mark.parametrize("name", LINKS)
def test_pages_behind_links_of_messages_are_sound(browser: Browser, site: Site, axe_source: str, name: str) -> None:
    with opened(browser, site) as tab:
        tab.page.goto(LINKS[name](site.seeded))
        _check_looks(tab, axe_source, name)


@pytest.mark.parametrize("name", PAGES)
def test_pages_behind_the_login_are_sound(
    browser: Browser, site: Site, axe_source: str, signed_in: object, name: str
) -> None:
    with opened(browser, site, state=signed_in) as tab:
        tab.page.goto(PAGES[name](site.seeded))
        _check_looks(tab, axe_source, name)


def test_the_first_page_of_a_newcomer_is_sound(browser: Browser, site: Site, axe_source: str, newcomer: object) -> None:
    with opened(browser, site, state=newcomer) as tab:
        tab.page.goto("/overview?welcome=1")
        _check_looks(tab, axe_source, "overview-empty")
        tab.page.goto("/account")
        _check_looks(tab, axe_source, "account-unverified")


def test_a_form_with_errors_is_sound(browser: Browser, site: Site, axe_source: str, signed_in: object) -> None:
    with opened(browser, site, state=signed_in) as tab:
        tab.page.goto("/interviews/new")
        tab.page.get_by_role("button", name="Next").click()
        tab.page.wait_for_selector("#errors")
        _check_looks(tab, axe_source, "new-interview-errors")


def _check_looks(tab: Tab, axe_source: str, name: str) -> None:
    """The page in each of the looks: colours and widths are matters of style sheets, so one loading serves for all."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = tab.page
    page.evaluate(axe_source)
    faults: list[str] = []
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        if _WANTS_PICTURES:
            page.screenshot(path=str(SCREENSHOTS / f"{name}-{scheme}-{width}.png"), full_page=True)
        result = page.evaluate(
            "rules => axe.run({exclude: [['option']]}, {runOnly: rules, resultTypes: ['violations'], iframes: false})",
            AXE_RULES,
        )
        faults += [
            f"{scheme} {width}: {violation['id']}: {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if overflow > 0:
            faults.append(f"{scheme} {width}: scrolls {overflow} px sideways")
    # The console reports the status of the page itself where it is an error; everything else counts.
    faults += [said for said in tab.complaints if "status of 4" not in said]
    assert faults == []
