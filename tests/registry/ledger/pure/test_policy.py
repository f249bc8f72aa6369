"""Trust policies: the worked example decides as its text says, and what the text forbids is refused by line."""

import itertools

import pytest

from registry.ledger.checkpoint import Checkpoint, cosign, sign
from registry.ledger.keys import Ed25519Signer, SignatureKind
from registry.ledger.note import BadSignatureError, NotSignedError
from registry.ledger.policy import PolicyFormatError, QuorumError, parse_policy
from registry.ledger.tree import TreeHead

LOG = Ed25519Signer("log.example/a", bytes(32))
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
WITNESSES = {
    name: Ed25519Signer(f"{name}.example", bytes([number]) * 32, SignatureKind.COSIGNATURE)
    for number, name in enumerate(NAMES, start=1)
}
EXAMPLE = f"""
log {LOG.key}

witness X1 {WITNESSES["X1"].key}
witness X2 {WITNESSES["X2"].key}
witness X3 {WITNESSES["X3"].key}
group X-witnesses 2 X1 X2 X3

witness Y1 {WITNESSES["Y1"].key}
witness Y2 {WITNESSES["Y2"].key}
witness Y3 {WITNESSES["Y3"].key}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
LOG_LINE = f"log {LOG.key}\n"
W1, W2 = (f"witness {name} {WITNESSES[name].key}\n" for name in ("X1", "X2"))
W1_KEY = str(WITNESSES["X1"].key)
SIGNED = sign(Checkpoint("log.example/a", TreeHead(7, bytes(32))), LOG)


def _cosigned(names):
    return SIGNED.add(*(cosign(SIGNED, WITNESSES[name], at=1000) for name in names)).encode()


@pytest.mark.parametrize("count", range(len(NAMES) + 1))
def test_the_texts_example_decides_as_it_says(count):
    policy = parse_policy(EXAMPLE.encode())
    for names in itertools.combinations(NAMES, count):
        enough = sum(name[0] == "X" for name in names) >= 2 and any(name[0] == "Y" for name in names)
        assert policy.satisfied_by({WITNESSES[name].key for name in names}) == enough
        if enough:
            assert set(policy.open(_cosigned(names)).cosigned) == {WITNESSES[name].key for name in names}
        else:
            with pytest.raises(QuorumError, match="X-and-Y; cosigned have"):
                policy.open(_cosigned(names))


@pytest.mark.parametrize(
    ("rule", "least"), [("any", 1), ("all", 2), ("1", 1), ("2", 2)], ids=["any", "all", "one", "two"]
)
def test_a_group_counts_its_members(rule, least):
    policy = parse_policy(f"{LOG_LINE}{W1}{W2}group g {rule} X1 X2\nquorum g\n".encode())
    assert [policy.satisfied_by({WITNESSES[n].key for n in NAMES[:count]}) for count in range(3)] == [
        count >= least for count in range(3)
    ]


def test_no_quorum_needs_no_witness_but_still_the_log():
    policy = parse_policy(f"{LOG_LINE}{W1}quorum none\n".encode())
    assert policy.open(_cosigned([])).cosigned == {}
    assert policy.open(_cosigned(["X1"])).cosigned == {WITNESSES["X1"].key: 1000}
    for logs in ("", f"log {Ed25519Signer('log.example/a', bytes(31) + b'x').key}\n"):
        with pytest.raises(NotSignedError):
            parse_policy(f"{logs}{W1}quorum none\n".encode()).open(_cosigned(["X1"]))


def test_a_witness_can_be_the_quorum_and_one_that_is_unknown_does_not_count():
    policy = parse_policy(f"{LOG_LINE}{W1}quorum X1\n".encode())
    assert policy.open(_cosigned(["X1", "X2"])).cosigned == {WITNESSES["X1"].key: 1000}
    with pytest.raises(QuorumError, match="none of its witnesses"):
        policy.open(_cosigned(["X2"]))


def test_a_bad_cosignature_of_a_known_witness_rejects_even_without_a_quorum():
    other = sign(Checkpoint("log.example/a", TreeHead(8, bytes(32))), LOG)
    data = SIGNED.add(cosign(other, WITNESSES["X1"], at=1000)).encode()
    with pytest.raises(BadSignatureError):
        parse_policy(f"{LOG_LINE}{W1}quorum none\n".encode()).open(data)
    assert parse_policy(f"{LOG_LINE}quorum none\n".encode()).open(data)


def test_any_of_several_logs_and_keys_of_one_log_are_accepted():
    rotated = Ed25519Signer("log.example/a", bytes(31) + b"n")
    other = Ed25519Signer("log.example/b", bytes(31) + b"o")
    policy = parse_policy(f"log {other.key}\nlog {rotated.key} log.example\n{LOG_LINE}quorum none\n".encode())
    for signer in (LOG, rotated, other):
        assert policy.open(sign(Checkpoint(signer.key.name, TreeHead(7, bytes(32))), signer).encode()).log == signer.key
    assert [log.url for log in policy.logs] == ["", "log.example", ""]


def test_white_space_comments_and_octets_are_as_the_text_says():
    text = f"\t # é\n \t\n#x\n  log\t {LOG.key}\t url/é \n witness K {W1_KEY}\n".encode()
    policy = parse_policy(text + b"group \xff\xfe any K\nquorum \xff\xfe\n")
    assert policy.quorum == b"\xff\xfe"
    assert policy.satisfied_by({WITNESSES["X1"].key})
    with pytest.raises(PolicyFormatError, match="not defined"):
        parse_policy(f"witness K {W1_KEY}\nquorum \u212a\n".encode())


def test_a_long_chain_of_groups_is_followed():
    groups = "".join(f"group g{number} all {f'g{number - 1}' if number else 'X1'}\n" for number in range(5000))
    policy = parse_policy(f"{LOG_LINE}{W1}{groups}quorum g4999\n".encode())
    assert policy.satisfied_by({WITNESSES["X1"].key})
    assert not policy.satisfied_by(set())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "defines no quorum"),
        (LOG_LINE, "defines no quorum"),
        ("quorum none", "does not end in a newline"),
        ("quorum none\r\n", "Line 1 .* 0x0d"),
        ("\n# \x7f\nquorum none\n", "Line 2 .* 0x7f"),
        ("quorum none\nquorum none\n", "Line 2 .*second time"),
        ("quorum\n", "Line 1 .*1 words"),
        ("quorum none none\n", "3 words"),
        ("quorum X1\n" + W1, "Line 1 .*X1 is not defined"),
        ("Quorum none\n", "Quorum begins no line"),
        ("log\nquorum none\n", "1 words"),
        (f"log {LOG.key} url more\nquorum none\n", "4 words"),
        (f"log {LOG.key}x\nquorum none\n", "base64"),
        (f"log {W1_KEY}\nquorum none\n", "kind 0x04; a log needs 0x01"),
        (f"witness a {LOG.key}\nquorum none\n", "kind 0x01; a witness needs 0x04"),
        (LOG_LINE + LOG_LINE + "quorum none\n", "Line 2 .*listed already"),
        (LOG_LINE + f"log {Ed25519Signer('other', bytes(32)).key}\nquorum none\n", "listed already"),
        (W1 + f"witness other {W1_KEY}\nquorum none\n", "listed already"),
        (W1 + W2.replace("X2", "X1", 1) + "quorum none\n", "X1 is defined already"),
        (W1.replace("X1", "none", 1) + "quorum none\n", "none is predefined"),
        (W1 + "group none any X1\nquorum none\n", "none is predefined"),
        (W1 + "group X1 any X1\nquorum X1\n", "X1 is defined already"),
        (W1 + "group g any none\nquorum g\n", "none is not defined"),
        (W1 + "group g any g\nquorum g\n", "g is not defined"),
        (W1 + "group g any\nquorum none\n", "3 words"),
        (W1 + W2 + "group g any X1 X1\nquorum g\n", "X1 is a member of a group already"),
        (W1 + W2 + "group g any X1\ngroup h any X2 X1\nquorum h\n", "Line 4 .*X1 is a member of a group already"),
        (W1 + "group g 0 X1\nquorum g\n", "threshold 0"),
        (W1 + "group g 2 X1\nquorum g\n", "threshold 2"),
        (W1 + "group g 01 X1\nquorum g\n", "threshold 01"),
        (W1 + "group g +1 X1\nquorum g\n", "threshold"),
        (W1 + "group g ALL X1\nquorum g\n", "threshold ALL"),
        (W1 + "group g \u0661 X1\nquorum g\n", "threshold"),
        (b"witness a \xff+00000000+AA==\nquorum none\n", "not UTF-8"),
        ("#" * 1_000_000 + "\n", "1000001 bytes"),
    ],
    ids=itertools.count(),
)
def test_what_the_text_forbids_is_refused(text, said):
    with pytest.raises(PolicyFormatError, match=said) as caught:
        parse_policy(text if isinstance(text, bytes) else text.encode())
    assert caught.value.code == "log_policy_malformed"
