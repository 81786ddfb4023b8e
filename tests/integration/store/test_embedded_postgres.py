import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from engine.errors import DatabaseUnavailable
from engine.store import embedded_postgres, postgres_binaries

ROOT = Path(__file__).resolve().parents[3]
LAUNCHER = (sys.executable, "-m", "engine.store.embedded_postgres")
START = "import sys; from pathlib import Path; from engine.store import embedded_postgres as e; "
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the server as somebody else")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may enter; pytest's own are for their user alone."""
    folder = Path(tempfile.mkdtemp(prefix="vivavoce-place-"))
    folder.chmod(0o755)
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """A cluster that was made once; each test starts and stops it."""
    folder = Path(tempfile.mkdtemp(prefix="vivavoce-cluster-"))
    folder.chmod(0o755)
    embedded_postgres.start(folder, durable=False).stop()
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in found.splitlines() if int(line.split()[1]) == pid]


def test_a_server_comes_from_nothing_and_goes_without_a_trace_of_itself(open_folder: Path) -> None:
    with embedded_postgres.start(open_folder, durable=False) as server:
        assert server.started_here
        with connect(server.url) as connection:
            assert connection.execute("select current_database(), current_setting('listen_addresses')").fetchone() == (
                "vivavoce",
                "",
            )
        socket = Path(re.sub(r".*host=", "", server.url))
        assert socket.stat().st_mode & 0o077 == 0
        assert len(str(socket)) < 60
        assert embedded_postgres.running_url(open_folder) == server.url
    assert embedded_postgres.running_url(open_folder) is None
    assert not socket.exists()


def test_what_was_written_is_there_after_a_restart(cluster: Path) -> None:
    with embedded_postgres.start(cluster) as server, connect(server.url) as connection:
        connection.execute("create table kept as select 41 + 1 as answer")
    with embedded_postgres.start(cluster) as server, connect(server.url) as connection:
        assert connection.execute("table kept").fetchone() == (42,)
        connection.execute("drop table kept")


def test_who_found_the_server_running_does_not_stop_it(cluster: Path) -> None:
    with embedded_postgres.start(cluster, durable=False) as first:
        with embedded_postgres.start(cluster) as second:
            assert (second.url, second.started_here) == (first.url, False)
        connect(first.url).close()


def test_a_server_killed_with_all_its_children_comes_back_with_its_data(cluster: Path) -> None:
    server = embedded_postgres.start(cluster)
    with connect(server.url) as connection:
        connection.execute("create table kept as select 1 as answer")
    victim = postmaster(cluster)
    for pid in [victim, *children_of(victim)]:
        os.kill(pid, signal.SIGKILL)

    with embedded_postgres.start(cluster) as again:
        assert again.started_here
        with connect(again.url) as connection:
            assert connection.execute("table kept").fetchone() == (1,)
            connection.execute("drop table kept")
        server.stop()
        connect(again.url).close()


def test_pid_files_left_by_a_dead_machine_are_no_obstacle(cluster: Path) -> None:
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        (cluster / "data" / "postmaster.pid").write_text(f"{innocent.pid}\n{cluster / 'data'}\n")
        with embedded_postgres.start(cluster, durable=False) as server:
            connect(server.url).close()
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_a_server_whose_starter_was_killed_is_taken_over_and_stopped(cluster: Path) -> None:
    code = START + "e.start(Path(sys.argv[1]), durable=False); print('ready', flush=True); sys.stdin.read()"
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(cluster)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"ready\n"
    starter.kill()
    starter.communicate()

    url = embedded_postgres.running_url(cluster)
    assert url is not None
    connect(url).close()
    with embedded_postgres.start(cluster) as heir:
        assert heir.started_here
    assert embedded_postgres.running_url(cluster) is None


