"""A PostgreSQL server of our own for development and tests: one folder, one socket, no port, no setting up.

    python -m engine.store.embedded_postgres run -- COMMAND...   a server for as long as the command runs
    python -m engine.store.embedded_postgres url                 the address of the server that runs already

Where DATABASE_URL is set, in the environment or in .env, `run` starts no server.
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from dotenv import dotenv_values

from engine.errors import DatabaseUnavailable
from engine.store.postgres_binaries import make_roots_folder, roots_folder, server_account
from engine.store.postgres_cluster import DATABASE, Site, is_alive, launch, make_database, shut_down

DEFAULT_FOLDER = Path("var/postgres")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Server:
    """A running server; as a context manager it is stopped at the end if it was started here."""

    url: str
    started_here: bool
    _site: Site
    _process: "subprocess.Popen[bytes] | None" = None
    _ownership: IO[str] | None = field(default=None, repr=False)

    def stop(self) -> None:
        """Stop the server if this object started it, else leave it alone. Safe to call twice."""
        if self.started_here:
            with _locked(self._site.folder):
                shut_down(self._site, self._process)
            self.started_here = False
        if self._ownership:
            self._ownership.close()
            self._ownership = None

    def leave_running(self) -> None:
        """Give up the right to stop the server: somebody else will, with `stop(folder)`."""
        self.started_here = False
        if self._process:
            self._process.returncode = 0  # it lives on by intention; the destructor would complain about that
            self._process = None
        if self._ownership:
            self._ownership.close()
            self._ownership = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(folder: Path, *, durable: bool = True) -> Server:
    """A server on the data below `folder`, with a database for the product; started unless one runs there already.

    durable: False trades safety after a power cut for speed; for tests.
    A server whose starter died without stopping it counts as started here. Starters in several processes take turns.
    Raises DatabaseUnavailable: no programs, no rights, or the server's own complaint.
    """
    site = _site(folder.absolute())
    with _locked(site.folder):
        process = None
        if not is_alive(site):
            process = launch(site, durable=durable)
        make_database(site)
        ownership = _claim(site.folder)
    is_ours = process is not None or ownership is not None
    return Server(_url(site), is_ours, site, process, ownership)


def running_url(folder: Path) -> str | None:
    """The address of the server of this folder, or None when no connection succeeds."""
    site = _site(folder.absolute())
    return _url(site) if is_alive(site) else None


def stop(folder: Path) -> None:
    """Stop the server of this folder, whoever started it; nothing happens when none runs."""
    site = _site(folder.absolute())
    with _locked(site.folder):
        shut_down(site, None)


def _site(folder: Path) -> Site:
    """The folder itself, or its stand-in when root asks and the server's user could not get there."""
    stand_in = roots_folder(folder)
    account = server_account(folder / "data")
    folder.mkdir(parents=True, exist_ok=True)
    if account.reaches(folder, flag="x"):
        return Site(folder, account)
    make_roots_folder(stand_in)
    logger.warning("the database lies in another folder, since its user cannot enter the one asked for: %s", stand_in)
    return Site(stand_in, server_account(stand_in / "data"))


def _url(site: Site) -> str:
    return f"postgresql+psycopg://postgres@/{DATABASE}?host={site.socket_folder}"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time looks after the server of a folder."""
    with (folder / "starter.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _claim(folder: Path) -> IO[str] | None:
    """The mark of the one who stops the server: held by its starter, free again when the starter dies."""
    file = (folder / "owner.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _run(folder: Path, command: Sequence[str]) -> int:
    """Run a command with DATABASE_URL set; its exit status, or 128 plus the number of the signal that ended it."""
    given = os.environ.get("DATABASE_URL") or dotenv_values(".env").get("DATABASE_URL")
    if given:
        return _status_of(command, given)
    with start(folder) as server:
        return _status_of(command, server.url)


def _status_of(command: Sequence[str], url: str) -> int:
    process = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url})

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    # Ctrl-C reaches the command by itself, as a member of the terminal's foreground group; we only wait for its end.
    previous = {signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on)}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        status = process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return status if status >= 0 else 128 - status


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit status."""
    parser = ArgumentParser(prog="python -m engine.store.embedded_postgres", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where the data lies (%(default)s)")
    commands = parser.add_subparsers(dest="task", required=True)
    run = commands.add_parser("run", help="run a command with a server: run -- COMMAND...")
    run.add_argument("command", nargs="+")
    commands.add_parser("url", help="print the address of the server that runs already")
    commands.add_parser("stop", help="stop the server, whoever started it")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.task == "run":
            return _run(chosen.folder, chosen.command)
        if chosen.task == "stop":
            stop(chosen.folder)
            return 0
        url = running_url(chosen.folder)
    except (DatabaseUnavailable, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 1
    if url is None:
        print(f"No server runs for {chosen.folder}. `run -- COMMAND` starts one.", file=sys.stderr)
        return 1
    print(url)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    sys.exit(main(sys.argv[1:]))
