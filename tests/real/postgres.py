"""A real PostgreSQL server: the distribution's own, on a fresh cluster in a temporary folder."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from eventy.testing.kafka.process import dies_with_parent, free_port, tail
from eventy.testing.kafka.unavailable import UnavailableError

_READY_WITHIN = 30.0  # seconds; it takes one


def find_postgres() -> "PostgresServer":
    """Return a server that isn't started yet; `UnavailableError` when none is installed."""
    programs = _from_path() or _from_pg_config() or _from_distribution()
    if programs is None:
        raise UnavailableError("no PostgreSQL server: install one, or have its `initdb` on the PATH")
    return PostgresServer(programs)


class PostgresServer:
    """One server for all tests; each takes a database of its own.

    `start` is to be called in the main thread: the server dies with the thread that started it.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="eventy-postgres-"))
        self._user = _unprivileged_user()
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self.log = self._folder / "server.log"
        self.url = self._url("postgres")

    def start(self) -> None:
        """Make the cluster, start the server and return when it accepts connections."""
        data = str(self._folder / "data")
        self._call("initdb", "-D", data, "-U", "eventy", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        settings = [f"--{name}={value}" for name, value in options.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", data, "-p", str(self._port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests: they end the server themselves
                # SIGQUIT is its immediate shutdown, which takes the workers along.
                preexec_fn=dies_with_parent(signal.SIGQUIT),  # noqa: PLW1509  it takes no lock
                cwd="/",  # the other user may have no right to be where the tests are
                user=self._user,
                extra_groups=None if self._user is None else [],
            )
        self._until_ready()

    def create_database(self) -> str:
        """Return the `postgresql+asyncpg://…` URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self._call("createdb", *self._connection(), name)
        return self._url(name)

    def remove(self) -> None:
        """End the server and remove its data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)
        shutil.rmtree(self._folder)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        probe = [str(self._programs / "pg_isready"), *self._connection(), "-q"]
        while subprocess.run(probe, check=False).returncode != 0:
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL didn't start:\n{tail(self.log)}")
            time.sleep(0.05)

    def _connection(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self._port), "-U", "eventy"]

    def _url(self, database: str) -> str:
        return f"postgresql+asyncpg://eventy@127.0.0.1:{self._port}/{database}"

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        groups: list[int] | None = None if self._user is None else []
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", user=self._user, extra_groups=groups
        )
        if run.returncode != 0:
            raise RuntimeError(f"{program} failed:\n{run.stdout}{run.stderr}")


def _unprivileged_user() -> str | None:
    """Return the user to run the server as: PostgreSQL refuses root. None is the one who runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _from_path() -> Path | None:
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb and shutil.which("postgres") else None


def _from_pg_config() -> Path | None:
    if shutil.which("pg_config") is None:
        return None
    run = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
    folder = Path(run.stdout.strip())
    return folder if run.returncode == 0 and (folder / "initdb").exists() else None  # a client alone has no initdb


def _from_distribution() -> Path | None:
    versions = {int(path.parts[-3]): path.parent for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb")}
    return versions[max(versions)] if versions else None
