"""The command line against a running service: what it says, how it exits, and where a token never goes."""

import io
import json
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.etree import ElementTree as ET

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command

from governance.api import gate
from governance.cli import answers, formats, releases
from governance.cli import service as http
from governance.cli.credentials import credentials_file
from governance.cli.program import main
from governance.models import Approval, PromotionRequest
from governance.promotion.assess import assess
from governance.promotion.release import release
from registry.models import Deployment, ModelVersion
from tests.governance.api.conftest import plugins  # noqa: F401 - a fixture
from tests.governance.api.world import build, policy_text, work

ASKED = ["--model", "credit", "--version", "1", "--environment", "production"]
REASON = ["--reason", "looked at all of it"]


@contextmanager
def _serving(server):
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = False


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def world(committed_db, plugins, tmp_path, monkeypatch):  # noqa: F811 - the fixture imported above
    monkeypatch.setattr("registry.queue.current_app.send_task", lambda *_arguments, **_more: None)
    return build(tmp_path)


@pytest.fixture
def service(world, monkeypatch, tmp_path):
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with _serving(make_server("127.0.0.1", 0, WSGIHandler(), _Threads, _Quiet)) as url:
        monkeypatch.setenv("PROBITY_URL", url)
        yield url


@pytest.fixture
def run(world, service, monkeypatch, capsys):
    def call(who, *arguments):
        monkeypatch.setenv("PROBITY_TOKEN", world.token(who))
        code = main([str(one) for one in arguments])
        said = capsys.readouterr()
        assert world.token(who) not in said.out + said.err
        return code, said.out, said.err

    return call


def test_a_version_goes_from_its_request_to_production_and_back_by_the_command_line(world, run):
    world.assign(policy_text())
    deployments = []
    for number in (1, 2):
        if number == 2:
            world.new_version("second")
        code, out, _ = run("requester", "request", *ASKED[:3], number, *ASKED[4:], "--format", "json")
        promotion = PromotionRequest.objects.get(pk=json.loads(out)["id"])
        assert code == answers.PASS
        assert run("auditor", "status", promotion.pk)[0] == answers.PENDING
        work(promotion, "assess", assess)
        assert run("officer", "approve", promotion.pk, *REASON)[:2] == (
            answers.PASS,
            f"approved; promotion {promotion.pk} is APPROVED\n",
        )
        assert run("engineer", "release", promotion.pk)[0] == answers.PASS
        work(promotion, "release", release)
        assert run("auditor", "status", promotion.pk)[0] == answers.PASS
        deployments.append(Deployment.objects.get(promotion_id=promotion.pk))
    assert run("auditor", "gate", *ASKED)[0] == answers.DENIED
    assert run("engineer", "rollback", deployments[1].pk, *REASON)[0] == answers.PASS
    assert run("auditor", "gate", *ASKED)[:2] == (answers.PASS, "credit 1 may go out in production (RELEASED)\n")


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({}, answers.PENDING),  # a person is still to decide
        ({"lower": "0.4"}, answers.PENDING),
        ({"value": "0.4", "lower": "0.3", "upper": "0.45"}, answers.DENIED),
        ({"broken": "true"}, answers.DENIED),
    ],
)
@pytest.mark.parametrize("form", list(formats.FORMATS))
def test_the_gate_exits_by_its_answer_in_every_format(world, run, numbers, code, form):
    world.assign(policy_text(**numbers))
    world.assessed()
    found, out, _ = run("auditor", "gate", *ASKED, "--format", form)
    assert found == code
    if form == "json":
        assert json.loads(out)["exit_code"] == code
    elif form == "junit":
        suite = ET.fromstring(out)  # noqa: S314 - our own
        assert suite.attrib["failures"] == str(len(suite.findall("testcase/failure"))) != "0"
        assert suite.find("testcase[@name='gate']/failure") is not None
    elif form == "sarif":
        levels = {one["ruleId"]: one["level"] for one in json.loads(out)["runs"][0]["results"]}
        assert levels["gate"] == ("warning" if code == answers.PENDING else "error")
    else:
        assert out.startswith("credit 1 ")


def test_the_command_line_calls_pending_what_the_gate_calls_pending(db):  # db: so that committed_db has what to copy
    assert {state for state, code in releases.STATES.items() if code == answers.PENDING} == set(gate.PENDING)
    assert {state for state, code in releases.STATES.items() if code == answers.PASS} == {*gate.CLEARED, "RELEASED"}


