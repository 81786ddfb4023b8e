import pytest

from telephony.spoken_digits import digits_in


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("1 2 3 4 5 6", "123456"),
        ("123456.", "123456"),
        ("one two three four five six", "123456"),
        ("oh one double five six seven", "015567"),
        ("triple nine, zero zero one", "999001"),
        ("twelve thirty-four fifty six", "123456"),
        ("forty two zero seven eleven", "420711"),
        ("It's for my interview: one to three for five six", "123456"),
        ("O one two three four five", "12345"),
        ("my pin is nine eight seven, six five four", "987654"),
        ("I do not know", ""),
        ("", ""),
    ],
)
def test_digits_are_heard_as_people_say_them(said: str, digits: str) -> None:
    assert digits_in(said) == digits
