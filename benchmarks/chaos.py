"""Does an interview survive what breaks under it? Calls are held while processes, sockets and PostgreSQL are killed.

`make chaos` holds at least 200 simulated calls against two web workers and one job process, in rounds; each round has
one kind of fault, at the moment at which one of its calls comes to a certain place. It prints a table and, on the last
line, one JSON object. Speech engines are scripted: what is tested is what is kept, and how soon callers hear us again.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.chaos_calls import Phone
from benchmarks.chaos_dialled import Provider
from benchmarks.chaos_faults import ROUNDS, Round
from benchmarks.chaos_stage import Postgres, Stage, own_postgres
from benchmarks.chaos_verdict import judge, settle
from benchmarks.media_dialling import booked_interviews

CALLS = 200
MOST_RESUME_S = 3.0
_STAGGER_S = 0.15
_LONGEST_CALL_S = 150.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--calls", type=int, default=CALLS, help="over all rounds together")
    parser.add_argument("--rounds", default="", help="names, separated by commas; all of them by default")
    parser.add_argument("--keep", type=Path, help="a folder for data and logs, to look at afterwards")
    options = parser.parse_args(arguments)
    wanted = [each for each in ROUNDS if not options.rounds or each.name in options.rounds.split(",")]
    if not wanted or options.calls < len(wanted):
        parser.error(f"choose among {', '.join(each.name for each in ROUNDS)}, and a call or more for each")
    with tempfile.TemporaryDirectory(prefix="vivavoce-chaos-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        with own_postgres(folder / "postgres") as postgres, Stage(folder, postgres.url) as stage, ExitStack() as stack:
            provider = Provider(stack)
            provider.open(stage)
            figures = hold(stage, wanted, options.calls, postgres, provider)
    print(json.dumps(figures))
    is_whole = not (figures["answers_lost"] or figures["double_dials"] or figures["illegal_states"])
    is_heard = figures["lines_broken"] == 0 or (figures["resume_s_p95"] or MOST_RESUME_S + 1) <= MOST_RESUME_S
    return 0 if is_whole and is_heard else 1


def hold(
    stage: Stage,
    rounds: Sequence[Round],
    calls: int,
    postgres: Postgres | None = None,
    provider: Provider | None = None,
    *,
    questions: int = 2,
) -> dict[str, Any]:
    """Hold the calls round by round and return the figures; the table is printed as it grows."""
    shares = [calls // len(rounds) + (number < calls % len(rounds)) for number in range(len(rounds))]
    print(f"{'round':<14}{'calls':>6}{'faults':>8}{'broken':>8}{'resume p50':>12}{'max s':>8}  ", flush=True)
    phones: list[Phone] = []
    resumes: list[float] = []
    faults = 0
    for each, share in zip(rounds, shares, strict=True):
        held, moments = _one_round(stage, each, (share, questions), postgres, provider)
        waits = sorted(
            wait for moment in moments for phone in held if (wait := phone.heard_again_s(moment)) is not None
        )
        middle = f"{waits[len(waits) // 2]:.2f}" if waits else "-"
        worst = f"{waits[-1]:.2f}" if waits else "-"
        print(f"{each.name:<14}{len(held):>6}{len(moments):>8}{len(waits):>8}{middle:>12}{worst:>8}", flush=True)
        phones += held
        resumes += waits
        faults += len(moments)
    logs = stage.data / "calls"
    settle(stage.sessions, logs)
    verdict = judge(stage.sessions, phones, logs)
    for line in verdict.details:
        print(f"  {line}")
    resumes.sort()
    return {
        "calls": len(phones),
        "answers_lost": verdict.answers_lost,
        "double_dials": provider.rung_twice() if provider is not None else 0,
        "illegal_states": verdict.illegal_states,
        "resume_s_p95": _share(resumes, 0.95),
        "faults": faults,
        "answers": verdict.answers,
        "lines_broken": len(resumes),
        "interviews_unfinished": verdict.unfinished,
    }


def _share(waits: list[float], share: float) -> float | None:
    """What this share of the waits did not exceed; None where there are none, or where it is without an end."""
    if not waits:
        return None
    wait = waits[min(len(waits) - 1, int(len(waits) * share))]
    return round(wait, 2) if wait != float("inf") else None


def _one_round(
    stage: Stage, each: Round, size: tuple[int, int], postgres: Postgres | None, provider: Provider | None
) -> tuple[list[Phone], list[float]]:
    calls, questions = size
    moment_come = threading.Event()
    if each.is_dialled:
        assert provider is not None
        phones = provider.booked(stage, calls)
        phones[0].on_happening = each.trigger(moment_come)
        moments = _strike(stage, each, phones, postgres, moment_come)
        provider.wait(phones, _LONGEST_CALL_S)
        return phones, moments
    user = f"{each.name.replace(' ', '-')}@vivavoce.example"
    pins = booked_interviews(stage.sessions, calls, datetime.now(UTC), user, questions)
    phones = [Phone(pin, stage.environ, faults=each.line, are_callbacks_bad=each.are_callbacks_bad) for pin in pins]
    phones[0].on_happening = each.trigger(moment_come)
    threads = []
    for phone in phones:
        threads.append(phone.start())
        time.sleep(_STAGGER_S)
    moments = _strike(stage, each, phones, postgres, moment_come)
    deadline_s = time.monotonic() + _LONGEST_CALL_S
    for thread in threads:
        thread.join(max(0.0, deadline_s - time.monotonic()))
    return phones, moments


def _strike(
    stage: Stage, each: Round, phones: Sequence[Phone], postgres: Postgres | None, moment_come: threading.Event
) -> list[float]:
    """Wait for the moment, do the damage; the moments at which it was done."""
    if each.fault is None:
        return []
    if not moment_come.wait(_LONGEST_CALL_S / 2):
        raise SystemExit(f"In the round {each.name} no call came to where the fault was to strike.")
    return each.fault(stage, phones, postgres)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
