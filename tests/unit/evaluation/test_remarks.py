"""What was noted beside the answers reaches the report in words."""

from engine.evaluation.remarks import remarks_in_words


def test_questions_with_and_without_an_answer_remarks_and_the_line_each_have_their_sentence():
    assert remarks_in_words(
        [
            ("candidate_asked", {"text": "What is the salary?", "answer": ""}),
            ("candidate_asked", {"text": "Is it remote?", "answer": "It is fully remote."}),
            ("candidate_remarked", {"text": "I enjoyed it."}),
            ("candidate_remarked", {"text": "I enjoyed it."}),
            ("line_trouble", {"trouble": "noise"}),
            ("line_trouble", {"trouble": "echo"}),
            ("line_trouble", {"trouble": "noise"}),
        ]
    ) == (
        'The candidate asked: "What is the salary?" It has not been answered.',
        'The candidate asked: "Is it remote?" The answer was: "It is fully remote."',
        'The candidate added: "I enjoyed it."',
        "Trouble on the line: noise, echo.",
    )


def test_nothing_noted_is_nothing_said():
    assert remarks_in_words([]) == ()
