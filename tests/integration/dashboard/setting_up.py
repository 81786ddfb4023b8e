"""Walking through the set-up as a browser does: one form after the other."""

from typing import Any

from werkzeug.test import TestResponse

from tests.integration.dashboard.page_rules import CheckingClient

STEPS = ("position", "conduct", "candidate", "time")
_BELONGS = {
    "role": "position",
    "level": "position",
    "topics": "position",
    "owner_id": "position",
    "question_count": "conduct",
    "rubric": "conduct",
    "faq_question": "conduct",
    "faq_answer": "conduct",
    "candidate_name": "candidate",
    "candidate_phone": "candidate",
    "candidate_time_zone": "candidate",
    "candidate_email": "candidate",
    "may_call": "candidate",
}


def part(form: dict[str, Any], step: str) -> dict[str, Any]:
    """What of a whole form belongs to one step; whatever has no other place belongs to the time."""
    return {name: value for name, value in form.items() if _BELONGS.get(name, "time") == step}


def walk(client: CheckingClient, form: dict[str, Any]) -> TestResponse:
    """Send each step and go on; the answer to the last one sent: a redirect to the review if all is well."""
    place = "/interviews/new"
    token = {"csrf_token": client.csrf(place)}
    for step in STEPS:
        response = client.post(place, data=token | part(form, step))
        if response.status_code != 303:
            return response
        place = str(response.location)
    return response


def set_up(client: CheckingClient, form: dict[str, Any]) -> TestResponse:
    """All steps and the confirmation; the first answer that does not lead on, or the one to the confirmation."""
    response = walk(client, form)
    return client.submit(str(response.location), {}) if response.status_code == 303 else response
