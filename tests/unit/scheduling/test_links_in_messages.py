import html
import quopri
import re
import textwrap
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LinkRejected
from engine.scheduling.links import TOKEN_LETTERS, Purpose, Ticket, cleaned, make, read

SECRET = "s" * 40
TICKET = Ticket(Purpose.MOVE, uuid.UUID(int=7), 3, 2_000_000_000)
TOKEN = make(SECRET, TICKET)
NOW_S = 1_900_000_000.0
MOVING = frozenset({Purpose.MOVE})

MANGLED = {
    "as it was": TOKEN,
    "a full stop taken along": TOKEN + ".",
    "bracket and comma taken along": TOKEN + "),",
    "angle bracket taken along": TOKEN + "&gt;",
    "quotation mark as an entity": TOKEN + "&quot;",
    "capital letters": TOKEN.upper(),
    "wrapped in the middle": "\r\n".join(textwrap.wrap(TOKEN, 30)),
    "wrapped and quoted": "\n> ".join(textwrap.wrap(TOKEN, 20)),
    "wrapped, as addresses write it": TOKEN[:40] + "%0D%0A" + TOKEN[40:],
    "a space from a soft wrap": TOKEN[:33] + "%20" + TOKEN[33:],
    "a soft hyphen within": TOKEN[:10] + "\u00ad" + TOKEN[10:],
    "an invisible space within": TOKEN[:10] + "\u200b" + TOKEN[10:],
    "quoted-printable left as it was": quopri.encodestring(("x" * 30 + TOKEN).encode()).decode()[30:],
    "HTML-escaped": html.escape(TOKEN),
}


@pytest.mark.parametrize("mangled", MANGLED.values(), ids=MANGLED.keys())
def test_a_link_survives_what_mail_programs_do_to_it(mangled: str) -> None:
    assert read(SECRET, mangled, MOVING, NOW_S) == TICKET


def test_a_token_needs_no_escaping_anywhere() -> None:
    assert re.fullmatch(rf"[a-z2-7]{{{TOKEN_LETTERS}}}", TOKEN)
    assert cleaned(TOKEN) == TOKEN


@pytest.mark.parametrize(
    ("token", "purposes", "now_s", "said"),
    [
        (TOKEN[:-5], MOVING, NOW_S, "not complete"),
        ("", MOVING, NOW_S, "not complete"),
        ("a" * 64, MOVING, NOW_S, "not complete"),
        (make("t" * 40, TICKET), MOVING, NOW_S, "not complete"),
        (TOKEN, frozenset({Purpose.CANCEL}), NOW_S, "made for another page"),
        (TOKEN, MOVING, 2_000_000_000.0, "has run out"),
    ],
)
def test_what_opens_nothing_says_what_to_do(token: str, purposes: frozenset[Purpose], now_s: float, said: str) -> None:
    with pytest.raises(LinkRejected, match=said):
        read(SECRET, token, purposes, now_s)


@given(
    st.sampled_from(Purpose),
    st.uuids(),
    st.integers(0, 0xFFFF),
    st.none() | st.integers(int(NOW_S) + 1, 0xFFFFFFFE),
    st.integers(0, TOKEN_LETTERS - 1),
    st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"),
)
def test_a_token_says_what_was_put_in_and_one_changed_letter_voids_it(
    purpose: Purpose, subject: uuid.UUID, edition: int, expires: int | None, place: int, letter: str
) -> None:
    ticket = Ticket(purpose, subject, edition, expires)
    token = make(SECRET, ticket)
    assert read(SECRET, token, frozenset(Purpose), NOW_S) == ticket
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        with pytest.raises(LinkRejected):
            read(SECRET, changed, frozenset(Purpose), NOW_S)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(LinkRejected):
        read(SECRET, text, frozenset(Purpose), NOW_S)


def test_an_edition_beyond_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        make(SECRET, Ticket(Purpose.MOVE, uuid.UUID(int=1), 70_000, None))
