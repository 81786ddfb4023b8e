"""The jobs of scheduling: sending messages when they are due, sweeping up, and following the rules of time zones."""

import logging
import uuid
from datetime import UTC, datetime

from procrastinate import App

from engine.scheduling.calling_hours import CallingHours
from engine.store.jobs import BATCH, SEND_MESSAGE, TELL_OF_BREAK
from engine.store.outbox import OutboxRepository
from engine.work.after_break import close_unresumed, tell_of_break
from engine.work.booking import recompute
from engine.work.desk import Desk
from engine.work.sending import PostOffice, send_message

logger = logging.getLogger(__name__)


def register(app: App, office: PostOffice, hours: CallingHours) -> None:
    """Teach the app its tasks. Each may run again after a crash: what must happen once is claimed in the database."""

    @app.task(name=SEND_MESSAGE, queue=BATCH)
    def send(message_id: str) -> None:
        send_message(office, uuid.UUID(message_id), datetime.now(UTC))

    @app.task(name=TELL_OF_BREAK, queue=BATCH)
    def after_break(interview_id: str, call_id: str) -> None:
        with office.sessions.begin() as session:
            desk = Desk(session, office.zones, hours, datetime.now(UTC))
            tell_of_break(desk, uuid.UUID(interview_id), uuid.UUID(call_id))

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="close_unresumed", queue=BATCH, queueing_lock="close_unresumed")
    def close(timestamp: int) -> None:
        with office.sessions.begin() as session:
            closed = close_unresumed(session, datetime.now(UTC))
        if closed:
            logger.info("interviews that nobody took up again were closed", extra={"closed": closed})

    @app.periodic(cron="* * * * *")
    @app.task(name="sweep_outbox", queue=BATCH, queueing_lock="sweep_outbox")
    def sweep(timestamp: int) -> None:
        with office.sessions() as session:
            OutboxRepository(session).sweep(datetime.now(UTC))
            session.commit()

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="recompute_instants", queue=BATCH, queueing_lock="recompute_instants")
    def follow_rules(timestamp: int) -> None:
        with office.sessions() as session:
            moved = recompute(Desk(session, office.zones, hours, datetime.now(UTC)))
            session.commit()
        if moved:
            logger.warning("instants moved with the rules of their zones", extra={"moved": moved})
