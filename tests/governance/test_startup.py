"""``manage.py up`` on a real installation: first run, refusals, a broker that works, a clean end, and again."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from governance.management import children
from governance.management.supervisor import leftovers
from registry.ledger import keyring
from registry.ledger.checkpoint import open_checkpoint
from registry.models import Identity, IdentityKind, Project, Role, RoleAssignment

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse 7 battery"
QUESTION = """
import django
django.setup()
from celery import current_app
print(current_app.control.inspect(timeout=30, limit=1).active_queues())
"""


@pytest.fixture
def home(settings, tmp_path):
    """A new home: under /tmp, where paths are short."""
    settings.PROBITY_HOME = tmp_path / "home"
    return settings.PROBITY_HOME


@pytest.fixture
def administrator(monkeypatch):
    monkeypatch.setenv("PROBITY_ADMIN_USERNAME", "ada")
    monkeypatch.setenv("PROBITY_ADMIN_PASSWORD", PASSWORD)


class Up:
    """A running ``manage.py up``."""

    def __init__(self, environment, *arguments):
        command = [sys.executable, "manage.py", "up", "--port", "0", "--workers", "1", *arguments]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.lines, self.address, self._answered = [], "", threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout or ():
            self.lines.append(line)
            if found := re.match(r"Probity answers at (\S+)/ ", line):
                self.address = found[1]
                self._answered.set()
        self._answered.set()

    def wait_until_it_answers(self):
        self._answered.wait(120)
        assert self.address, "".join(self.lines)
        return self

    def end(self, order=signal.SIGTERM):
        self.process.send_signal(order)
        return self.join()

    def join(self):
        code = self.process.wait(60)
        self._reader.join(10)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def _get(address):
    with urllib.request.urlopen(address, timeout=20) as answer:  # noqa: S310 - our own http address
        return answer.status, answer.read()


def test_the_whole_service_starts_answers_refuses_a_second_and_leaves_nothing(
    committed_db, home, administrator, child_environment
):
    first = Up(child_environment).wait_until_it_answers()
    try:
        assert _get(f"{first.address}/healthz") == (200, b'{"status": "ok"}')
        second = Up(child_environment)
        assert second.join() == 1
        assert f"CommandError: Probity already runs on {home}." in "".join(second.lines)
        asked = subprocess.run(
            [sys.executable, "-c", QUESTION],
            env=child_environment,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
        assert {f"'name': '{queue}'" in asked.stdout for queue in ("default", "governance", "privacy")} == {True}
        assert_what_was_done_is_signed(home)
        assert stat_of_secrets(home) == {"broker": 0o600, "secret_key": 0o600, "key": 0o600}
        assert not any(PASSWORD.encode() in environment_of(pid) for pid in leftovers(home))
    finally:
        code = first.end()
    assert code == 0, "".join(first.lines)
    assert first.lines[-1] == "Probity has stopped.\n"
    assert leftovers(home) == []
    assert list((home / "run").iterdir()) == []
    assert_the_administrator_is_registered()

    again = Up(child_environment).wait_until_it_answers()
    assert "This installation has an administrator; nothing was changed.\n" in again.lines
    assert again.end(signal.SIGINT) == 0
    assert leftovers(home) == []
    assert_the_administrator_is_registered()


def stat_of_secrets(home):
    return {
        place.name: place.stat().st_mode & 0o777
        for place in (*home.glob("run/broker"), *home.glob("*_key"), *home.glob("ledger/key"))
    }


def assert_what_was_done_is_signed(home):
    """The sequencer follows within about a second; it is given much longer on a busy machine."""
    deadline = time.monotonic() + 60
    while not (home / "ledger/export/logs/1/checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    signed = open_checkpoint((home / "ledger/export/logs/1/checkpoint").read_bytes(), keyring.load(home).verifiers)
    assert signed.head.size > 0


def environment_of(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def assert_the_administrator_is_registered():
    user = get_user_model().objects.get(username="ada")
    assert user.check_password(PASSWORD)
    assert not user.is_superuser
    principal = Identity.objects.get(kind=IdentityKind.DJANGO, value=str(user.pk)).principal
    assert principal.roles(Project.default()) == {Role.ADMINISTRATOR}


def test_up_without_an_administrator_is_refused_politely_and_starts_nothing(committed_db, home, child_environment):
    refused = Up({name: value for name, value in child_environment.items() if not name.startswith("PROBITY_ADMIN")})
    assert refused.join() == 1
    assert refused.lines[-1].startswith("CommandError: A new installation needs an administrator")
    assert "Traceback" not in "".join(refused.lines)
    assert leftovers(home) == []


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"port": 65536}, "--port is 65536, which is not between 0 and 65535."),
        ({"port": -1}, "--port is -1, which is not between 0 and 65535."),
        ({"workers": 0}, "--workers is 0, which is less than 1."),
    ],
)
def test_impossible_options_are_refused_by_value_and_limit(arguments, problem):
    with pytest.raises(CommandError) as caught:
        call_command("up", **arguments)
    assert str(caught.value) == problem


def test_a_port_that_somebody_holds_is_refused_before_anything_starts():
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(children.PortTakenError, match=f"port {port} "):
            children.plan(port=port)


@pytest.mark.django_db
def test_the_first_run_makes_an_administrator_with_events_and_the_second_changes_nothing(administrator, capsys):
    call_command("init_instance")
    call_command("init_instance")
    assert "nothing was changed" in capsys.readouterr().out
    assert RoleAssignment.objects.filter(role=Role.ADMINISTRATOR).count() == 1
    assert_the_administrator_is_registered()
    call_command("init_instance", check=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "too short"),
        ("1234567890123", "entirely numeric"),
        ("password123", "too common"),
        ("ada-lovelace", "similar"),
    ],
)
def test_a_weak_password_is_refused_and_nothing_is_made(monkeypatch, password, problem):
    monkeypatch.setenv("PROBITY_ADMIN_USERNAME", "ada-lovelace")
    monkeypatch.setenv("PROBITY_ADMIN_PASSWORD", password)
    with pytest.raises(CommandError, match=problem):
        call_command("init_instance")
    assert not get_user_model().objects.exists()


@pytest.mark.django_db
def test_a_name_that_somebody_has_is_not_made_an_administrator(administrator):
    get_user_model().objects.create_user("ada")
    with pytest.raises(CommandError, match="There is a user 'ada' already"):
        call_command("init_instance")
    assert not RoleAssignment.objects.filter(role=Role.ADMINISTRATOR).exists()


@pytest.mark.django_db
def test_the_question_whether_there_is_an_administrator_makes_none(administrator):
    with pytest.raises(CommandError, match="has no administrator"):
        call_command("init_instance", check=True)
    assert not get_user_model().objects.exists()


def test_a_broker_of_ones_own_replaces_the_embedded_one(monkeypatch):
    monkeypatch.setenv("BROKER_URL", "redis://elsewhere:6379/0")
    todo = children.plan(port=0)
    assert [child.name for child in todo.children] == ["ledger", "worker", "beat", "web"]
    assert todo.files == {}
    assert {child.environment["BROKER_URL"] for child in todo.children} == {"redis://elsewhere:6379/0"}


def test_the_key_of_the_ledger_is_given_to_the_sequencer_alone(monkeypatch):
    monkeypatch.setenv("PROBITY_LEDGER_KEY", "PRIVATE+KEY+x")
    holders = [child.name for child in children.plan(port=0).children if "PROBITY_LEDGER_KEY" in child.environment]
    assert holders == ["ledger"]


def test_the_embedded_broker_takes_a_new_password_each_time_and_shows_it_nowhere(monkeypatch):
    monkeypatch.delenv("BROKER_URL", raising=False)
    first, second = (children.plan(port=0) for _ in range(2))
    assert first.broker_url != second.broker_url
    password = first.broker_url.split(":")[2].split("@")[0]
    assert len(password) == 64
    assert all(password not in " ".join(child.command) for child in first.children)
    assert all(password not in repr(child) for child in first.children)


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_plan_tells_the_address(host, address):
    assert children.plan(host=host, port=0).address.startswith(address)


@pytest.mark.django_db
def test_health_is_told_without_signing_in_and_tells_no_detail(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert client.post("/healthz").status_code == 405


def test_health_is_refused_when_the_database_is_away(client, monkeypatch):
    from django.db import OperationalError, connection

    def away(*_):
        raise OperationalError("could not connect to host secret-host")

    monkeypatch.setattr(connection, "cursor", away)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert b"secret-host" not in answer.content


def test_a_detached_process_of_this_home_is_ended_with_the_service(home, tmp_path):
    from registry.backends.detached import is_alive, start_time, write_json

    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        folder = home / "serving" / "one"
        folder.mkdir(parents=True)
        handle = {"pid": process.pid, "started": start_time(process.pid)}
        write_json(folder / "handle.json", handle)
        other = home / "training" / "two"
        other.mkdir(parents=True)
        write_json(other / "handle.json", {"pid": os.getpid(), "started": 1})
        assert is_alive(handle)
        children.end_detached()
        assert process.wait(10) == -signal.SIGTERM
