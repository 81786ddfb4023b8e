"""Telephone numbers as people write them, checked and brought to one form."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def region_of(e164: str) -> str:
    """The two-letter region of a number, such as US; "ZZ" (unknown) where it has none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or "ZZ"
    except NumberParseException:
        return "ZZ"


def to_e164(written: str, default_region: str) -> str:
    """The number in E.164. A number without country code is read as one of `default_region`.

    Raises ValueError, with a message for the person who typed it, when no such number can exist.
    """
    try:
        number = phonenumbers.parse(written, None if default_region == "ZZ" else default_region)
    except NumberParseException as error:
        raise ValueError("Enter a telephone number with its country code, such as +1 202 555 0143.") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("This number cannot exist. Check it and begin with the country code, such as +1 202 555 0143.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def international(e164: str) -> str:
    """+12025550143 as +1 202-555-0143; what cannot be parsed comes back as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164
