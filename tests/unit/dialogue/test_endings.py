"""What the last words tell about the end of an answer: a table of what candidates say."""

import pytest

from engine.audio.endpoint import Ending
from engine.dialogue.endings import clues_of

SAID = {
    Ending.UNKNOWN: ["", "   ", "...", "?!"],
    Ending.FILLER: [
        "I would use um",
        "it depends on the uh",
        "hmm",
        "Well,",
        "it is a tree and you know",
        "what it does is, I mean",
        "that is sort of",
        "it keeps the rows sorted, uhm...",
        "so basically",
    ],
    Ending.TRAILING: [
        "it keeps the rows sorted and",
        "it keeps the rows sorted, so",
        "we do not lock it because",
        "the index points to the",
        "I would put it into a",
        "the row is stored in",
        "it goes through every row of",
        "the browser sends it to",
        "what happens is that",
        "the queue, which",
        "it is faster than",
        "then I",
        "the server will",
        "the answer is",
        "the loop does not",
        "you look at every",
        "and then we",
        "if",
        "it is usually",
        "This is more",
        "It's a list or",
        "a key with",
    ],
    Ending.UNFINISHED: [
        "the event loop picks the next callback and uses",
        "the database needs",
        "you take",
        "the second thread has to lock",
        "it returns a new",
        "there are two different",
        "they have the same",
        "a promise represents",
        "So it stores the row, and, then it locks",
        "the table is scanned from the start,",
        "so the cache is empty...",
    ],
    Ending.LISTING: [
        "there are three things the first is the index",
        "there are two reasons",
        "First, I look at the logs.",
        "first of all I would measure it",
        "there are three ways one is polling another is a socket",
        "on the one hand it is simple",
    ],
    Ending.FRAGMENT: [
        "A lock.",
        "a hash table",
        "the foreign key",
        "logarithmic time",
        "HTTP 404",
        "Python, mainly",
        "twenty percent",
    ],
    Ending.CLAUSE: [
        "it keeps the rows sorted",
        "A stack is last in, first out.",
        "the newest element leaves at once",
        "I think it is the foreign key",
        "the call blocks until the lock is free",
        "there are two reasons one is speed and the other is memory",
        "first I look at the logs and second I revert the release",
        "yes we used it in my last project",
        "no because the index would not be used there",
        "an index makes reads faster but writes slower",
        "I have worked with Redis for about two years",
        "so the load balancer takes it out",
    ],
    Ending.CLOSED: [
        "I would have to look that up. I have nothing to add right now.",
        "I'd have to look it up",
        "There is nothing to add to that.",
        "I do not know, to be honest.",
        "That's all I know about it.",
        "I don't have anything else to say",
        "yes",
        "No.",
        "yes I have",
        "no, I haven't",
        "um, yeah",
        "no not really",
        "not yet",
        "I don't know",
        "I really don't remember",
        "no idea",
        "it keeps the rows sorted and that's it",
        "so that's how I would do it",
        "and that is all",
        "tables, views, and so on",
        "with a lock or something like that",
        "I'm done",
        "it is faster I think so",
        "so yeah",
        "does that answer your question",
        "in logarithmic time, if that makes sense",
    ],
    Ending.ASKS_TIME: [
        "let me think",
        "hmm, let me think about that",
        "let me think for a second",
        "one moment",
        "it is a tree, just a second",
        "give me a minute",
        "hold on",
        "how do I put this",
        "it uses, what was it called",
        "bear with me",
    ],
}
TABLE = [(text, ending) for ending, texts in SAID.items() for text in texts]


@pytest.mark.parametrize(("text", "ending"), TABLE)
def test_the_last_words_tell_how_far_an_answer_is(text: str, ending: Ending) -> None:
    assert clues_of(text).ending is ending


def test_the_table_is_broad() -> None:
    assert len(TABLE) >= 80


def test_words_are_counted_without_punctuation() -> None:
    assert clues_of("Well, it's a B-tree: fast!").words == 6
    assert clues_of(" ").words == 0
