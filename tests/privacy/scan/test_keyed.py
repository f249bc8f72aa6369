"""What a key makes of values: a vector by hand, tokens that nobody else opens, shifts and surrogates in range."""

import hashlib
import hmac
import re

import pytest

from privacy.scan.keyed import ProjectKey, TokenError, entity_of, normal, number_of
from privacy.scan.recipe_errors import RecipeKeyError
from privacy.scan.surrogates import luhn_check, surrogate

SECRET = bytes(range(32))
KEY = ProjectKey(7, SECRET)
VALUES = ["Zoë Lee", "", "a\x00b", "🧪 €", " spaced ", "x" * 3000, "\ud800"]


def test_a_pseudonym_is_hmac_sha256_under_a_key_of_its_own_over_entity_and_normal_form():
    own = hmac.digest(SECRET, b"probity privacy pseudonym\x01", "sha256")
    expected = hmac.new(own, b"PERSON\x00zo\xc3\xab lee", hashlib.sha256).hexdigest()[:24]
    letters = expected.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))
    assert KEY.pseudonym("PERSON", " ZOE\u0308 Lee ") == f"person-{letters}"


@pytest.mark.parametrize("pair", [("Straße", "STRASSE"), ("ﬁ", "FI"), ("Å", "Å"), ("ANN ", "ann"), ("\uff11", "1")])
def test_spellings_have_one_normal_form(pair):
    assert normal(pair[0]) == normal(pair[1])


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("joins", [True, False])
def test_what_is_sealed_opens_letter_by_letter(value, joins):
    token = KEY.sealed("US_SSN", value, joins=joins)
    assert KEY.opened(token) == value
    assert (entity_of(token), number_of(token)) == ("US_SSN", 7)
    assert (KEY.sealed("US_SSN", value, joins=joins) == token) is joins


def test_a_token_that_was_changed_or_belongs_to_another_key_is_refused_without_its_value():
    for joins in (True, False):
        token = KEY.sealed("PERSON", "Ann Lee", joins=joins)
        changed = [token[:-1] + ("a" if token[-1] != "a" else "b"), token.replace("person", "us_ssn"), token[:-2]]
        changed.append(re.sub("-[su]", lambda mark: "-u" if mark[0] == "-s" else "-s", token))
        for bad in changed:
            with pytest.raises(TokenError) as caught:
                KEY.opened(bad)
            assert "Ann" not in str(caught.value)
        for other in (ProjectKey(7, SECRET[::-1]), ProjectKey(8, SECRET)):
            with pytest.raises(TokenError):
                other.opened(token)


@pytest.mark.parametrize("text", ["", "person-", "Ann Lee", "person-sabc", KEY.pseudonym("PERSON", "Ann")])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(TokenError, match="is no sealed value"):
        KEY.opened(text)


def test_a_key_shows_its_fingerprint_only_and_is_long_enough():
    assert SECRET.hex() not in repr(KEY) + KEY.fingerprint
    assert re.fullmatch("[0-9a-f]{64}", KEY.fingerprint)
    for number, secret in ((1, b"short"), (0, SECRET), (1 << 16, SECRET)):
        with pytest.raises(RecipeKeyError):
            ProjectKey(number, secret)


@pytest.mark.parametrize("most", [1, 2, 365])
def test_a_shift_is_a_days_own_number_within_its_range_and_never_nothing(most):
    shifts = {KEY.shift(str(subject), most) for subject in range(3000)}
    possible = {number for number in range(-most, most + 1) if number}
    assert shifts == possible if most < 100 else shifts < possible
    assert KEY.shift("Ann", most) == KEY.shift(" ann", most)


@pytest.mark.parametrize(
    ("payload", "check"), [("7992739871", 3), ("411111111111111", 1), ("37828224631000", 5), ("0", 0)]
)
def test_luhn(payload, check):
    assert luhn_check([int(one) for one in payload]) == check


@pytest.mark.parametrize("card", ["4111 1111 1111 1111", "378282246310005", "5500-0000-0000-0004"])
def test_a_card_becomes_nobodys_card_that_passes_the_check(card):
    made = surrogate("CREDIT_CARD", card, KEY)
    digits = [int(one) for one in made if one.isdigit()]
    assert re.sub(r"\d", "d", made) == re.sub(r"\d", "d", card)
    assert digits[:4] == [9, 9, 9, 9]
    assert luhn_check(digits[:-1]) == digits[-1]
    assert surrogate("CREDIT_CARD", re.sub(r"\D", "", card), KEY) == re.sub(r"\D", "", made), "however it is written"


@pytest.mark.parametrize(
    ("entity", "value", "shape"),
    [
        ("US_SSN", "536-22-1234", r"000-\d\d-\d{4}"),
        ("US_SSN", "1234", r"[1-9]\d{3}"),
        ("", "Ab-1٣é", r"[A-Z][a-z]-[1-9]\d[a-z]"),
        ("", "-17", r"-[1-9]\d"),
        ("CREDIT_CARD", "12", r"\d\d"),
        ("", "", ""),
    ],
)
def test_a_surrogate_has_the_form_of_its_value(entity, value, shape):
    made = surrogate(entity, value, KEY)
    assert re.fullmatch(shape, made), made
    assert made == surrogate(entity, value, KEY)
