"""Interviews with made-up people, told through the same event log that a real call writes."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from engine.ports import EventRecord
from engine.store.interviews import NewInterview
from engine.store.unit_of_work import UnitOfWork
from engine.store.users import NewUser
from engine.vocabulary import Direction, Level, Topic


def new_user(
    sessions: sessionmaker[Session],
    email: str,
    password_hash: str = "-",
    first_name: str = "Ada",
    *,
    is_verified: bool = True,
) -> uuid.UUID:
    with UnitOfWork(sessions) as work:
        user = work.users.add(
            NewUser(
                email,
                password_hash,
                first_name,
                "Example",
                "2026-11",
                datetime.now(UTC),
                time_zone="Europe/Berlin",
                verified_at=datetime.now(UTC) if is_verified else None,
            )
        )
        work.commit()
        return user.id


def new_interview(
    sessions: sessionmaker[Session],
    owner_id: uuid.UUID,
    *,
    title: str = "Backend engineer, mid",
    candidate: str = "Grace Hopper",
    topics: Sequence[Topic] = (Topic.PYTHON, Topic.DATABASES),
    in_hours: float | None = None,
) -> uuid.UUID:
    with UnitOfWork(sessions) as work:
        interview = work.interviews.create(
            owner_id,
            NewInterview(
                title=title,
                role=title.partition(",")[0],
                level=Level(level) if (level := title.rpartition(" ")[2]) in list(Level) else Level.MID,
                topics=tuple(topics),
                question_count=3,
                language="en",
                rubric="correctness-completeness-clarity",
                candidate_name=candidate,
                candidate_phone="+12025550143",
                candidate_time_zone="Europe/Berlin",
                scheduled_at=None if in_hours is None else datetime.now(UTC) + timedelta(hours=in_hours),
            ),
        )
        work.commit()
        return interview.id


def words_of(text: str, start_ms: int, *, doubtful: Sequence[str] = ()) -> list[dict[str, object]]:
    """Timed words, 320 ms each with a breath after a full stop."""
    at_ms, words = start_ms, []
    for word in text.split():
        confidence = 0.34 if word.strip(".,").lower() in doubtful else 0.94
        words.append({"text": word, "start_ms": at_ms, "end_ms": at_ms + 280, "confidence": confidence})
        at_ms += 320 + (700 if word.endswith(".") else 0)
    return words


class CallScript:
    """Writes the event log of one call, step by step, on a clock of its own."""

    def __init__(self, sessions: sessionmaker[Session], interview_id: uuid.UUID, call_sid: str | None = None) -> None:
        self._sessions = sessions
        self._sequence = 0
        self.at_ms = 0
        with UnitOfWork(sessions) as work:
            call = work.calls.register(interview_id, call_sid or f"CA{uuid.uuid4().hex}", Direction.INBOUND)
            work.commit()
            self.call_id, call_sid = call.id, call.call_sid
        self.fact(
            "call_started",
            call_id=str(self.call_id),
            interview_id=str(interview_id),
            call_sid=call_sid,
            stream_sid=f"MZ{self.call_id.hex}",
            direction="inbound",
        )

    def record(self, kind: str, name: str, data: dict[str, object]) -> None:
        with UnitOfWork(self._sessions) as work:
            work.events.ship(self.call_id, [EventRecord(self._sequence, self.at_ms, kind, name, data)])
            work.commit()
        self._sequence += 1

    def fact(self, name: str, **data: object) -> None:
        self.record("fact", name, data)

    def say(self, text: str) -> None:
        """The agent speaks."""
        self.fact("floor_changed", floor="agent")
        start, self.at_ms = self.at_ms, self.at_ms + 60 * len(text)
        self.fact(
            "turn_ended",
            who="agent",
            text=text,
            words=[],
            start_ms=start,
            end_ms=self.at_ms,
            gap_ms=420,
            is_interrupted=False,
        )
        self.fact("floor_changed", floor="open")
        self.at_ms += 600

    def ask(self, order: int, total: int, question_id: str, topic: str, text: str, difficulty: str = "easy") -> None:
        self.fact("stage_changed", stage="asking")
        self.fact(
            "question_asked",
            order=order,
            total=total,
            question_id=question_id,
            topic=topic,
            difficulty=difficulty,
            kind="factual",
            text=text,
            why=f"Question {order} of {total}: {topic.replace('_', ' ')} was next in turn, at {difficulty} difficulty.",
            version="1",
        )
        self.say(text)
        self.fact("stage_changed", stage="listening")

    def hear(self, text: str) -> None:
        """A partial transcript of what the candidate is saying."""
        self.fact("floor_changed", floor="candidate")
        self.record("signal", "PartialReceived", {"at_ms": self.at_ms, "text": text})

    def answer(self, order: int, text: str, *, doubtful: Sequence[str] = (), state: str = "answered") -> None:
        self.fact("floor_changed", floor="candidate")
        words = words_of(text, self.at_ms, doubtful=doubtful)
        start = self.at_ms
        self.at_ms = int(str(words[-1]["end_ms"])) + 200 if words else self.at_ms + 2000
        turn = {"text": text, "words": words, "start_ms": start, "end_ms": self.at_ms}
        if text:
            self.fact("turn_ended", who="candidate", gap_ms=None, is_interrupted=False, **turn)
        self.fact("answer_completed", order=order, state=state, ended_by="silence" if text else "skip", **turn)
        self.fact("floor_changed", floor="open")
        steps_ms = {"decided": 760, "text": 790, "chosen": 791, "queued": 800, "wire": 808, "mark": 1215}
        self.fact("reply_timed", label="ask:next", ended_ms=self.at_ms, steps_ms=steps_ms)
        self.at_ms += 500

    def end(self, reason: str = "completed", *, is_complete: bool = True) -> None:
        self.fact(
            "line_measured",
            line_quality={
                "line": "good",
                "loudness_dbfs": -21.4,
                "clipped_percent": 0.1,
                "noise_dbfs": -54.2,
                "time_good_s": 148,
                "time_fair_s": 12,
                "chunks_lost": 3,
            },
        )
        self.fact("interview_ended", reason=reason, is_complete=is_complete)
        self.fact("call_ended", reason="completed")
