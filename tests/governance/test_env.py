"""Readers of the environment: what they accept, and by which sentence they refuse the rest."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from governance import env
from governance.env import EnvironmentVariableError

NAME = "PROBITY_SAMPLE"
SQLITE = Path("/somewhere/probity.sqlite3")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("TRUE", True), (" yes ", True), ("on", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_flag_is_read_in_the_usual_words(monkeypatch, value, expected):
    monkeypatch.setenv(NAME, value)
    assert env.flag(NAME, default=not expected) is expected


@pytest.mark.parametrize("value", ["2", "maybe", "tru", "None", "-1"])
def test_a_flag_refuses_any_other_word(monkeypatch, value):
    monkeypatch.setenv(NAME, value)
    with pytest.raises(EnvironmentVariableError, match=rf"^{NAME} is '{value}', which is neither true nor false"):
        env.flag(NAME)


@pytest.mark.parametrize("value", [None, "", "   "])
def test_what_is_absent_or_empty_is_the_default(monkeypatch, value):
    monkeypatch.delenv(NAME, raising=False)
    if value is not None:
        monkeypatch.setenv(NAME, value)
    assert env.text(NAME, "x") == "x"
    assert env.flag(NAME, default=True) is True
    assert env.integer(NAME, 7, least=1, most=9) == 7
    assert env.words(NAME, ("a", "b")) == ["a", "b"]
    assert env.choice(NAME, "a", ("a", "b")) == "a"
    assert env.database(NAME, sqlite=SQLITE)["NAME"] == str(SQLITE)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0", "is 0, which is not between 1 and 9."),
        ("10", "is 10, which is not between 1 and 9."),
        ("-3", "is -3, which is not between 1 and 9."),
        ("1.5", "is '1.5', which is not a whole number."),
        ("NaN", "is 'NaN', which is not a whole number."),
        ("٣", "is '٣', which is not a whole number."),
        ("1_0", "is '1_0', which is not a whole number."),
    ],
)
def test_an_integer_outside_its_limits_is_refused_by_value_and_limit(monkeypatch, value, problem):
    monkeypatch.setenv(NAME, value)
    with pytest.raises(EnvironmentVariableError) as caught:
        env.integer(NAME, 5, least=1, most=9)
    assert str(caught.value) == f"{NAME} {problem}"


@pytest.mark.parametrize(("value", "expected"), [("1", 1), ("9", 9)])
def test_both_limits_of_an_integer_are_allowed(monkeypatch, value, expected):
    monkeypatch.setenv(NAME, value)
    assert env.integer(NAME, 5, least=1, most=9) == expected


def test_words_lose_blanks_and_empty_parts(monkeypatch):
    monkeypatch.setenv(NAME, " a.example, ,b.example,")
    assert env.words(NAME) == ["a.example", "b.example"]


def test_a_choice_refuses_a_word_that_is_not_offered(monkeypatch):
    monkeypatch.setenv(NAME, "c")
    with pytest.raises(EnvironmentVariableError, match="is 'c', which is none of a, b"):
        env.choice(NAME, "a", ("a", "b"))


def test_a_folder_that_is_a_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(NAME, str(tmp_path / "file"))
    with pytest.raises(EnvironmentVariableError, match="which is not a folder"):
        env.folder(NAME, tmp_path)


POSTGRES_URLS = [
    ("postgres://u:p@db/x", {"HOST": "db", "PORT": "", "USER": "u", "PASSWORD": "p", "NAME": "x", "OPTIONS": {}}),
    ("postgresql://u:p@db:5433/x", {"HOST": "db", "PORT": 5433}),
    ("postgres://u%40corp:p%2F%3A%40%23%3F%25@db/na%20me", {"USER": "u@corp", "PASSWORD": "p/:@#?%", "NAME": "na me"}),
    ("postgres://u@[::1]:5432/x", {"HOST": "::1", "PASSWORD": ""}),
    ("postgres://u:p@/x?host=/var/run/postgresql", {"HOST": "/var/run/postgresql", "OPTIONS": {}}),
    ("postgres://u:p@db/x?sslmode=verify-full&connect_timeout=3",
     {"OPTIONS": {"sslmode": "verify-full", "connect_timeout": "3"}}),
]  # fmt: skip


@pytest.mark.parametrize(("url", "expected"), POSTGRES_URLS)
def test_a_postgres_address_is_taken_apart_and_decoded(monkeypatch, url, expected):
    monkeypatch.setenv(NAME, url)
    found = env.database(NAME, sqlite=SQLITE)
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://u:hunter2@db/x", "has the scheme 'mysql'; it may be postgres, postgresql or sqlite."),
        ("u:hunter2@db/x", "has the scheme 'u'; it may be postgres, postgresql or sqlite."),
        ("postgres://u:hunter2@/x", "names no host"),
        ("postgres://u:hunter2@db", "names no database"),
        ("postgres://u:hunter2@db/", "names no database"),
        ("postgres://u:hunter2@db/x/y", "names no database"),
        ("postgres://u:hunter2@db/x#y", "holds a '#'"),
        ("postgres://u:hunter2@db:70000/x", "is not a well-formed address"),
        ("postgres://u:hunter2@db:abc/x", "is not a well-formed address"),
        ("postgres://u:hunter2@[db/x", "is not a well-formed address"),
        ("postgres://u:hunter2@db/x?sslmod=require", "has the option 'sslmod', which is none of"),
        ("postgres://u:hunter2@db/x?sslmode=a&sslmode=b", "has the option 'sslmode' twice."),
        ("sqlite://relative.db", "is not of the form sqlite:"),
        ("sqlite:///", "is not of the form sqlite:"),
    ],
)
def test_a_bad_database_address_is_refused_without_showing_its_password(monkeypatch, url, problem):
    monkeypatch.setenv(NAME, url)
    with pytest.raises(EnvironmentVariableError) as caught:
        env.database(NAME, sqlite=SQLITE)
    assert problem in str(caught.value)
    assert str(caught.value).startswith(NAME)
    assert "hunter2" not in str(caught.value)


def test_a_sqlite_address_may_be_absolute(monkeypatch):
    monkeypatch.setenv(NAME, "sqlite:////data/my%20base.db")
    assert env.database(NAME, sqlite=SQLITE)["NAME"] == "/data/my base.db"


@pytest.mark.parametrize(
    "url", ["redis://h:1/0", "rediss://:p@h/0", "amqp://u:p@h//", "redis+socket:///run/b.sock", "memory://"]
)
def test_brokers_of_known_kinds_are_accepted(monkeypatch, tmp_path, url):
    monkeypatch.setenv(NAME, url)
    assert env.broker(NAME, home=tmp_path) == url


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("filesystem://x", "has the scheme 'filesystem'"),
        ("sqla+sqlite:///x", "has the scheme"),
        ("redis://", "no host"),
    ],
)
def test_brokers_that_lose_messages_are_refused(monkeypatch, tmp_path, url, problem):
    monkeypatch.setenv(NAME, url)
    with pytest.raises(EnvironmentVariableError, match=problem):
        env.broker(NAME, home=tmp_path)


def test_the_embedded_broker_is_found_by_its_file_and_the_variable_wins(monkeypatch, tmp_path):
    monkeypatch.delenv(NAME, raising=False)
    assert env.broker(NAME, home=tmp_path) == env.NO_BROKER
    env.write_private(env.broker_file(tmp_path), "redis://:secret@127.0.0.1:5/0", replace=True)
    assert env.broker(NAME, home=tmp_path) == "redis://:secret@127.0.0.1:5/0"
    monkeypatch.setenv(NAME, "redis://other:6/0")
    assert env.broker(NAME, home=tmp_path) == "redis://other:6/0"


def test_a_redis_gives_back_soon_what_a_dead_worker_had_taken():
    options = env.broker_options("redis://h/0")
    assert (options["unacked_restore_interval"], options["unacked_restore_throttle"]) == (3, 1)
    assert env.broker_options("amqp://h//")["confirm_publish"]
    assert env.broker_options("memory://") == {}


def test_the_secret_key_is_made_once_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.delenv(NAME, raising=False)
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: env.secret_key(NAME, home=tmp_path), range(16)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert [place.name for place in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_two_homes_have_two_secret_keys(monkeypatch, tmp_path):
    monkeypatch.delenv(NAME, raising=False)
    assert env.secret_key(NAME, home=tmp_path / "a") != env.secret_key(NAME, home=tmp_path / "b")


def test_a_short_secret_key_is_refused_wherever_it_comes_from(monkeypatch, tmp_path):
    monkeypatch.setenv(NAME, "k" * 31)
    with pytest.raises(EnvironmentVariableError, match="has 31 characters; a key needs 32 or more"):
        env.secret_key(NAME, home=tmp_path)
    monkeypatch.delenv(NAME)
    (tmp_path / "secret_key").write_text("short\n")
    with pytest.raises(EnvironmentVariableError, match="holds 5 characters"):
        env.secret_key(NAME, home=tmp_path)


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://x/path", "x.example", "https://u:p@x", "http://x:99999"]
)
def test_an_address_of_a_site_is_host_and_port_only(monkeypatch, url):
    monkeypatch.setenv(NAME, url)
    with pytest.raises(EnvironmentVariableError):
        env.web_address(NAME, "http://127.0.0.1:8000")