def test_the_gate_waits_for_the_decision_and_gives_up_at_the_timeout(world, run, monkeypatch):
    world.assign(policy_text())
    promotion = world.assessed()
    clock = iter(range(1000))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    assert run("auditor", "gate", *ASKED, "--wait", "--timeout", "5")[0] == answers.PENDING
    asked = []

    def decide_meanwhile(_seconds):
        asked.append(1)
        if len(asked) == 2:
            PromotionRequest.objects.filter(pk=promotion.pk).update(state="REJECTED")

    monkeypatch.setattr("time.sleep", decide_meanwhile)
    assert run("auditor", "gate", *ASKED, "--wait")[0] == answers.DENIED
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (["--version", "9"], answers.DENIED),
        (["--environment", "moon"], answers.DENIED),
        (["--project", "none"], answers.DENIED),
    ],
)
def test_the_gate_denies_what_is_unknown(run, change, code):
    assert run("auditor", "gate", *ASKED, *change)[0] == code


def test_open_items_are_accepted_by_name_or_at_the_terminal_one_by_one(world, run, monkeypatch):
    world.assign(policy_text(lower="0.4"))
    promotion = world.assessed()
    code, _, err = run("officer", "approve", promotion.pk, *REASON)
    assert (code, "--acknowledge" in err) == (answers.USAGE, True)
    assert run("officer", "approve", promotion.pk, *REASON, "--acknowledge")[0] == answers.USAGE
    assert run("officer", "approve", promotion.pk, *REASON, "--evaluation", "ffff0000")[0] == answers.DENIED
    terminal = io.StringIO("n\ny\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert run("officer", "approve", promotion.pk, *REASON)[0] == answers.DENIED
    assert not Approval.objects.exists()
    assert run("officer", "approve", promotion.pk, *REASON)[0] == answers.PASS
    assert Approval.objects.get().acknowledged != []


def test_who_may_not_decide_is_denied_and_an_officer_rejects(world, run):
    world.assign(policy_text())
    promotion = world.assessed()
    assert run("engineer", "reject", promotion.pk, *REASON)[0] == answers.DENIED
    assert run("officer", "reject", promotion.pk, *REASON)[0] == answers.PASS
    assert run("auditor", "status", promotion.pk)[0] == answers.DENIED
    assert run("engineer", "release", promotion.pk)[0] == answers.DENIED


def test_predictions_are_registered_from_a_file(world, run, tmp_path):
    file = tmp_path / "predictions.csv"
    file.write_text("score\n0.25\n0.75\n")
    code, out, _ = run("engineer", "register", "--model", "credit", "--predictions", file)
    assert (code, out) == (answers.PASS, "credit version 2 is registered\n")
    assert ModelVersion.objects.get(number=2).kind == "predictions"
    for arguments in (["--predictions", tmp_path / "none.csv"], ["--mlflow-run", "r"]):
        assert run("engineer", "register", "--model", "credit", *arguments)[0] == answers.USAGE
    assert run("engineer", "register", "--model", "none", "--predictions", file)[0] == answers.USAGE


def test_logging_in_keeps_the_token_for_oneself_and_for_that_service(world, run, service, monkeypatch, capsys):
    assert run("auditor", "login")[0] == answers.PASS
    kept = credentials_file()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    monkeypatch.delenv("PROBITY_TOKEN")
    assert main(["gate", *ASKED]) == answers.DENIED
    monkeypatch.setenv("PROBITY_URL", "https://elsewhere.example")
    assert main(["gate", *ASKED]) == answers.USAGE
    monkeypatch.delenv("PROBITY_URL")
    kept.chmod(0o644)
    assert main(["gate", *ASKED]) == answers.USAGE
    assert "0600" in capsys.readouterr().err


def test_a_wrong_token_is_not_kept(world, service, monkeypatch, capsys):
    monkeypatch.setenv("PROBITY_TOKEN", "probity_000000000000_nothing")
    assert main(["login"]) == answers.USAGE
    assert not credentials_file().exists()
    assert "nothing" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://service.example", answers.USAGE),
        ("ftp://service.example", answers.USAGE),
        ("file:///etc/passwd", answers.USAGE),
        ("https://name@service.example", answers.USAGE),
        ("", answers.USAGE),
        ("http://127.0.0.1:1", answers.UNREACHABLE),
        ("http://[::1]:1", answers.UNREACHABLE),
    ],
)
def test_the_token_leaves_over_https_or_to_this_machine(monkeypatch, tmp_path, url, code, capsys):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PROBITY_URL", url)
    monkeypatch.setenv("PROBITY_TOKEN", "a-secret")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    assert main(["gate", *ASKED]) == code
    assert "a-secret" not in "".join(capsys.readouterr())


