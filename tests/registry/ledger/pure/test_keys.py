"""Keys: signatures by the vectors of RFC 8032, texts by published examples, and every malformed text refused."""

import pytest

from registry.ledger.keys import (
    Ed25519Signer,
    KeyFormatError,
    KeyKindError,
    SignatureKind,
    TimestampError,
    VerifierKey,
    cosignature_time,
    cosigned_message,
)
from registry.ledger.texts import TextFormError, from_base64, from_decimal, to_base64

EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
SEED = bytes(range(32))


@pytest.mark.parametrize(
    ("seed", "public", "message", "signature"),
    [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            (
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                "d25bf5f0595bbe24655141438e7a100b"
            ),
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            (
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                "387b2eaeb4302aeeb00d291612bb0c00"
            ),
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            (
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                "4a7c15e9716ed28dc027beceea1ec40a"
            ),
        ),
    ],
    ids=["empty", "one byte", "two bytes"],
)
def test_signatures_are_those_of_rfc_8032(seed, public, message, signature):
    signer = Ed25519Signer("example.com", bytes.fromhex(seed))
    assert signer.key.public.hex() == public
    assert signer.sign(bytes.fromhex(message)).hex() == signature
    assert signer.key.verifies(bytes.fromhex(message), bytes.fromhex(signature))
    assert not signer.key.verifies(bytes.fromhex(message) + b"x", bytes.fromhex(signature))
    assert not signer.key.verifies(bytes.fromhex(message), bytes.fromhex(signature)[:-1])


@pytest.mark.parametrize("text", [EXAMPLE, PUBLIC])
def test_a_verifier_key_is_read_and_written_as_published(text):
    key = VerifierKey.parse(text)
    assert str(key) == text
    assert key.kind == SignatureKind.NOTE
    assert key.key_id.hex() == text.split("+")[1]


def test_a_signer_key_is_read_and_written_as_published():
    signer = Ed25519Signer.parse(PRIVATE)
    assert str(signer.key) == PUBLIC
    assert signer.encode() == PRIVATE


@pytest.mark.parametrize("kind", SignatureKind)
def test_generated_keys_come_back_from_their_texts(kind):
    signer = Ed25519Signer.generate("log.example/a", kind)
    assert Ed25519Signer.parse(signer.encode()).key == signer.key
    assert VerifierKey.parse(str(signer.key)) == signer.key


def test_one_public_key_has_an_id_for_each_kind():
    ids = {Ed25519Signer("log.example", SEED, kind).key.key_id for kind in SignatureKind}
    assert len(ids) == len(SignatureKind)


def test_a_signer_does_not_show_its_secret():
    signer = Ed25519Signer.parse(PRIVATE)
    secret = PRIVATE.rpartition("+")[2]
    assert secret not in f"{signer!r} {signer}"
    for damaged in (PRIVATE[:-1], PRIVATE.replace("c74f20a3", "c74f20a4"), PRIVATE.removeprefix("PRIVATE+KEY+")[5:]):
        with pytest.raises(KeyFormatError) as caught:
            Ed25519Signer.parse(damaged)
        assert secret[:20] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("", KeyFormatError, "has 1"),
        ("example.com/foo+530d903a", KeyFormatError, "has 2"),
        ("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", KeyFormatError, "empty"),
        (EXAMPLE.replace("/foo", "/f o"), KeyFormatError, "space"),
        (EXAMPLE.replace("/foo", "/f\u00a0o"), KeyFormatError, "space"),
        (EXAMPLE.replace("/foo", "/f\u3000o"), KeyFormatError, "space"),
        (EXAMPLE.replace("/foo", "/f\x1bo"), KeyFormatError, "control"),
        (EXAMPLE.replace("/foo", "/f\ud800o"), KeyFormatError, "surrogate"),
        (EXAMPLE.replace("/foo", "/fox"), KeyFormatError, "states the id"),
        (EXAMPLE.replace("530d903a", "530D903A"), KeyFormatError, "states the id"),
        (EXAMPLE.replace("530d903a", "530d903b"), KeyFormatError, "states the id"),
        (EXAMPLE[:-1], KeyFormatError, "not base64"),
        (EXAMPLE + "\n", KeyFormatError, "base64"),
        ("example.com/foo+530d903a+", KeyFormatError, "holds no key"),
        ("example.com/foo+530d903a+" + to_base64(b"\x01" + SEED[:31]), KeyFormatError, "31 bytes"),
        ("example.com/foo+530d903a+" + to_base64(b"\x02" + SEED), KeyKindError, "kind 0x02"),
        ("example.com/foo+530d903a+" + to_base64(b"\x06" + SEED), KeyKindError, "supported are 0x01, 0x04"),
    ],
)
def test_a_malformed_verifier_key_is_refused(text, error, said):
    with pytest.raises(error, match=said):
        VerifierKey.parse(text)


def test_a_signer_key_of_another_length_is_refused():
    with pytest.raises(KeyFormatError, match="33 bytes"):
        Ed25519Signer("log.example", SEED + b"\x00")


def test_the_cosigned_message_is_that_of_the_text():
    text = b"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert cosigned_message(text, 1679315147) == b"cosignature/v1\ntime 1679315147\n" + text


@pytest.mark.parametrize("timestamp", [0, -1, 2**63])
def test_a_cosignature_states_a_possible_time(timestamp):
    with pytest.raises(TimestampError, match=str(timestamp)):
        cosigned_message(b"", timestamp)


def test_a_cosignature_covers_its_time_and_the_text():
    signer = Ed25519Signer("witness.example", SEED, SignatureKind.COSIGNATURE)
    raw = signer.sign(cosigned_message(b"text\n", 7))
    good = (7).to_bytes(8) + raw
    assert cosignature_time(good) == 7
    assert signer.key.verifies(b"text\n", good)
    bad = [(8).to_bytes(8) + raw, bytes(8) + raw, b"\xff" * 8 + raw, raw, good[:-1], good + b"\x00", b""]
    assert not any(signer.key.verifies(b"text\n", one) for one in bad)
    assert not signer.key.verifies(b"texT\n", good)


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "A A==", "AA==\n", "AA==AA==", "A_==", "é===", "="])
def test_only_canonical_base64_is_read(text):
    with pytest.raises(TextFormError, match="The field is"):
        from_base64(text, "The field")


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1\n", "1.0", "0x1", "\u0661", str(2**63), "9" * 99]
)
def test_only_plain_decimals_are_read(text):
    with pytest.raises(TextFormError, match="The field is"):
        from_decimal(text, "The field")


@pytest.mark.parametrize("number", [0, 1, 10, 2**63 - 1])
def test_plain_decimals_are_read(number):
    assert from_decimal(str(number), "The field") == number
