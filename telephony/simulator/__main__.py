"""The simulator's command line: `python -m telephony.simulator call SCENARIO` and `... replay SESSION`.

Exit status: 0 when the call went as it should, 1 when the server did something wrong or answered differently,
2 when the call could not be placed at all.
"""

import argparse
import json
import os
import sys
import wave
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from engine.audio import mulaw
from engine.clock import SAMPLE_RATE_HZ
from engine.errors import VivavoceError
from telephony.simulator import voices
from telephony.simulator.account import Account
from telephony.simulator.happenings import Happening, Kind
from telephony.simulator.recorder import SessionRecorder, read_session
from telephony.simulator.replayer import ReplayReport, replay
from telephony.simulator.run import CallResult, run_call
from telephony.simulator.scenario import Scenario, ScenarioError, load_scenario

_DEFAULT_URL = "http://127.0.0.1:8000"
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


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    """The command line, taken apart. Leaves with status 2 and a usage message when it cannot be understood."""
    parser = argparse.ArgumentParser(
        prog="python -m telephony.simulator", description="Calls the server as Twilio would."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    call = commands.add_parser("call", help="place a call with the caller of a scenario file")
    call.add_argument("scenario", type=Path, help="a TOML file; its format is described in docs/simulator.md")
    call.add_argument("--json", type=Path, metavar="FILE", help="write the timeline here")
    call.add_argument("--record", type=Path, metavar="FILE", help="write every message of the session here")
    call.add_argument("--save-audio", type=Path, metavar="FILE", help="write a stereo WAV: caller left, agent right")
    again = commands.add_parser("replay", help="send a recorded session once more and compare the answers")
    again.add_argument("session", type=Path, help="a file written by call --record")
    again.add_argument("--json", type=Path, metavar="FILE", help="write the comparison here")
    again.add_argument("--caller", default="+15550101", help="number to call from (default: %(default)s)")
    again.add_argument("--dialled", default="+15550100", help="number to call (default: %(default)s)")
    demo = commands.add_parser("demo", help="a whole interview on this machine alone, from nothing to a report")
    demo.add_argument("--once", action="store_true", help="leave after the report instead of serving the dashboard")
    demo.add_argument(
        "--providers", choices=("own", "fakes"), default="own",
        help="fakes: Deepgram and OpenAI are played by servers on this machine (default: what the environment names)",
    )  # fmt: skip
    for command in (call, again):
        command.add_argument("--url", help=f"where the server is reached (default: PUBLIC_BASE_URL or {_DEFAULT_URL})")
        command.add_argument("--pin", help="the PIN of an open interview", required=command is again)
    return parser.parse_args(argv)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what the command line says; the exit status. Faults go to standard error, in one sentence each."""
    options = arguments(argv)
    if options.command == "demo":
        from telephony.simulator import demo  # it alone needs the database and the processes

        return demo.run(once=options.once, with_fakes=options.providers == "fakes")
    try:
        account = account_from(environ, options.url)
        if options.command == "call":
            result = _call(options, account)
            return _report_call(options, result)
        report = replay(
            read_session(options.session), account, numbers=(options.caller, options.dialled), pin=options.pin
        )
        return _report_replay(options, report)
    except (VivavoceError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def account_from(environ: Mapping[str, str], url: str | None) -> Account:
    """The account that the environment describes. Raises ScenarioError naming the variable that is missing."""
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        if not environ.get(name):
            raise ScenarioError(f"{name} is not set: put the server's own value into the environment or into .env")
    public_url = environ.get("PUBLIC_BASE_URL") or url or _DEFAULT_URL
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


if __name__ == "__main__":
    known = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    sys.exit(main(sys.argv[1:], known | os.environ))
