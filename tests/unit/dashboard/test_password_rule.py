import pytest

from dashboard.password_rule import password_fault


@pytest.mark.parametrize("password", ["Correct-Horse-7", "Aa1!aaaa", "Ünïcode-Pass-1", "A1!" + "b" * 125])
def test_a_password_that_keeps_the_rule_has_no_fault(password: str) -> None:
    assert password_fault(password) is None


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Aa1!aaa", "at least 8"),
        ("A1!" + "b" * 126, "at most 128"),
        ("abcdefgh", "Add an upper-case letter, a digit and a symbol."),
        ("ABCDEFG1!", "Add a lower-case letter."),
        ("Abcdef 12", "Add a symbol."),
    ],
)
def test_a_fault_says_what_to_add(password: str, said: str) -> None:
    assert said in str(password_fault(password))


@pytest.mark.parametrize(
    "password", ["Password1!", "P@ssw0rd!!", "123Welcome!", "Qwerty!2024", "$uperMan1", "L3tme1n!!", "Summer2026!"]
)
def test_common_passwords_are_refused_in_their_usual_disguises(password: str) -> None:
    assert "tried first" in str(password_fault(password))


def test_ones_own_name_or_address_is_no_password() -> None:
    personal = ("Katherine", "Johnson", "k.johnson@example.org")
    assert "your own name" in str(password_fault("Katherine1918!", personal=personal))
    assert password_fault("Katherine-and-more-1", personal=personal) is None
