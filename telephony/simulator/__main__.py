"""The simulator's command line: `python -m telephony.simulator call`, `answer`, `replay` and `demo`.

Exit status: 0 when the call went as it should, 1 when the server did something wrong or answered differently,
2 when the call could not be placed at all.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dotenv import dotenv_values

from engine.errors import VivavoceError


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
    answer = commands.add_parser("answer", help="be the telephone that the server calls, and Twilio's REST API with it")
    answer.add_argument("scenario", type=Path, help="who picks up; the same files as for call")
    answer.add_argument("--port", type=int, default=8099, help="of the REST API on this machine (default: %(default)s)")
    answer.add_argument("--outcome", choices=("answer", "busy", "no-answer", "failed"), default="answer")
    answer.add_argument("--answered-by", default="human", metavar="VERDICT", help="of answering machine detection")
    answer.add_argument("--json", type=Path, metavar="FILE", help="write the timeline here")
    answer.add_argument("--save-audio", type=Path, metavar="FILE", help="write a stereo WAV: caller left, agent right")
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
    for command in (call, answer, again):
        command.add_argument(
            "--url", help="where the server is reached (default: PUBLIC_BASE_URL or http://127.0.0.1:8000)"
        )
    for command in (call, again):
        command.add_argument("--pin", help="the PIN of an open interview", required=command is again)
    return parser.parse_args(argv)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Do what the command line says; the exit status. Faults go to standard error, in one sentence each."""
    options = arguments(argv)
    # Each command loads what it alone needs: the demo is to have its processes loading before anything else.
    if options.command == "demo":
        from telephony.simulator import demo

        return demo.run(once=options.once, with_fakes=options.providers == "fakes")
    from telephony.simulator import commands

    try:
        return commands.run(options, environ)
    except (VivavoceError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    known = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    sys.exit(main(sys.argv[1:], known | os.environ))
