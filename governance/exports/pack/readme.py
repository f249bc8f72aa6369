"""How to verify a pack, in a file beside what is to be verified."""

TEXT = """\
Evidence of promotion {promotion}

To verify it you need Python 3.11 or newer, the package "cryptography", this file, and the fingerprint of the log's key.
Get the fingerprint (or the key itself) from the installation's people by another way than this file:
`manage.py ledger_key show --fingerprint` prints it. Get probity_verify.py from somebody you trust, too: a copy is in
here, but nothing can vouch for itself.

    python probity_verify.py pack PACK.zip --key FINGERPRINT

It checks, and names the first member that is not as it should be:

- MANIFEST.json, and that the zip holds exactly what that lists, byte for byte;
- logs/N/checkpoint: what the log's key signed. Of its first entries those that are needed here, or all of them, are in
  logs/N/entries-*; logs/N/pruned has one hash for each part of the tree that is left out. Together they give the root;
- documents/: policy, manifests, reports, evaluations and decisions, each by its SHA-256;
- every verdict, judged again from these; roles, four eyes, waivers and ends;
- openings.json: the reasons behind the commitments in the entries, sha256(salt || text), both as UTF-8 text;
- receipts/: for each decision a C2SP tlog-proof that can be kept apart;
- attestations/: in-toto statements in DSSE envelopes, signed with the log's key, and made again from the decision.
  keyid is the SHA-256 of the key's text in keys/;
- record.html and this file, which are made again and compared.

Not proven: names.json and with it the names in record.html (the log holds ids); record.pdf, which is record.html for
print; probity_verify.py.

The pack is complete up to its checkpoints. A later pack of the same promotion tells what came after:

    python probity_verify.py pack LATER.zip --key FINGERPRINT --since THIS.zip
"""


def readme(promotion: str) -> bytes:
    """Return the file's text."""
    return TEXT.format(promotion=promotion).encode()
