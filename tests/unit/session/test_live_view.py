import io

from telephony.simulator.live_view import LiveView, clock


def shown(is_terminal: bool) -> str:
    out = io.StringIO()
    view = LiveView(out, is_terminal)
    view.show(0, "fact", "consent_given", {"is_granted": True})
    view.show(900, "fact", "question_asked", {"order": 2, "total": 5, "topic": "python", "difficulty": "easy"})
    view.show(1000, "fact", "floor_changed", {"floor": "candidate"})
    view.show(61_000, "signal", "PartialReceived", {"text": "it is half"})
    turn = {"who": "agent", "text": "Thank you.", "start_ms": 62_000, "gap_ms": 700, "is_interrupted": True}
    view.show(62_000, "fact", "turn_ended", turn)
    view.show(63_000, "fact", "follow_up_asked", {"order": 2})
    view.show(64_000, "fact", "interview_ended", {"reason": "candidate_ended"})
    view.show(65_000, "fact", "call_ended", {"reason": "completed"})
    view.note("a remark")
    view.finish()
    return out.getvalue()


def test_lasting_lines_tell_the_call():
    text = shown(is_terminal=False)
    assert "01:02  interviewer: Thank you.  [interrupted]  (after 0.7 s)" in text
    assert "question 2 of 5: python, easy" in text
    assert "candidate ended" in text
    assert "a remark" in text
    assert "\x1b" not in text


def test_a_terminal_also_shows_partial_words_a_bar_and_the_time():
    text = shown(is_terminal=True)
    assert "it is half" in text
    assert "[########............] question 2 of 5 | listening | 01:01" in text


def test_the_clock_counts_minutes_and_seconds():
    assert clock(754_321) == "12:34"
