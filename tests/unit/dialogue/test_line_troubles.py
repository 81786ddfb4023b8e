"""What the candidate hears of a poor line: politely, between two questions, and once."""

from engine.dialogue.signals import LineTroubled

GOOD = "it is a number and it is used to count things in a program of any size"


def advice(call) -> list[str]:
    return [
        piece for say in call.said for piece in say.pieces if piece.startswith("By the way, ") and "star" not in piece
    ]


def test_a_poor_line_is_noted_at_once_and_told_with_the_next_question_only(with_plan):
    call = with_plan(question_count=5)
    call.to_first_question()
    said = len(call.said)
    call.feed(LineTroubled(call.now_ms, "noise"))
    assert call.facts("line_trouble") == [{"trouble": "noise"}]
    assert len(call.said) == said, "nobody is interrupted for it"
    call.speak(GOOD)
    assert len(advice(call)) == 1
    assert call.said[-1].label.startswith("ask:")
    call.hear_out()
    call.feed(LineTroubled(call.now_ms, "too quiet"))
    call.speak(GOOD)
    assert len(advice(call)) == 1
    assert [fact["trouble"] for fact in call.facts("line_trouble")] == ["noise", "too quiet"]


def test_a_line_that_carries_us_but_not_the_candidate_is_met_with_the_keypad(call):
    call.start()
    call.hear_out()
    call.wait_for("idle")
    assert "press one" in " ".join(call.said[-1].pieces)
    assert call.facts("line_trouble") == [{"trouble": "one way"}]
    call.hear_out()
    call.press("1")
    assert call.facts("consent_given")[0]["is_granted"] is True
    call.hear_out()
    for _ in range(3):
        call.wait_for("idle")
        call.hear_out()
    assert call.hung_up == "one_way"
    assert len(call.facts("line_trouble")) == 1


def test_somebody_who_was_heard_once_is_only_silent(call):
    call.to_first_question()
    for _ in range(3):
        call.wait_for("idle")
        call.hear_out()
    assert call.hung_up == "silent"
    assert call.facts("line_trouble") == []
