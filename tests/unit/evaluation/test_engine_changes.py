"""What a report says about engines that took over."""

import pytest

from engine.evaluation.engine_changes import EngineChange, changes_in_words

VOICE = {"port": "text_to_speech", "from": "deepgram-aura", "to": "local", "lost_ms": 0}
EAR = {"port": "speech_to_text", "from": "deepgram-nova", "to": "openai", "lost_ms": 1400}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (EngineChange(151_900, VOICE), "The voice changed from deepgram-aura to local at 02:31."),
        (
            EngineChange(3_720_000, EAR, call=2),
            "The recogniser changed from deepgram-nova to openai at 62:00 of call 2; "
            "1.4 s of the candidate's speech reached neither.",
        ),
        (EngineChange(0, {}), "The engine changed from one engine to another at 00:00."),
    ],
)
def test_a_change_names_both_engines_the_time_and_what_was_lost(change: EngineChange, said: str) -> None:
    assert changes_in_words([change]) == (said,)


def test_a_report_tells_the_reason_where_one_is_known() -> None:
    (told,) = changes_in_words([EngineChange(0, VOICE | {"reason": "deepgram-aura was late."})])
    assert told.endswith("at 00:00. Reason: deepgram-aura was late.")


def test_of_many_changes_the_first_are_named_and_all_that_lost_speech() -> None:
    many = [EngineChange(number * 1000, VOICE) for number in range(6)] + [EngineChange(9000, EAR)]
    told = changes_in_words(many)
    assert len(told) == 6
    assert "1.4 s" in told[4] and told[5] == "Engines changed 2 more times; the event log has them all."


def test_without_changes_nothing_is_said() -> None:
    assert changes_in_words([]) == ()
