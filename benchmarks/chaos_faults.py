"""The faults of the fault test, each with the moment of a call at which it strikes."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from benchmarks.chaos_calls import CLEAR, STALLS, Phone
from benchmarks.chaos_stage import Postgres, Stage
from engine.store.models import Call
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.scenario import LineFaults

Fault = Callable[[Stage, Sequence[Phone], Postgres | None], list[float]]
"""Does the damage; returns the moments at which it was done."""


@dataclass(frozen=True)
class Round:
    """Some calls, and what happens to them when the first of them comes to a place."""

    name: str
    fault: Fault | None
    when: tuple[Kind, str, int] = (Kind.CALLER_BEGAN, "*", 1)
    """Happening, beginning of its detail (* for any), and the how manieth of them."""
    after_s: float = 0.0
    line: LineFaults = CLEAR
    are_callbacks_bad: bool = False
    is_dialled: bool = False
    """We call the candidates; else they call us."""

    def trigger(self, come: threading.Event) -> Callable[[Phone, Happening], None]:
        """What the first caller of the round reports to."""
        kind, begins, number = self.when
        seen = 0

        def happened(_: Phone, happening: Happening) -> None:
            nonlocal seen
            if happening.kind is kind and (begins == "*" or happening.detail.startswith(begins)):
                seen += 1
                if seen == number:
                    threading.Timer(self.after_s, come.set).start()

        return happened


def kill_holder(stage: Stage, phones: Sequence[Phone], _: Postgres | None) -> list[float]:
    """kill -9 of the web worker that holds the first call."""
    with stage.sessions() as session:
        call_id = session.scalar(select(Call.id).where(Call.call_sid == phones[0].call_sid))
    holder = stage.holder_of(str(call_id))
    return [stage.kill(holder if holder is not None else stage.web_workers()[0])]


def kill_jobs(stage: Stage, _: Sequence[Phone], __: Postgres | None) -> list[float]:
    """kill -9 of the job process, and of the web worker a moment later: nobody else brings the last events home."""
    return [stage.kill_jobs(), stage.kill(stage.web_workers()[0])]


def kill_diallers(stage: Stage, _: Sequence[Phone], __: Postgres | None) -> list[float]:
    """kill -9 of the job process while it places calls, twice, and of a web worker that holds some of them."""
    stage.kill_jobs()
    time.sleep(3)
    stage.kill_jobs()
    time.sleep(3)
    return [stage.kill(stage.web_workers()[0])]


def jump_clocks(stage: Stage, phones: Sequence[Phone], _: Postgres | None) -> list[float]:
    """The wall clock jumps by an hour, a worker is killed, and the clock jumps back."""
    stage.set_clock(3600.0)
    time.sleep(2)
    moments = kill_holder(stage, phones, None)
    time.sleep(4)
    stage.set_clock(0.0)
    return moments


def restart_postgres(stage: Stage, _: Sequence[Phone], postgres: Postgres | None) -> list[float]:
    """PostgreSQL goes away and comes back."""
    return [] if postgres is None else [postgres.restart()]


def drop_connections(stage: Stage, phones: Sequence[Phone], _: Postgres | None) -> list[float]:
    """Every media socket breaks, one after the other, twice."""
    moments = []
    for _again in range(2):
        for phone in phones:
            moments.append(phone.drop_connection())
        time.sleep(4)
    return moments[:1] + moments[len(phones) : len(phones) + 1]


ROUNDS = (
    Round("greeting", kill_holder, (Kind.UTTERANCE_BEGAN, "consent", 1), 0.4),
    Round("consent", kill_holder, (Kind.UTTERANCE_ENDED, "consent", 1), 0.3),
    Round("asking", kill_holder, (Kind.UTTERANCE_BEGAN, "ask:", 2), 0.5),
    Round("answering", kill_holder, (Kind.CALLER_BEGAN, "*", 1), 1.0),
    Round("deciding", kill_holder, (Kind.CALLER_ENDED, "*", 1), 0.3),
    Round("probing", kill_holder, (Kind.UTTERANCE_BEGAN, "probe:", 1), 0.3),
    Round("closing", kill_holder, (Kind.UTTERANCE_BEGAN, "closing", 1), 0.5),
    Round("goodbye", kill_holder, (Kind.UTTERANCE_BEGAN, "goodbye", 1), 0.3),
    Round("job worker", kill_jobs, (Kind.CALLER_BEGAN, "*", 2), 0.5),
    Round("postgres", restart_postgres, (Kind.CALLER_BEGAN, "*", 1), 0.5),
    Round("sockets", drop_connections, (Kind.CALLER_BEGAN, "*", 1), 1.0),
    Round("stalls", None, line=STALLS),
    Round("clock", jump_clocks, (Kind.CALLER_BEGAN, "*", 1), 0.5),
    Round("dialling", kill_diallers, (Kind.STREAM_STARTED, "*", 1), 0.2, is_dialled=True),
    Round("callbacks", kill_holder, (Kind.CALLER_BEGAN, "*", 2), 0.5, are_callbacks_bad=True),
)
