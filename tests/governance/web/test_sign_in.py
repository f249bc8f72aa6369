"""Guessing passwords is slow: failures are counted by account and address, on the page and in the admin."""

import re
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from governance.access.attempts import Counter, TooManyAttemptsError, address_of, give_back, of_sign_in, take
from governance.models import AttemptCount

PASSWORD = "correct horse 7 battery"
PAGES = ["/login/", "/admin/login/"]
ADDRESS, OTHER = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def limits(db, settings):
    settings.PROBITY_SIGN_IN_FAILURES = 3
    settings.PROBITY_ATTEMPTS_WINDOW_SECONDS = 900


@pytest.fixture
def ada(django_user_model):
    return django_user_model.objects.create_superuser("ada", password=PASSWORD)


def sign_in(page, password, *, username="ada", address=ADDRESS):
    """Send the form; return the status, and whether it let in."""
    client = Client(REMOTE_ADDR=address)
    response = client.post(page, {"username": username, "password": password})
    return response, "_auth_user_id" in client.session


def later(monkeypatch, **much):
    moment = timezone.now() + timedelta(**much)
    monkeypatch.setattr("governance.access.attempts.timezone.now", lambda: moment)


@pytest.mark.parametrize("page", PAGES)
def test_after_too_many_failures_even_the_right_password_waits_and_the_page_says_how_long(page, ada):
    for _ in range(3):
        response, inside = sign_in(page, "wrong")
        assert (response.status_code, inside) == (200, False)
        assert "too many" not in response.content.decode()
    response, inside = sign_in(page, PASSWORD)
    assert not inside
    assert "There were too many failed attempts. Try again in 15 minutes." in response.content.decode()
    if page == "/login/":
        assert response.status_code == 429
        assert 890 <= int(response["Retry-After"]) <= 900


def test_failures_on_one_page_count_on_the_other(ada):
    for page in (*PAGES, "/login/"):
        sign_in(page, "wrong")
    assert [sign_in(page, PASSWORD)[1] for page in PAGES] == [False, False]


@pytest.mark.parametrize("page", PAGES)
def test_the_window_ends_however_often_it_was_tried_meanwhile(page, ada, monkeypatch):
    for _ in range(8):
        sign_in(page, "wrong")
    later(monkeypatch, seconds=880)
    assert not sign_in(page, PASSWORD)[1]
    later(monkeypatch, seconds=30)
    assert sign_in(page, PASSWORD)[1]


def test_who_guesses_elsewhere_does_not_keep_the_owner_out(ada):
    for _ in range(5):
        sign_in("/login/", "wrong", address=OTHER)
    assert sign_in("/login/", PASSWORD)[1]


def test_success_is_not_counted_and_does_not_wipe_out_what_failed(ada):
    for _ in range(10):
        assert sign_in("/login/", PASSWORD)[1]
    sign_in("/login/", "wrong")
    sign_in("/login/", "wrong")
    assert sign_in("/login/", PASSWORD)[1]
    sign_in("/login/", "wrong")
    assert not sign_in("/login/", PASSWORD)[1]


def test_an_address_that_tries_many_accounts_is_stopped_whether_they_exist_or_not(ada):
    for number in range(12):
        assert sign_in("/login/", "wrong", username=f"nobody{number}")[0].status_code == 200
    assert sign_in("/login/", "wrong", username="nobody99")[0].status_code == 429
    assert not sign_in("/login/", PASSWORD)[1]
    assert sign_in("/login/", PASSWORD, address=OTHER)[1]


def test_an_account_that_many_addresses_try_is_closed_for_the_window(ada, monkeypatch):
    for number in range(20):
        for _ in range(3):
            take(of_sign_in("ada", f"198.51.100.{number}"))
    assert not sign_in("/login/", PASSWORD)[1]
    later(monkeypatch, seconds=901)
    assert sign_in("/login/", PASSWORD)[1]


def test_neither_name_nor_address_is_kept_and_what_is_old_is_removed(ada, monkeypatch):
    sign_in("/login/", "wrong")
    kept = list(AttemptCount.objects.values_list("key", flat=True))
    assert len(kept) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in kept)  # digests, which may hold "ada" by chance
    assert AttemptCount.objects.filter(key=Counter("sign_in", f"ADA\n{ADDRESS}".lower(), 1).key()).exists()
    later(monkeypatch, days=2)
    take([Counter("other", "x", 5)])
    assert not AttemptCount.objects.filter(key__in=kept).exists()


def test_what_is_refused_is_counted_nowhere():
    narrow, wide = Counter("a", "x", 1), Counter("b", "x", 9)
    take([narrow, wide])
    for _ in range(3):
        with pytest.raises(TooManyAttemptsError):
            take([narrow, wide, Counter("c", "x", 9)])
    assert sorted(AttemptCount.objects.values_list("count", flat=True)) == [1, 1]
    give_back([narrow, wide])
    give_back([narrow, wide])
    assert set(AttemptCount.objects.values_list("count", flat=True)) == {0}


ADDRESSES = [
    (False, {"REMOTE_ADDR": "192.0.2.7", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}, "192.0.2.7"),
    (True, {"REMOTE_ADDR": "10.0.0.9", "HTTP_X_FORWARDED_FOR": "1.2.3.4, 192.0.2.7"}, "192.0.2.7"),
    (True, {"REMOTE_ADDR": "10.0.0.9"}, "unknown"),
    (False, {"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::/64"),
    (False, {"REMOTE_ADDR": "::ffff:192.0.2.7"}, "192.0.2.7"),
    (False, {"REMOTE_ADDR": ""}, "unknown"),
    (False, {"REMOTE_ADDR": "no address"}, "unknown"),
]


@pytest.mark.parametrize(("proxy", "given", "address"), ADDRESSES)
def test_the_address_is_the_one_that_a_caller_cannot_choose(settings, proxy, given, address):
    settings.PROBITY_BEHIND_PROXY = proxy
    assert address_of(RequestFactory().get("/", **given)) == address
