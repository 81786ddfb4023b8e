"""A leg whose line breaks and that is taken over from its log, by a session that knows nothing else."""

import shutil

import pytest

from engine.adapters.recording_files import samples_in
from engine.work.replay import logged_actions, replayed_actions
from engine.work.takeover import last_records
from telephony.line_errors import LineGone

ANSWER = "It is an answer with quite a number of words in it so that nobody asks again."
COMPLETE = ["Yes.", *[ANSWER] * 8]


class Breaks:
    """A line that is gone after so many messages; `killed` tells what the log held then, as after a kill."""

    def __init__(self, socket, messages, on_break=lambda: None):
        self.socket, self.left, self.on_break = socket, messages, on_break

    def receive(self):
        self.left -= 1
        if self.left == 0:
            self.on_break()
        if self.left <= 0:
            raise LineGone("connection reset")
        return self.socket.receive()

    def send(self, text):
        if self.left <= 0:
            raise LineGone("connection reset")
        self.socket.send(text)

    def close(self, code, reason):
        raise LineGone("connection reset")


def broken(virtual, messages: int, *, is_killed: bool):
    """A call that broke off; killed: nothing was written or recorded after the break."""
    call = virtual(COMPLETE)

    def keep():
        for path in (call.log_path, call.recording):
            if path.exists():
                shutil.copy(path, path.with_suffix(".kept"))

    call.run(wrap=lambda socket: Breaks(socket, messages, keep))
    if is_killed:
        call.recording.unlink(missing_ok=True)
        for path in (call.log_path, call.recording):
            kept = path.with_suffix(".kept")
            if kept.exists():
                kept.replace(path)
    return call


@pytest.mark.parametrize("is_killed", [False, True])
@pytest.mark.parametrize("messages", [30, 400, 700, 900, 1200, 1500, 2000])
def test_a_broken_call_goes_on_to_its_end_and_every_question_is_answered_once(virtual, messages, is_killed):
    call = broken(virtual, messages, is_killed=is_killed)
    before = {fact["order"]: fact["text"] for fact in call.facts("answer_completed")}

    call.resume(texts=COMPLETE if not call.facts("consent_given") else [ANSWER] * 9)

    assert call.reason == "completed"
    answers = {fact["order"]: fact["text"] for fact in call.facts("answer_completed")}
    assert sorted(answers) == [1, 2, 3]
    for order, text in before.items():
        assert answers[order].startswith(text), "what was said before the break is kept"
    assert [fact["order"] for fact in call.facts("question_asked")] == [1, 2, 3]
    assert call.facts("interview_ended") == [{"reason": "completed", "is_complete": True}]


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_log_goes_on_without_a_gap_and_replays_byte_for_byte(virtual, is_killed):
    call = broken(virtual, 1200, is_killed=is_killed)
    call.resume(texts=[ANSWER] * 9)

    records = call.records
    assert [record.sequence for record in records] == list(range(len(records)))
    assert [record.at_ms for record in records] == sorted(record.at_ms for record in records)
    assert [fact["by"] for fact in call.facts("call_resumed")] == ["session"]
    assert "\n".join(replayed_actions(records, call.plan)) == "\n".join(logged_actions(records))


def test_the_caller_hears_us_within_two_frames_of_coming_back(virtual):
    call = broken(virtual, 1200, is_killed=True)
    call.resume(texts=[ANSWER] * 9)

    resumed_ms = next(record.at_ms for record in call.records if record.name == "LineResumed")
    queued_ms = next(record.at_ms for record in call.records if record.name == "PieceQueued" and
                     record.at_ms >= resumed_ms)  # fmt: skip
    assert queued_ms - resumed_ms <= 40


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_recording_goes_on_in_one_file_where_the_clock_of_the_log_is(virtual, is_killed):
    call = broken(virtual, 1200, is_killed=is_killed)
    before = call.recording.read_bytes()
    call.resume(texts=[ANSWER] * 9)

    audio = call.recording.read_bytes()
    kept = (len(before) - 58) // 2 * 2
    assert audio[58 : 58 + kept] == before[58 : 58 + kept], "what was recorded before the break is untouched"
    samples = samples_in(call.recording)
    resumed_ms = next(record.at_ms for record in call.records if record.name == "LineResumed")
    line = call.socket.leg.line
    frames = audio[len(audio) - 2 * samples :]
    candidate = frames[0::2][resumed_ms * 8 :]
    assert candidate == bytes(line.heard_caller[: len(candidate)])
    assert samples - resumed_ms * 8 == pytest.approx(len(line.heard_caller), abs=1600)
    [saved] = call.facts("recording_saved")[-1:]
    assert saved["duration_ms"] == pytest.approx(samples / 8, abs=100)


def test_nothing_is_recorded_after_a_break_either_where_consent_was_refused(virtual):
    call = virtual(["No, I would rather not.", *[ANSWER] * 8])
    call.run(wrap=lambda socket: Breaks(socket, 1200))
    call.resume(texts=[ANSWER] * 9)

    assert call.reason == "completed"
    assert not call.recording.exists()


def test_a_call_that_nobody_goes_on_with_gets_the_last_words_that_its_process_could_not_write(virtual):
    call = virtual(COMPLETE).run()
    heard = [number for number, record in enumerate(call.records) if record.name == "FinalReceived"]
    records = call.records[: heard[1] + 1]  # consent, and the words of the first answer: here the process was killed

    last = last_records(records, call.plan)

    assert last[0].sequence == records[-1].sequence + 1
    assert (last[0].kind, last[0].name, last[0].data["reason"]) == ("signal", "LineClosed", "process_lost")
    told = {record.name: record.data for record in last if record.kind == "fact"}
    assert (told["answer_completed"]["state"], told["answer_completed"]["text"]) == ("unfinished", ANSWER)
    assert last_records([*records, *last], call.plan) == ()
