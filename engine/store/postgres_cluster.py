"""One PostgreSQL cluster in one folder: made, started, asked whether it lives, stopped."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from engine.errors import DatabaseUnavailable
from engine.store.postgres_binaries import Account, find_binaries, major_version, roots_folder

DATABASE = "vivavoce"

_SOCKETS = Path("/tmp")  # noqa: S108  # the path of a socket may have about 100 bytes; our folder below it is ours alone
_SOCKET_NAME = ".s.PGSQL.5432"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 30.0
_BUILTIN_LOCALES_FROM = 17
_SWIFT = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Site:
    """Where one server keeps its things."""

    folder: Path
    account: Account

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def socket_folder(self) -> Path:
        return _SOCKETS / f"vivavoce-{hashlib.sha256(str(self.data).encode()).hexdigest()[:12]}"


def connect(site: Site, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A connection of our own to the server. Raises psycopg.OperationalError when none answers."""
    return psycopg.connect(
        host=str(site.socket_folder), user="postgres", dbname=database, connect_timeout=5, autocommit=True
    )


def is_alive(site: Site) -> bool:
    """Only a connection proves it: pid files and sockets outlive their server."""
    if not (site.socket_folder / _SOCKET_NAME).exists():
        return False
    try:
        connect(site, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def launch(site: Site, *, durable: bool) -> "subprocess.Popen[bytes]":
    """Start the server, making its cluster first where there is none. Raises DatabaseUnavailable."""
    binaries = find_binaries(site.account, roots_folder(site.folder))
    _make_cluster(site, binaries)
    _make_socket_folder(site)
    settings = [
        "listen_addresses=",
        f"unix_socket_directories={site.socket_folder}",
        "timezone=UTC",
        *(() if durable else _SWIFT),
    ]
    command = [binaries / "postgres", "-D", site.data, *(part for setting in settings for part in ("-c", setting))]
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        _remove_stale(site.pid_file)
        _remove_stale(site.socket_folder / f"{_SOCKET_NAME}.lock")
        process = site.account.spawn(command, site.log)
        while process.poll() is None and time.monotonic() < deadline:
            if is_alive(site):
                return process
            time.sleep(0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(_STOP_TIMEOUT_S)
        # After a crash the children of the dead server may hold its memory for a moment longer.
        if "shared memory block" not in _last_words(site) or time.monotonic() > deadline:
            raise DatabaseUnavailable(f"PostgreSQL does not start. Its last words ({site.log}):\n{_last_words(site)}")
        time.sleep(0.2)


def _last_words(site: Site) -> str:
    return "\n".join(site.log.read_text(errors="replace").splitlines()[-8:])


def _make_cluster(site: Site, binaries: Path) -> None:
    """initdb into a folder beside, then one rename: a cluster is whole or absent."""
    if (site.data / "PG_VERSION").is_file():
        if os.geteuid() not in (0, site.data.stat().st_uid):
            raise DatabaseUnavailable(
                f"{site.data} belongs to another user. Run as that user, or remove the folder to begin anew."
            )
        return
    fresh = site.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(fresh, site.account.user_id, site.account.group_id)
    has_builtin_locale = major_version(binaries, site.account) >= _BUILTIN_LOCALES_FROM
    locale = ("--locale-provider=builtin", "--locale=C.UTF-8") if has_builtin_locale else ("--locale=C.UTF-8",)
    made = site.account.run(
        [binaries / "initdb", "-D", fresh, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N", *locale]
    )
    if made.returncode != 0:
        raise DatabaseUnavailable(f"initdb failed:\n{made.stderr.strip() or made.stdout.strip()}")
    fresh.rename(site.data)


def _make_socket_folder(site: Site) -> None:
    """A folder that only the server's user (and root) may enter: who reaches the socket may do anything."""
    folder = site.socket_folder
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        facts = folder.lstat()
        if folder.is_symlink() or facts.st_uid != site.account.user_id or facts.st_mode & 0o077:
            raise DatabaseUnavailable(f"{folder} was not made by us. Remove it and try again.") from None
        return
    if os.geteuid() == 0:
        os.chown(folder, site.account.user_id, site.account.group_id)


def make_database(site: Site) -> None:
    """Make the product's database unless it is there."""
    with connect(site, "postgres") as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
            connection.execute("create database vivavoce")


def shut_down(site: Site, process: "subprocess.Popen[bytes] | None") -> None:
    """Stop the server that this process started, or without one whichever runs; nothing happens when it is gone."""
    pid = process.pid if process else _pid_in(site.pid_file)
    if pid is not None and str(site.data) in _command_line(pid):
        os.kill(pid, signal.SIGINT)  # PostgreSQL's fast shutdown: sessions end, data is written
        _wait_for_end(pid)
    if process:
        process.wait()
    if not is_alive(site):
        shutil.rmtree(site.socket_folder, ignore_errors=True)


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _is_postgres(pid):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"PostgreSQL (process {pid}) did not stop within {_STOP_TIMEOUT_S:.0f} s.")
        time.sleep(0.02)


def _remove_stale(lock_file: Path) -> None:
    """Remove a lock whose process is a zombie, gone or something else; PostgreSQL itself trusts any pid that exists."""
    pid = _pid_in(lock_file)
    if pid is not None and not _is_postgres(pid):
        lock_file.unlink(missing_ok=True)


def _pid_in(lock_file: Path) -> int | None:
    try:
        return int(lock_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _is_postgres(pid: int) -> bool:
    """Whether this process exists, is a PostgreSQL program and is not a zombie."""
    return "postgres" in _command_line(pid)


def _command_line(pid: int) -> str:
    """What the process was started as; empty for one that is gone or a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    shown = subprocess.run(["ps", "-o", "stat=,args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, command = shown.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else command
