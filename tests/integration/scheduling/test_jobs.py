"""The jobs of scheduling on the real queue, and the tables of legal moves against the real database."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from procrastinate import App
from sqlalchemy import text, update
from sqlalchemy.orm import Session, sessionmaker

from engine.scheduling.zones import LocalTime
from engine.store.appointments import APPOINTMENT_MOVES, AppointmentRepository
from engine.store.jobs import BATCH, worker_app
from engine.store.models import Interview
from engine.store.schedule_models import Appointment
from engine.vocabulary import AppointmentState
from engine.work import schedule_jobs
from engine.work.booking import book_at
from engine.work.sending import PostOffice
from tests.integration.scheduling.conftest import HOURS, Mailbag, weekday_ahead
from tests.loops import in_a_thread


def run_due_jobs(app: App) -> None:
    async def once() -> None:
        async with app.open_async():
            await app.run_worker_async(queues=[BATCH], wait=False, install_signal_handlers=False)

    in_a_thread(lambda: asyncio.run(asyncio.wait_for(once(), 60)))


def test_the_queue_sends_what_is_due_and_leaves_the_reminders_for_their_hour(
    desk: Callable[..., Any],
    plan: Callable[..., Interview],
    office: PostOffice,
    mails: Mailbag,
    database_url: str,
    sessions: sessionmaker[Session],
) -> None:
    with desk(now=datetime.now(UTC)) as turn:
        book_at(turn, plan(), LocalTime(weekday_ahead(5, 14), "America/New_York"))
    app = worker_app(database_url)
    schedule_jobs.register(app, office, HOURS)
    run_due_jobs(app)
    assert [message.subject.partition(":")[0] for message in mails.messages] == ["Your telephone interview"]
    with sessions() as session:
        waiting = session.scalar(
            text("select count(*) from procrastinate_jobs where status = 'todo' and task_name = 'send_message'")
        )
    assert waiting == 3


@pytest.fixture
def appointment(desk: Callable[..., Any], plan: Callable[..., Interview]) -> Appointment:
    with desk() as turn:
        return book_at(turn, plan(), LocalTime(weekday_ahead(5, 14), "America/New_York"))


def test_no_appointment_makes_a_move_that_is_not_in_the_table(
    appointment: Appointment, sessions: sessionmaker[Session]
) -> None:
    for before, after in itertools.permutations(AppointmentState, 2):
        with sessions.begin() as session:
            session.execute(update(Appointment).where(Appointment.id == appointment.id).values(state=before))
        with sessions.begin() as session:
            moved = AppointmentRepository(session).set_state(appointment.id, after)
            assert moved is (after in APPOINTMENT_MOVES[before]), f"{before} to {after}"
            assert session.get_one(Appointment, appointment.id).state == (after if moved else before)
