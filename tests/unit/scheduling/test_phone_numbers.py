import pytest

from engine.scheduling.phone_numbers import international, region_of, to_e164


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("(202) 555-0143", "US", "+12025550143"),
        ("+1 202 555 0143", "ZZ", "+12025550143"),
        ("tel:+44-20-7946-0958", "US", "+442079460958"),
        ("030 901820", "DE", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, region: str, number: str) -> None:
    assert to_e164(written, region) == number


@pytest.mark.parametrize("written", ["", "none", "12", "+1 202 555 01", "+999 123456789", "2025550143" * 5, "<script>"])
def test_what_cannot_be_a_number_is_refused_with_advice(written: str) -> None:
    with pytest.raises(ValueError, match=r"country code, such as \+1 202 555 0143"):
        to_e164(written, "ZZ")


def test_numbers_are_echoed_in_international_form() -> None:
    assert international("+12025550143") == "+1 202-555-0143"
    assert international("not a number") == "not a number"


def test_the_region_of_our_own_number_is_the_default() -> None:
    assert region_of("+4930901820") == "DE"
    assert region_of("+15550100") == "ZZ"
    assert region_of("") == "ZZ"


@pytest.mark.parametrize(
    ("written", "region", "said"),
    [
        ("112", "DE", "emergency"),
        ("911", "ZZ", "emergency"),
        ("999", "GB", "emergency"),
        ("+49 110", "US", "emergency"),
        ("0044 999", "DE", "emergency"),
        ("+1 900 555 1234", "US", "premium-rate"),
        ("0900 1234567", "DE", "premium-rate"),
        ("+44 871 234 5678", "US", "premium-rate"),
        ("+49 180 5123456", "DE", "shared-cost"),
    ],
)
def test_numbers_that_must_never_be_called_are_refused_by_name(written: str, region: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        to_e164(written, region)
