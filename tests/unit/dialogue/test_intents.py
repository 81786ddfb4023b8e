import pytest

from engine.dialogue.intents import Intent, intent_of, may_be_request, said_yes

REQUESTS = [
    ("Could you repeat that, please?", Intent.REPEAT),
    ("Sorry, I didn't catch that.", Intent.REPEAT),
    ("Pardon?", Intent.REPEAT),
    ("Say that again please", Intent.REPEAT),
    ("What was the question?", Intent.REPEAT),
    ("Skip this question.", Intent.SKIP),
    ("Next question, please.", Intent.SKIP),
    ("Pass.", Intent.SKIP),
    ("Let me think.", Intent.WAIT),
    ("Um, give me a second.", Intent.WAIT),
    ("One moment please", Intent.WAIT),
    ("I need more time", Intent.WAIT),
    ("That's it.", Intent.DONE),
    ("I'm done", Intent.DONE),
    ("I would like to end the interview.", Intent.END),
    ("Please stop the call", Intent.END),
    ("Can I", None),
    ("Can we talk to a human", Intent.HUMAN),
    ("I want to speak to a real person please", Intent.HUMAN),
    ("Never call me again", Intent.NEVER_AGAIN),
    ("Stop calling me.", Intent.NEVER_AGAIN),
    ("I don't know.", Intent.NOT_KNOWN),
    ("I have no idea, sorry.", Intent.NOT_KNOWN),
    ("Could you rephrase the question?", Intent.REPHRASE),
    ("Sorry, what do you mean by that?", Intent.REPHRASE),
    ("I don't understand the question.", Intent.REPHRASE),
    ("Can you put it another way please", Intent.REPHRASE),
]

ANSWERS = [
    "a skip list keeps several levels of links",
    "repeat until the queue is empty",
    "I would stop the process and read its log",
    "it is wait free",
    "the end of the list points to null",
    "you pass it by reference",
    "the next node is the tail",
    "I don't know the exact name but it locks the interpreter",
    "it would end the call stack with an exception when the recursion is too deep",
    "done is a channel that signals the end",
    "you explain the query and look at its plan",
    "in other words the lock is held for too long",
    "",
    "...",
]


@pytest.mark.parametrize(("text", "intent"), REQUESTS)
def test_a_request_is_told_apart_from_an_answer(text, intent):
    assert intent_of(text) is intent


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, can we come back to this later?",
        "Hmm, could you maybe go a bit slower with it?",
        "I did not really follow what you want from me there",
        "Somebody is at the door",
    ],
)
def test_where_words_may_be_addressed_to_us_the_rules_say_that_they_are_unsure(text):
    assert intent_of(text) is None
    assert may_be_request(text)


@pytest.mark.parametrize("text", ["you use an index for that", "a hash map", "", "could you " * 20])
def test_plain_and_long_answers_are_beyond_doubt(text):
    assert not may_be_request(text)


@pytest.mark.parametrize("text", ANSWERS)
def test_an_answer_that_contains_the_word_of_a_request_stays_an_answer(text):
    assert intent_of(text) is None


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Yes.", True),
        ("Yes, that is fine.", True),
        ("sure, go ahead", True),
        ("No problem.", True),
        ("I don't mind", True),
        ("No, thank you.", False),
        ("I would rather not", False),
        ("Please do not record", False),
        ("Hello?", None),
        ("", None),
        ("What happens with it? Yes or no?", None),
    ],
)
def test_consent_is_read_from_plain_words_and_never_guessed(text, meaning):
    assert said_yes(text) is meaning
