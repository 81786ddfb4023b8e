from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.dashboard.conftest import Person
from tests.integration.dashboard.test_json_api import NEW, Program, program
from tests.integration.dashboard.test_schedule_pages import ahead

__all__ = ["program"]
AT = {"when": "at", "scheduled_local": ahead(5)}


def make(program: Program, **changes: Any) -> tuple[int, dict[str, Any]]:
    body = NEW | {"candidate_time_zone": "Europe/London", "appointment": AT, "may_call": True} | changes
    return program.call("POST", "/interviews", json=body)


def test_a_call_is_booked_read_moved_and_listed(program: Program, ada: Person) -> None:
    status, made = make(program, candidate_email="grace@example.org")
    assert status == 201
    path = f"/interviews/{made['data']['id']}/appointment"
    found = program.call("GET", path)[1]["data"]
    assert (found["kind"], found["state"], found["gates"]) == ("at", "booked", [])
    assert found["wall_time"] == f"{ahead(5)}:00"
    assert datetime.fromisoformat(found["due_at"]) > datetime.now(UTC)
    status, moved = program.call("POST", path, json={"when": "at", "scheduled_local": ahead(6)})
    assert (status, moved["data"]["edition"]) == (200, 1)
    assert [row["wall_time"] for row in program.call("GET", "/agenda")[1]["data"]] == [f"{ahead(6)}:00"]
    outbox = program.call("GET", "/outbox?limit=100")[1]
    assert {row["channel"] for row in outbox["data"]} == {"email", "sms"}
    window = {"when": "window", "window_first": ahead(2, ""), "window_last": ahead(9, "")}
    offered = program.call("POST", path, json=window)[1]["data"]
    assert (offered["state"], "/c/" in offered["pick_url"]) == ("open", True)
    program.call("POST", f"/interviews/{made['data']['id']}/cancel")
    assert program.call("POST", path, json=AT)[0] == 409


@pytest.mark.parametrize(
    ("appointment", "status", "field"),
    [
        ({"when": "at", "scheduled_local": ahead(5, "05:00")}, 422, "scheduled_local"),
        ({"when": "at"}, 422, "scheduled_local"),
        ({"when": "sometime"}, 422, "when"),
        ({"when": "any", "wage": 3}, 422, "wage"),
        ([], 422, ""),
    ],
)
def test_an_appointment_that_cannot_be_is_refused_and_nothing_is_made(
    program: Program, appointment: Any, status: int, field: str
) -> None:
    answered, body = make(program, appointment=appointment)
    assert (answered, list(body["error"]["fields"])) == (status, [field])
    assert program.call("GET", "/interviews")[1]["paging"]["total"] == 0


def test_a_number_that_is_busy_then_is_a_conflict(program: Program) -> None:
    assert make(program)[0] == 201
    assert make(program)[1]["error"]["code"] == "CONFLICT"
