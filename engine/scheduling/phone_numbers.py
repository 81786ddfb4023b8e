"""Telephone numbers as people write them, checked and brought to one form."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_NEVER_CALLED = {
    PhoneNumberType.PREMIUM_RATE: "This is a premium-rate number, which we never call. Enter the candidate's own one.",
    PhoneNumberType.SHARED_COST: "This is a shared-cost number, which we never call. Enter the candidate's own one.",
    PhoneNumberType.UAN: "This number leads to a company's switchboard. Enter the candidate's own one.",
    PhoneNumberType.VOICEMAIL: "This number leads to a voicemail box. Enter the candidate's own one.",
    PhoneNumberType.PAGER: "This number belongs to a pager. Enter a number on which the candidate can talk.",
}

_LONGEST_EMERGENCY = 6


def region_of(e164: str) -> str:
    """The two-letter region of a number, such as US; "ZZ" (unknown) where it has none."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or "ZZ"
    except NumberParseException:
        return "ZZ"


def to_e164(written: str, default_region: str) -> str:
    """The number in E.164. A number without country code is read as one of `default_region`.

    Raises ValueError, with a message for the person who typed it, when no such number can exist, or when it is one
    that must not be called: emergency services, premium rate, shared cost, switchboards.
    """
    if _is_emergency(written, default_region):
        raise ValueError("This is an emergency number. Enter the candidate's own one, such as +1 202 555 0143.")
    try:
        number = phonenumbers.parse(written, None if default_region == "ZZ" else default_region)
    except NumberParseException as error:
        raise ValueError("Enter a telephone number with its country code, such as +1 202 555 0143.") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("This number cannot exist. Check it and begin with the country code, such as +1 202 555 0143.")
    if said := _NEVER_CALLED.get(phonenumbers.number_type(number)):
        raise ValueError(said)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _is_emergency(written: str, default_region: str) -> bool:
    """Also where a country code was put before it: +49 112 is dialled as 112 by some networks."""
    digits = "".join(character for character in written if character.isdecimal())
    candidates = {(digits, default_region)}
    if written.lstrip().startswith(("+", "00")):
        plain = digits.removeprefix("00")
        candidates = {
            (plain[length:], phonenumbers.region_code_for_country_code(int(plain[:length])))
            for length in (1, 2, 3)
            if len(plain) > length
        }
    return any(
        len(rest) <= _LONGEST_EMERGENCY and phonenumbers.is_emergency_number(rest, region)
        for rest, region in candidates
        if region not in ("ZZ", "001")
    ) or digits in ("112", "911")


def international(e164: str) -> str:
    """+12025550143 as +1 202-555-0143; what cannot be parsed comes back as it is."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return e164
