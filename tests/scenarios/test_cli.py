"""The whole path by the command line alone: one file run by a bare interpreter, against a live server."""

import io
import json
import os
import subprocess
import sys
import threading
from datetime import timedelta
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from governance.access.tokens import create_token
from governance.models import PromotionRequest
from registry.models import Deployment, ModelVersion
from tests.governance.conftest import committed_stage  # noqa: F401 - a fixture
from tests.governance.stage import AUC, MISSES, REASON, STRADDLES, rows

PASS, DENIED, USAGE, UNREACHABLE, PENDING = range(5)
ASKED = ("--model", "staged", "--environment", "production")
BECAUSE = ("--reason", REASON)


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = False


class Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments):
        pass


class Application(WSGIHandler):
    """Closes the connection of its thread, which ends with the request."""

    def __call__(self, *arguments):
        try:
            return super().__call__(*arguments)
        finally:
            connections.close_all()


@pytest.fixture
def service(committed_stage):  # noqa: F811 - the fixture imported above
    with make_server("127.0.0.1", 0, Application(), Threads, Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def probity(committed_stage, service, tmp_path):  # noqa: F811
    """Return a function that runs one command as somebody: its exit code, what it printed, and its complaint."""
    secrets, program = {}, tmp_path / "probity.pyz"
    call_command("build_cli", output=program, stdout=io.StringIO())

    def run(who, *arguments, told_as="json"):
        if who not in secrets:
            scopes = ("read", "register", "request", "operate", *(() if who == "service" else ("decide",)))
            _, secrets[who] = create_token(
                principal=committed_stage.people[who],
                project=committed_stage.project,
                name="pipeline",
                scopes=scopes,
                expires_at=timezone.now() + timedelta(days=1),
                actor=committed_stage.actor("second" if who == "service" else who),
            )
        environment = {
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "PROBITY_URL": service,
            "PROBITY_TOKEN": secrets[who],
        }
        done = subprocess.run(
            [sys.executable, "-I", "-S", program, *map(str, arguments), "--format", told_as],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert not [one for one in secrets.values() if one in done.stdout + done.stderr]
        assert "Traceback" not in done.stderr
        found = json.loads(done.stdout) if done.stdout and told_as == "json" else done.stdout
        return done.returncode, found, done.stderr

    return run


def gate(probity, number, **named):
    return probity("auditor", "gate", *ASKED, "--version", number, **named)


def approved(stage, probity, number):
    """Take a version to its approval by commands, and return its promotion."""
    code, asked, _ = probity("requester", "request", *ASKED, "--version", number)
    assert (code, asked["state"]) == (PASS, "OPEN")
    assert gate(probity, number)[0] == PENDING
    promotion = PromotionRequest.objects.get(pk=asked["id"])
    stage.assess(promotion)
    for officer in ("validator", "officer"):
        code, found, error = probity(officer, "approve", promotion.pk, *BECAUSE, "--acknowledge", AUC)
        assert code == PASS, error
    assert found["state"] == "APPROVED"
    return promotion


def test_a_version_goes_the_whole_way_by_the_command_line(committed_stage, probity):  # noqa: F811
    stage = committed_stage
    stage.assign(**STRADDLES)
    versions = [stage.version(), stage.version()]
    assert gate(probity, 1)[0] == DENIED  # nobody asked
    deployments = []
    for version in versions:
        promotion = approved(stage, probity, version.number)
        assert gate(probity, version.number)[0] == PASS
        assert probity("requester", "release", promotion.pk)[0] == PASS
        stage.perform_release(promotion)
        code, found, _ = probity("auditor", "status", promotion.pk)
        assert (code, found["state"]) == (PASS, "RELEASED")
        deployments.append(Deployment.objects.get(promotion_id=promotion.pk, desired=True))
    assert gate(probity, 1)[0] == DENIED
    code, back, _ = probity("engineer", "rollback", deployments[1].pk, *BECAUSE)
    assert (code, back["state"]) == (PASS, "LIVE")
    assert [gate(probity, number)[0] for number in (1, 2)] == [PASS, DENIED]
    assert set(stage.outside.served) == {back["id"]}


def test_an_open_verdict_is_pending_and_the_requester_cannot_close_it(committed_stage, probity):  # noqa: F811
    stage = committed_stage
    stage.assign(**STRADDLES)
    stage.assessed(stage.version())
    code, found, _ = gate(probity, 1)
    assert (code, found["pending"], found["acknowledge"]) == (PENDING, True, [AUC])
    assert [item["outcome"] for item in found["items"] if item["key"] == AUC] == ["INDETERMINATE"]
    identity = found["promotion"]
    for who, problem in (("requester", "own_request"), ("auditor", "not_permitted"), ("engineer", "own_request")):
        code, _, said = probity(who, "approve", identity, *BECAUSE, "--acknowledge", AUC)
        assert (code, problem in said) == (DENIED, True), said
    code, _, said = probity("officer", "approve", identity, *BECAUSE)
    assert (code, f"--acknowledge {AUC}" in said) == (USAGE, True)
    assert probity("officer", "approve", identity, *BECAUSE, "--acknowledge", AUC, "--evaluation", "0" * 8)[0] == DENIED
    assert probity("officer", "reject", identity, *BECAUSE)[0] == PASS
    assert gate(probity, 1)[0] == DENIED
    assert PromotionRequest.objects.get().state == "REJECTED"


@pytest.mark.parametrize("told_as", ["text", "junit", "sarif"])
def test_what_is_blocked_is_denied_in_every_format(committed_stage, probity, told_as):  # noqa: F811
    committed_stage.assign(**MISSES)
    committed_stage.assessed(committed_stage.version())
    code, said, _ = gate(probity, 1, told_as=told_as)
    assert code == DENIED
    assert "performance.auc is 0.875" in said


def test_predictions_are_registered_from_a_file_by_a_service_and_judged(committed_stage, probity, tmp_path):  # noqa: F811
    labels = rows().column("y").to_pylist()
    file = tmp_path / "predictions.csv"
    file.write_text("score\n" + "".join(f"{0.9 if label == '1' else 0.2}\n" for label in labels))
    training = committed_stage.training.pk
    arguments = ("--model", "staged", "--predictions", file, "--trained-on", training)
    code, made, said = probity("service", "register", *arguments)
    assert (code, made.get("kind")) == (PASS, "predictions"), said
    again = probity("service", "register", *arguments)[1]
    assert (again["id"], ModelVersion.objects.count()) == (made["id"], 1)
    code, asked, said = probity("service", "request", *ASKED, "--version", made["number"])
    assert code == PASS, said
    committed_stage.assess(PromotionRequest.objects.get(pk=asked["id"]))
    assert gate(probity, made["number"])[0] == PENDING
    file.write_text("score\n0.5\n7\n")
    assert probity("service", "register", *arguments)[0] in {DENIED, USAGE}
