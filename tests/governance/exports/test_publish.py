"""Publishing: what is no event is published as it is, and holds nothing up."""

import pytest
from django.db import connection

from governance.exports.publish import Publishing
from registry.ledger.folder import TileFolder
from registry.ledger.keyring import Keyring
from registry.ledger.keys import Ed25519Signer
from registry.ledger.memory import Memory
from registry.ledger.sequence import Sequencer
from registry.ledger.tiles import published, read_entries
from registry.ledger.tree import leaf_hash

RING = Keyring((Ed25519Signer("example.org/log", b"\x01" * 32),))
ADD = "INSERT INTO ledger_event (body, leaf_hash, kind, subject, actor, at) VALUES (%s, %s, 'x', 'y', 'z', 'now')"


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["not JSON", "[]", "{}", '{"kind":"policy.published"}', '{"kind":"report.recorded"}'])
def test_an_entry_that_is_no_event_is_published_like_every_other(tmp_path, body):
    with connection.cursor() as cursor:
        cursor.execute(ADD, [body, leaf_hash(body.encode())])
    Sequencer(RING, Memory(tmp_path / "checkpoint")).step()
    Publishing(tmp_path / "export").follow()
    store = TileFolder(tmp_path / "export/logs/1")
    assert list(read_entries(store, published(store).size))[-1][-1] == body.encode()
