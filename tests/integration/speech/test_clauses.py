from engine.adapters.local_hibari import clauses

LONG = (
    "You can press star to hear the question again, pound when you are done, one for more time, two to skip the "
    "question, and zero if you would like to speak to a person."
)


def test_short_sentences_are_spoken_whole() -> None:
    assert clauses("Hello. How are you, on this fine day?") == ["Hello.", "How are you, on this fine day?"]


def test_a_long_sentence_is_spoken_clause_by_clause_and_loses_no_word() -> None:
    pieces = clauses(LONG)
    assert len(pieces) >= 3
    assert " ".join(pieces) == LONG
    assert all(len(piece) >= 24 for piece in pieces)


def test_nothing_gives_no_clause() -> None:
    assert clauses("  ") == []