def test_two_who_start_at_once_share_one_server(open_folder: Path) -> None:
    code = (
        START
        + "s = e.start(Path(sys.argv[1]), durable=False); print(s.url, s.started_here, flush=True); "
        + ("sys.stdin.read(); s.stop()")
    )
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(open_folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    told = [starter.stdout.readline().split() for starter in starters if starter.stdout]
    for starter in starters:
        starter.communicate()

    assert told[0][0] == told[1][0]
    assert sorted(line[1] for line in told) == ["False", "True"]
    assert [starter.returncode for starter in starters] == [0, 0]
    assert embedded_postgres.running_url(open_folder) is None


def test_the_command_runs_with_the_address_and_its_status_is_handed_on(cluster: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "engine.store.embedded_postgres",
            "--folder",
            str(cluster),
            "run",
            "--",
            "sh",
            "-c",
            'echo "$DATABASE_URL"; exit 7',
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (7, "")
    assert ran.stdout.startswith("postgresql+psycopg://postgres@/vivavoce?host=")
    assert embedded_postgres.running_url(cluster) is None


def test_a_database_that_is_given_leaves_the_launcher_out(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/db")
    assert embedded_postgres.main(["--folder", str(cluster), "run", "--", "sh", "-c", 'echo "$DATABASE_URL"']) == 0
    assert capfd.readouterr().out == "postgresql://elsewhere/db\n"
    assert not (cluster / "data" / "postmaster.pid").exists()


def test_url_and_stop_speak_of_the_server_that_runs(cluster: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--folder", str(cluster)]
    assert embedded_postgres.main([*place, "url"]) == 1
    with embedded_postgres.start(cluster, durable=False) as server:
        assert embedded_postgres.main([*place, "url"]) == 0
        assert capsys.readouterr().out.strip() == server.url
        assert embedded_postgres.main([*place, "stop"]) == 0
        assert embedded_postgres.running_url(cluster) is None


def test_programs_that_are_not_there_are_named(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(open_folder))
    with pytest.raises(DatabaseUnavailable, match="PG_BIN"):
        embedded_postgres.start(open_folder / "new")


def test_the_servers_own_complaint_is_shown(open_folder: Path) -> None:
    embedded_postgres.start(open_folder, durable=False).stop()
    (open_folder / "data" / "postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(DatabaseUnavailable, match="max_connections"):
        embedded_postgres.start(open_folder)


@as_root
def test_root_may_keep_everything_where_only_root_can_enter(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    wheel = next(iter(postgres_binaries._candidates())).parent.parent
    shutil.copytree(wheel / "pginstall18", home / wheel.name / "pginstall18", symlinks=True)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), home / f"{wheel.name}.libs")
    monkeypatch.setenv("PG_BIN", str(home / wheel.name / "pginstall18" / "bin"))
    monkeypatch.setattr(postgres_binaries, "ROOTS_SERVERS", open_folder / "var-lib")

    with embedded_postgres.start(home / "var" / "postgres", durable=False) as server:
        connect(server.url).close()
        assert str(open_folder / "var-lib") in caplog.text
    with embedded_postgres.start(home / "var" / "postgres", durable=False) as server:
        connect(server.url).close()
    assert home.stat().st_mode & 0o777 == 0o700


@as_root
def test_an_ordinary_user_needs_nobody_else(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    interpreter = _interpreter_for(nobody)
    os.chown(open_folder, nobody.pw_uid, nobody.pw_gid)
    code = START + "s = e.start(Path(sys.argv[1]), durable=False); print(s.started_here); s.stop()"
    ran = subprocess.run(
        [interpreter, "-c", code, str(open_folder / "postgres")],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}", "PATH": os.environ["PATH"]},
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.stdout, ran.stderr) == ("True\n", "")
    assert (open_folder / "postgres" / "data").stat().st_uid == nobody.pw_uid


def _interpreter_for(user: pwd.struct_passwd) -> str:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            subprocess.run(
                [candidate, "-c", f"import os; os.listdir({str(ROOT / 'engine')!r})"],
                cwd="/",
                user=user.pw_uid,
                group=user.pw_gid,
                extra_groups=[],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip(f"no {version} that the user nobody may run, or no way for that user into this folder")
