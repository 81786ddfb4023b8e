"""The jobs around calls that we place. Each may run again after a crash: what must happen once is a gate in SQL."""

import asyncio
import logging
import uuid
from datetime import UTC, datetime, timedelta
from typing import Final

from procrastinate import App

from engine.store.appointments import AppointmentRepository
from engine.store.dials import DialRepository, Waiting
from engine.store.jobs import ANSWERED, DIAL, DIAL_CALL, END_CALL, PUT_THROUGH, SETTLE_CALL
from engine.work.answering import Evidence, answered
from engine.work.desk import Desk
from engine.work.dialling import Dialler, end, look
from engine.work.launching import Launcher
from engine.work.putting_through import put_through
from engine.work.reconciling import ask_about_silent_calls
from engine.work.settling import settle

DIALS_AT_ONCE: Final = 200
"""Jobs that may wait for their moment in one process; waiting costs next to nothing."""
_FORGOTTEN_AFTER: Final = timedelta(seconds=5)

logger = logging.getLogger(__name__)


def register(app: App, dialler: Dialler) -> None:
    """Teach the app its tasks."""
    launcher = Launcher(dialler, _now)
    aside = launcher.aside

    @app.task(name=DIAL_CALL, queue=DIAL)
    async def dial_call(appointment_id: str, edition: int) -> None:
        appointment = uuid.UUID(appointment_id)
        due_at = await aside(lambda: look(dialler, appointment, edition, _now()))
        if due_at is not None:
            await until(due_at)
            await launcher.launch(Waiting(appointment, edition))

    @app.task(name=SETTLE_CALL, queue=DIAL)
    async def settle_call(call_id: str) -> None:
        await aside(lambda: _settle(dialler, uuid.UUID(call_id)))

    @app.task(name=PUT_THROUGH, queue=DIAL)
    async def put_call_through(call_id: str) -> None:
        await aside(lambda: put_through(dialler, uuid.UUID(call_id), _now()))

    @app.task(name=END_CALL, queue=DIAL)
    async def end_call(call_id: str) -> None:
        await aside(lambda: end(dialler, uuid.UUID(call_id)))

    @app.task(name=ANSWERED, queue=DIAL)
    async def call_answered(call_id: str, kind: Evidence, value: str) -> None:
        await aside(lambda: answered(dialler, uuid.UUID(call_id), kind, value, _now()))

    @app.periodic(cron="* * * * * */10")
    @app.task(name="ask_about_silent_calls", queue=DIAL, queueing_lock="ask_about_silent_calls")
    async def reconcile(timestamp: int) -> None:
        asked = await aside(lambda: ask_about_silent_calls(dialler, _now()))
        if asked:
            logger.warning("the provider was asked about silent calls", extra={"calls": asked})

    @app.periodic(cron="* * * * * */10")
    @app.task(name="sweep_calls", queue=DIAL, queueing_lock="sweep_calls")
    async def sweep(timestamp: int) -> None:
        await aside(lambda: sweep_calls(dialler, _now()))


async def until(moment: datetime) -> None:
    """Wait for an instant of the wall clock; never returns before it."""
    while (left_s := (moment - _now()).total_seconds()) > 0:
        await asyncio.sleep(left_s)


def sweep_calls(dialler: Dialler, now: datetime) -> None:
    """Give a new job to calls whose hour has passed and whom no job looks after."""
    with dialler.sessions.begin() as session:
        appointments = AppointmentRepository(session)
        for appointment in DialRepository(session).overdue(now - _FORGOTTEN_AFTER):
            appointments.enqueue_dialling(appointment)


def _settle(dialler: Dialler, call_id: uuid.UUID) -> None:
    with dialler.sessions.begin() as session:
        settle(Desk(session, dialler.zones, dialler.hours, _now()), call_id)


def _now() -> datetime:
    return datetime.now(UTC)
