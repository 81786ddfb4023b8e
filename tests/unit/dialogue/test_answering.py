"""Who picked up: from the first words, and from what the line's own detection says."""

import pytest

from engine.dialogue.answering import Answering, Detected, Do, Who, detected, heard, machine_words

WORDS = {
    Who.VOICEMAIL: (
        "Hi, you've reached Sam. I can't take your call right now, please leave a message after the tone.",
        "Your call has been forwarded to an automated voice messaging system.",
        "The person you are trying to reach is not available. At the tone, please record your message.",
        "Please leave your name and number and I'll get back to you as soon as I can.",
        "the mobile customer you have called is unavailable",
    ),
    Who.MAILBOX_FULL: (
        "Sam is not available. The mailbox is full and cannot accept any messages at this time. Goodbye.",
        "We're sorry, the mailbox is currently full.",
    ),
    Who.SCREENING: (
        "Hi, if you record your name and reason for calling, I'll see if this person is available.",
        "The person you're calling is using a screening service from Google. Go ahead and say your name and why "
        "you're calling.",
        "Please state your name after the tone and I'll try to connect you.",
    ),
    Who.MENU: (
        "Welcome to Example Limited. For sales, press one. For support, press two.",
        "Please listen carefully, as our menu options have changed.",
        "Your call is important to us.",
    ),
}
PEOPLE = (
    "Hello?",
    "Yes, this is Sam.",
    "Yes, you may record it.",
    "I can't talk right now, I am driving.",
    "Who is calling please?",
    "Hang on, the phone fell down. Okay, yes.",
    "Sorry, what is this about?",
    "No, please do not record me.",
    "Please hold on a second.",
    "Is this the screening interview?",
    "You have reached the wrong number.",
    "I am not available right now, can you call later?",
    "He is not available at the moment.",
    "Why are you calling?",
    "Can you say your name again?",
    "I'll call you back as soon as I can.",
    "Sorry, I can't take the call now.",
    "What is the reason for your call?",
    "Did you get my voicemail?",
    "Let me find out if he is available.",
)


@pytest.mark.parametrize(("who", "text"), [(who, text) for who, texts in WORDS.items() for text in texts])
def test_machines_are_known_by_their_words(who: Who, text: str) -> None:
    assert machine_words(text) is who


@pytest.mark.parametrize("text", PEOPLE)
def test_people_are_not_taken_for_machines(text: str) -> None:
    assert machine_words(text) is None


@pytest.mark.parametrize(
    ("evidence", "does"),
    [
        ([Detected.PERSON], [Do.NOTHING]),
        ([Detected.UNSURE], [Do.NOTHING]),
        ([Detected.MACHINE, Detected.MACHINE_LISTENS], [Do.NOTHING, Do.LEAVE_MESSAGE]),
        ([Detected.MACHINE_LISTENS, Detected.MACHINE_LISTENS], [Do.LEAVE_MESSAGE, Do.NOTHING]),
        ([Detected.PERSON, Who.VOICEMAIL, Detected.MACHINE_LISTENS], [Do.NOTHING, Do.LEAVE_MESSAGE, Do.NOTHING]),
        ([Who.PERSON, Detected.MACHINE_LISTENS, Who.VOICEMAIL], [Do.NOTHING, Do.NOTHING, Do.NOTHING]),
        ([Who.SCREENING, Detected.MACHINE_LISTENS, Who.PERSON], [Do.EXPLAIN, Do.NOTHING, Do.NOTHING]),
        ([Who.SCREENING, Who.SCREENING, Who.SCREENING], [Do.EXPLAIN, Do.EXPLAIN, Do.HANG_UP]),
        ([Who.SCREENING, Who.VOICEMAIL], [Do.EXPLAIN, Do.LEAVE_MESSAGE]),
        ([Who.MAILBOX_FULL, Detected.MACHINE_LISTENS], [Do.HANG_UP, Do.NOTHING]),
        ([Who.MENU], [Do.HANG_UP]),
        ([Detected.FAX], [Do.HANG_UP]),
    ],
)  # fmt: skip
def test_what_is_done_follows_from_all_the_evidence_in_its_order(
    evidence: list[Who | Detected], does: list[Do]
) -> None:
    state, done = Answering(), []
    for each in evidence:
        state, do = heard(state, each) if isinstance(each, Who) else detected(state, each)
        done.append(do)
    assert done == does