@contextmanager
def _answering(*answers):
    """A service that gives these answers in turn, (status, headers, body); the last one again and again."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.command, self.path, dict(self.headers)))
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, body = answers[min(len(seen), len(answers)) - 1]
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_arguments):
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, seen


YES: tuple[int, dict[str, str], bytes] = (
    200,
    {},
    b'{"allowed": true, "pending": false, "state": "APPROVED", "reasons": []}',
)


def _gate(monkeypatch, url, *more):
    monkeypatch.setenv("PROBITY_URL", url)
    monkeypatch.setenv("PROBITY_TOKEN", "a-secret")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return main(["gate", *ASKED, *more])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (YES, answers.PASS),
        ((200, {}, b'{"allowed": "true"}'), answers.DENIED),
        ((200, {}, b'{"allowed": 1}'), answers.DENIED),
        ((200, {}, b"{}"), answers.DENIED),
        ((200, {}, b"[]"), answers.UNREACHABLE),
        ((200, {}, b"<html>sign in</html>"), answers.UNREACHABLE),
        ((200, {}, b""), answers.UNREACHABLE),
        ((200, {}, b'{"allowed": true, "reasons": 7}'), answers.UNREACHABLE),
        ((500, {}, b'{"code": "unexpected", "detail": "x"}'), answers.UNREACHABLE),
        ((503, {}, b"away"), answers.UNREACHABLE),
        ((401, {}, b'{"code": "token_expired", "detail": "x"}'), answers.USAGE),
        ((403, {}, b'{"code": "token_scope", "detail": "x"}'), answers.DENIED),
        ((404, {}, b"nothing"), answers.UNREACHABLE),
    ],
)
def test_only_a_plain_yes_is_a_pass(monkeypatch, capsys, answer, code):
    with _answering(answer) as (url, _):
        assert _gate(monkeypatch, url) == code


def test_a_service_that_is_away_is_asked_again_a_few_times(monkeypatch, capsys):
    with _answering((503, {}, b""), (502, {}, b""), YES) as (url, seen):
        assert _gate(monkeypatch, url) == answers.PASS
        assert len(seen) == 3
    with _answering((503, {}, b"")) as (url, seen):
        assert _gate(monkeypatch, url) == answers.UNREACHABLE
        assert len(seen) == http.TRIES
    with _answering((403, {}, b'{"code": "x"}')) as (url, seen):
        assert _gate(monkeypatch, url) == answers.DENIED
        assert len(seen) == 1


def test_a_post_is_tried_again_under_the_same_key(monkeypatch, capsys):
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with _answering((503, {}, b""), (409, {}, b'{"code": "idempotency_in_progress"}'), YES) as (url, seen):
        http.Service(url, "a-secret").post("promotions")
    assert [command for command, _, _ in seen] == ["POST"] * 3
    assert len({headers["Idempotency-Key"] for _, _, headers in seen}) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_does_not_follow_a_redirect_to_another_origin(monkeypatch, capsys, status):
    with _answering(YES) as (other, seen):
        with _answering((status, {"Location": f"{other}/api/v1/gate"}, b"")) as (url, _):
            assert _gate(monkeypatch, url) == answers.USAGE
        assert seen == []
    with _answering((status, {"Location": "/api/v1/gate"}, b""), YES) as (url, seen):
        assert _gate(monkeypatch, url) == answers.PASS
        assert len(seen) == 2


def test_a_workflow_gets_an_annotation_and_a_summary_that_nobody_can_steer(monkeypatch, capsys, tmp_path):
    body = {"allowed": False, "pending": False, "state": "BLOCKED", "reasons": ["100% wrong\n::error::x\x1b[2J"]}
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    with _answering((200, {}, json.dumps(body).encode())) as (url, _):
        assert _gate(monkeypatch, url, "--format", "json") == answers.DENIED
    said = capsys.readouterr()
    assert json.loads(said.out)["allowed"] is False
    assert said.err.startswith("::error title=Probity::credit 1 may not go out")
    assert said.err.count("\n") == 1
    assert "100%25 wrong ::error::x" in said.err
    assert "\x1b" not in said.err + (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(
    "arguments",
    [[], ["gate"], ["fly"], ["approve", "not-an-id", *REASON], ["gate", *ASKED, "--token", "x"], ["reject"]],
)
def test_what_is_asked_wrongly_exits_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == answers.USAGE


def test_the_file_runs_alone_where_nothing_is_installed(tmp_path):
    copy = tmp_path / "probity.pyz"
    call_command("build_cli", output=copy, verbosity=0, stdout=io.StringIO())
    with _answering(YES) as (url, seen):
        environment = {"PROBITY_URL": url, "PROBITY_TOKEN": "a-secret", "PATH": "/usr/bin:/bin"}
        ended = subprocess.run(  # noqa: PLW1510 - the exit code is looked at
            [sys.executable, "-I", "-S", str(copy), "gate", *ASKED], env=environment, capture_output=True, text=True
        )
    assert (ended.returncode, ended.stdout) == (0, "credit 1 may go out in production (APPROVED)\n"), ended.stderr
    assert seen[0][2]["Authorization"] == "Bearer a-secret"


ID = "00000000-0000-4000-8000-000000000001"


def _json(status=200, **body):
    return status, {}, json.dumps(body).encode()


def _called(monkeypatch, url, *arguments):
    monkeypatch.setenv("PROBITY_URL", url)
    monkeypatch.setenv("PROBITY_TOKEN", "a-secret")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    return main([*map(str, arguments)])


REJECTED = _json(202, id=ID, state="REJECTED", receipt={"entry": "ab" * 32, "ready": False, "url": "http://there"})
NOT_READY = _json(404, code="receipt_not_ready", detail="on its way")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ([(200, {}, b"proof")], answers.PASS),
        ([NOT_READY, NOT_READY, (200, {}, b"proof")], answers.PASS),
        ([_json(404, code="not_found", detail="x")], answers.USAGE),
    ],
)
def test_the_receipt_of_a_decision_is_waited_for_and_saved(monkeypatch, capsys, tmp_path, told, code):
    file = tmp_path / "receipt"
    with _answering((200, {"ETag": "1"}, b"{}"), REJECTED, *told) as (url, seen):
        assert _called(monkeypatch, url, "reject", ID, *REASON, "--receipt", file) == code
    assert ("its receipt is in" in capsys.readouterr().out) is file.exists() is (code == answers.PASS)
    assert not file.exists() or file.read_bytes() == b"proof"
    assert seen[-1][1] == f"/api/v1/ledger/entries/{'ab' * 32}/receipt"


def test_a_receipt_that_does_not_come_in_time_is_pending_and_the_deed_is_told(monkeypatch, capsys, tmp_path):
    with _answering((200, {"ETag": "1"}, b"{}"), REJECTED, NOT_READY) as (url, _):
        asked = ("reject", ID, *REASON, "--receipt", tmp_path / "receipt", "--receipt-timeout", "0")
        assert _called(monkeypatch, url, *asked) == answers.PENDING
    assert "is REJECTED; its receipt is not there yet: http://there" in capsys.readouterr().out
    assert not (tmp_path / "receipt").exists()


def test_a_receipt_that_cannot_be_written_is_no_pass_and_the_deed_is_told(monkeypatch, capsys, tmp_path):
    with _answering((200, {"ETag": "1"}, b"{}"), REJECTED, (200, {}, b"proof")) as (url, _):
        asked = ("reject", ID, *REASON, "--receipt", tmp_path / "none" / "receipt")
        assert _called(monkeypatch, url, *asked) == answers.USAGE
    assert "is REJECTED; its receipt cannot be written" in capsys.readouterr().err


RUN = {"id": ID, "error": "", "message": "row 4", "result": {}}
MADE = {"dataset_version": ID, "recipe": "ab" * 32, "grade": "PSEUDONYMISED"}


def test_a_dataset_is_anonymised_by_a_recipe_waited_for_and_told_with_its_caveats(monkeypatch, capsys, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("columns: [{name: ssn, operator: drop}]")
    told = [
        _json(results=[{"id": ID}]),
        _json(results=[{"id": ID}]),
        _json(202, **RUN, state="QUEUED"),
        _json(**RUN, state="RUNNING"),
        _json(**{**RUN, "result": MADE}, state="SUCCEEDED"),
        _json(id=ID, name="patients", number=2),
        _json(results=[{"id": ID, "recipe": "ab" * 32}]),
        _json(id=ID, document={"caveats": ["the same blind spots"]}),
    ]
    with _answering(*told) as (url, seen):
        asked = ("anonymise", "--dataset", "patients", "--recipe", recipe, "--wait")
        assert _called(monkeypatch, url, *asked) == answers.PASS
    assert capsys.readouterr().out == (f"patients version 2 is PSEUDONYMISED: {ID}\n  - the same blind spots\n")
    assert [path.partition("?")[0].removeprefix("/api/v1/") for _, path, _ in seen] == [
        "datasets",
        "dataset-versions",
        f"dataset-versions/{ID}/anonymize",
        f"runs/{ID}",
        f"runs/{ID}",
        f"dataset-versions/{ID}",
        "anonymizations",
        f"anonymizations/{ID}",
    ]


@pytest.mark.parametrize(
    ("state", "error", "code"),
    [
        ("FAILED", "after the recipe personal data is left in: email; no version was made", answers.DENIED),
        ("CANCELLED", "", answers.DENIED),
        ("RUNNING", "", answers.PENDING),
    ],
)
def test_an_anonymisation_that_made_nothing_is_no_pass(monkeypatch, capsys, state, error, code):
    with _answering(_json(202, **RUN, state="QUEUED"), _json(**{**RUN, "error": error}, state=state)) as (url, _):
        asked = ("anonymise", "--dataset-version", ID, "--wait", "--timeout", "0")
        assert _called(monkeypatch, url, *asked) == code
    assert (error or state) in capsys.readouterr().out
