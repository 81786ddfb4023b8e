"""What a second call of an interview knows of the first: where it stood, and the answer that was under way."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from engine.config import load_settings
from engine.dialogue.phrases import ANSWER_IS_KEPT_SO_FAR
from engine.questions.bank import load_bank
from engine.store.models import Call
from engine.store.unit_of_work import UnitOfWork
from engine.work.interview_plan import opening_words, stored_plan

OPEN = {"question_id": "python-gil", "order": 1, "difficulty": "easy", "state": None, "score": None}
DONE = OPEN | {"state": "answered", "score": 80.0}


@pytest.mark.parametrize(("asked", "begun"), [(OPEN, "It is a lock and"), (DONE, "")])
def test_the_answer_that_was_begun_is_known_to_the_next_call_and_one_that_was_whole_is_not_asked_again(
    sessions: sessionmaker[Session],
    call: Call,
    facts: Callable[..., Any],
    database_url: str,
    tmp_path: Path,
    asked: dict[str, object],
    begun: str,
) -> None:
    unfinished = {"text": "It is a lock and", "words": [], "state": "unfinished", "ended_by": "line"}
    with UnitOfWork(sessions) as work:
        names = ("call_started", "question_asked", ("answer_completed", unfinished))
        work.events.ship(call.id, facts(*names, ("progress_saved", {"progress": {"asked": [asked]}}), "call_ended"))
        work.commit()
    settings = load_settings(
        {name: name.lower() * 4 for name in ("JWT_SECRET", "JWT_REFRESH_SECRET", "STREAM_SECRET")}
        | {"DATABASE_URL": database_url, "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t" * 32}
        | {"PHONE_NUMBER": "+15550100", "DATA_DIR": str(tmp_path)}
    )

    with UnitOfWork(sessions) as work:
        plan = stored_plan(work, work.interviews.get(call.interview_id), load_bank(), settings)

    assert plan.begun.text == begun
    assert plan.begun.words == (), "their seconds are those of another call"
    assert (ANSWER_IS_KEPT_SO_FAR[0] in opening_words(plan)) is bool(begun)
