from tests.integration.dashboard.page_rules import CheckingClient

NEW = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.org",
    "password": "Correct-Horse-7",
    "password_repeat": "Correct-Horse-7",
    "terms": "true",
    "time_zone": "Europe/London",
}


def test_a_visitor_registers_and_is_signed_in_at_once(visitor: CheckingClient) -> None:
    response = visitor.submit("/register", NEW)
    assert response.status_code == 303
    assert "Welcome, Ada" in visitor.page(response.location)
