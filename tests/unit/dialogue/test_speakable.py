"""What a voice is given to say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.dialogue.speakable import clauses, speakable
from engine.questions.bank import load_bank

SPOKEN = [
    ("O(n log n)", "O of n log n"),
    ("O(n^2)", "O of n squared"),
    ("O(n²)", "O of n squared"),
    ("O(1)", "O of one"),
    ("O(2^n)", "O of two to the n"),
    ("O(V+E)", "O of V plus E"),
    ("O(log(n))", "O of log of n"),
    ("Θ(n*m)", "O of n times m"),
    ("user_id", "user id"),
    ("MAX_RETRY_COUNT", "MAX RETRY COUNT"),
    ("getUserName()", "get User Name"),
    ("HTMLParser", "H T M L Parser"),
    ("__init__", "dunder init"),
    ("arr[i]", "arr at i"),
    ("items[1:3]", "items at 1 to 3"),
    ("HashMap<String, int>", "Hash Map of String, int"),
    ("os.path.join", "os dot path dot join"),
    ("main.py", "main dot pie"),
    ("package.json", "package dot jason"),
    ("--no-verify", "dash dash no verify"),
    ("git commit -m", "git commit dash m"),
    ("a == b && c != d", "a double equals b and c is not equal to d"),
    ("x === y", "x triple equals y"),
    ("x => x + 1", "x arrow x plus 1"),
    ("p -> q", "p arrow q"),
    ("i++", "i plus plus"),
    ("n**2", "n squared"),
    ("a <= b", "a is less than or equal to b"),
    ("a ≥ b", "a is greater than or equal to b"),
    ("x += 1", "x plus equals 1"),
    ("a | b", "a or b"),
    ("[]", "square brackets"),
    ("{}", "curly braces"),
    ("SELECT * FROM users;", "SELECT star FROM users"),
    ("see https://www.example.com/docs/api?x=1.", "see example dot com slash docs slash api."),
    ("http://localhost:8000", "localhost:8000"),
    ("mail jane.doe@example.com", "mail jane dot doe at example dot com"),
    ("Python 3.11", "Python 3 point 11"),
    ("version 2.0.1", "version 2 point 0 point 1"),
    ("v1.2", "version 1 point 2"),
    ("about 0.25 of it", "about 0 point 2 5 of it"),
    ("it takes 10ms", "it takes 10 milliseconds"),
    ("1 ms", "1 millisecond"),
    ("5GB of RAM at 3.5GHz", "5 gigabytes of ram at 3 point 5 gigahertz"),
    ("100 Mbps", "100 megabits per second"),
    ("1,000,000 rows", "1000000 rows"),
    ("10k requests/s", "10 thousand requests per second"),
    ("50% off", "50 percent off"),
    ("$20", "20 dollars"),
    ("$1", "1 dollar"),
    ("5 x 3", "5 times 3"),
    ("-5", "minus 5"),
    ("5–10", "5 to 10"),
    ("#3", "number 3"),
    ("SQL, HTTP and JSON", "sequel, H T T P and jason"),
    ("two APIs", "two A P I's"),
    ("XSS", "X S S"),
    ("a REST API", "a rest A P I"),
    ("ACID", "acid"),
    ("C++ and C# and .NET", "C plus plus and C sharp and dot net"),
    ("Node.js", "node J S"),
    ("PostgreSQL", "post gress Q L"),
    ("MySQL and NoSQL", "my sequel and no sequel"),
    ("CI/CD", "C I C D"),
    ("TCP/IP", "T C P I P"),
    ("I/O bound", "I O bound"),
    ("async/await", "async await"),
    ("UTF-8", "U T F 8"),
    ("k8s", "kubernetes"),
    ("useState", "use state"),
    ("e.g. this", "for example this"),
    ("this vs. that", "this versus that"),
    ("“quoted” — and it’s `code`", "quoted, and it's code"),
    ("café", "cafe"),
    ("Wait…", "Wait"),
    ("", ""),
    ("日本", ""),
]


@pytest.mark.parametrize(("written", "spoken"), SPOKEN, ids=[written or "nothing" for written, _ in SPOKEN])
def test_is_said(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@pytest.mark.parametrize(
    "plain",
    [
        "What is the difference between a list and a tuple?",
        "Thank you, that's a good place to stop.",
        "Is it well-known? I would say so: yes, it is.",
        "You have 3 servers and 20 users.",
    ],
)
def test_plain_english_is_left_alone(plain: str) -> None:
    assert speakable(plain) == plain


def test_everything_the_bank_asks_is_speakable_already_but_for_acronyms() -> None:
    for question in load_bank().questions:
        assert len(speakable(question.spoken).split()) >= len(question.spoken.split())


WRITTEN = st.lists(st.sampled_from([written for written, _ in SPOKEN]), max_size=4).map(" ".join)


@given(st.text(max_size=80) | st.text(alphabet="aAbSQLO()nx_.-'/:,#12 5$%=<>é", max_size=20) | WRITTEN)
def test_speakable_text_comes_back_as_it_is(text: str) -> None:
    said = speakable(text)
    assert speakable(said) == said


@given(st.text(max_size=200))
def test_nothing_unspeakable_is_left_whatever_comes_in(text: str) -> None:
    said = speakable(text)
    assert re.fullmatch(r"[A-Za-z0-9 ,.?!:;'\-]*", said)
    assert said == " ".join(said.split())


@given(st.text(alphabet=" abcdef,.;:?!and", max_size=400), st.integers(1, 80))
def test_pieces_lose_no_word_double_none_and_keep_the_limit(text: str, most: int) -> None:
    pieces = clauses(text, most)
    assert all(0 < len(piece) <= most for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_text_is_cut_where_one_would_breathe() -> None:
    text = "First one thing, and then another. After that, because it matters, a third thing comes"
    assert clauses(text, 40) == (
        "First one thing, and then another.",
        "After that, because it matters,",
        "a third thing comes",
    )


def test_short_text_stays_whole_and_no_text_gives_no_piece() -> None:
    assert clauses("Hello there.", 40) == ("Hello there.",)
    assert clauses("   ", 40) == ()
    with pytest.raises(ValueError, match="at least one"):
        clauses("Hello", 0)
