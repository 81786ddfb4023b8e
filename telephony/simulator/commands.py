"""What the simulator's command line does: one call in either direction, or one session sent again."""

import argparse
import json
import sys
import wave
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ
from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.exchange import Exchange, person
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.recorder import SessionRecorder, read_session
from telephony.simulator.replayer import ReplayReport, replay
from telephony.simulator.rest_server import CallsApi, serving
from telephony.simulator.run import CallResult, run_call
from telephony.simulator.scenario import Scenario, load_scenario
from telephony.simulator.scenario_table import ScenarioError

DEFAULT_URL = "http://127.0.0.1:8000"
_SHOWN = (
    Kind.SAID,
    Kind.UTTERANCE_BEGAN,
    Kind.CALLER_BEGAN,
    Kind.DIGIT,
    Kind.CLEARED,
    Kind.HUNG_UP,
    Kind.LINE_CLOSED,
    Kind.REFUSED,
)


def run(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Carry out `call`, `answer` or `replay`; the exit status. Raises what placing a call can raise."""
    account = account_from(environ, options.url)
    if options.command == "call":
        return _report_call(options, _call(options, account))
    if options.command == "answer":
        return _answer(options, account)
    report = replay(read_session(options.session), account, numbers=(options.caller, options.dialled), pin=options.pin)
    return _report_replay(options, report)


def account_from(environ: Mapping[str, str], url: str | None) -> Account:
    """The account that the environment describes. Raises ScenarioError naming the variable that is missing."""
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        if not environ.get(name):
            raise ScenarioError(f"{name} is not set: put the server's own value into the environment or into .env")
    public_url = environ.get("PUBLIC_BASE_URL") or url or DEFAULT_URL
    sid, token = environ["TWILIO_ACCOUNT_SID"], environ["TWILIO_AUTH_TOKEN"]
    return Account(sid, token, (url or public_url).rstrip("/"), public_url.rstrip("/"))


def _call(options: argparse.Namespace, account: Account) -> CallResult:
    scenario = load_scenario(options.scenario)
    with ExitStack() as open_files:
        extra: dict[str, Any] = {}
        if options.record:
            file = open_files.enter_context(options.record.open("w", encoding="utf-8"))
            extra["tape"] = SessionRecorder(file)
        return run_call(
            scenario,
            url=account.url,
            public_url=account.public_url,
            auth_token=account.auth_token,
            account_sid=account.account_sid,
            pin=options.pin,
            voice=_voice(scenario),
            on_happening=_show,
            **extra,
        )


def _answer(options: argparse.Namespace, account: Account) -> int:
    """Wait for the server to place a call, and be at the other end of it."""
    scenario = load_scenario(options.scenario)
    callee = person(scenario, _voice(scenario), answered_by=options.answered_by, on_happening=_show)
    exchange = Exchange(account, lambda number: replace(callee, outcome=options.outcome))
    with serving(CallsApi(account, exchange), options.port) as url:
        print(f"Twilio's REST API stands at {url}. Start the server with TWILIO_REST_URL={url}, then book a call.")
        call = exchange.wait_for_call()
        print(f"{call.one('To')} rings.", flush=True)
        exchange.wait(scenario.longest_call_ms / 1000)
    if call.result is None:
        print(f"the call ended as {call.status}")
        return _faults(call.problems)
    return max(_report_call(options, call.result), _faults(call.problems))


def _voice(scenario: Scenario) -> voices.Voice | None:
    """The local voice, loaded only for a scenario that needs one: it takes seconds."""
    replies = (*scenario.replies, *((scenario.default,) if scenario.default else ()))
    if all(part.audio for reply in replies for part in reply.parts):
        return None
    from engine.adapters.local_hibari import HibariVoice

    return voices.spoken_by(HibariVoice().synthesise)


def _show(happening: Happening) -> None:
    if happening.kind in _SHOWN:
        minutes, seconds = divmod(happening.at_ms / 1000, 60)
        print(f"{int(minutes):3d}:{seconds:04.1f}  {happening.kind:<16} {happening.detail}", flush=True)


def _report_call(options: argparse.Namespace, result: CallResult) -> int:
    data = result.as_data()
    if options.json:
        options.json.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    if options.save_audio:
        save_stereo(options.save_audio, result.heard_caller, result.heard_agent)
    totals = data["totals"]
    print(
        f"ended by the {data['ended_by']} after {totals['duration_ms'] / 1000:.1f} s: {totals['turns']} turns, "
        f"gaps p50 {totals['gap_ms_p50']} ms, p95 {totals['gap_ms_p95']} ms, "
        f"{totals['cut_ins']} cut-ins, {totals['barge_ins']} barge-ins"
    )
    return _faults(result.problems)


def _report_replay(options: argparse.Namespace, report: ReplayReport) -> int:
    if options.json:
        options.json.write_text(json.dumps(report.as_data(), indent=2) + "\n", encoding="utf-8")
    print(f"recorded: {report.recorded.kinds}, {report.recorded.audio_ms} ms of audio")
    print(f"received: {report.received.kinds}, {report.received.audio_ms} ms of audio")
    return _faults(report.differences)


def _faults(faults: Sequence[str]) -> int:
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if faults else 0


def save_stereo(path: Path, caller: bytes, agent: bytes) -> None:
    """Write both sides, mu-law of equal length, as a 16-bit stereo WAV file at 8 kHz."""
    left, right = mulaw.decode(caller), mulaw.decode(agent)
    both = bytearray(len(left) + len(right))
    for offset in (0, 1):
        both[offset::4] = left[offset::2]
        both[offset + 2 :: 4] = right[offset::2]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(bytes(both))
