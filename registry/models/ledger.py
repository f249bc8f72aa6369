"""The ledger's tables. Rows are written by ``registry.ledger`` alone; triggers refuse every change after that.

No constraint of the database checks that an event exists which a queue or a tree names: the one is filled by the
event's own trigger, the other from the queue, nothing that is there can be removed, and each check would lock a row.
"""

from django.db import models


class LedgerEvent(models.Model):
    """One event: ``body`` is the exact canonical text that was hashed; the columns after it are a projection of it."""

    id = models.BigAutoField(primary_key=True)
    body = models.TextField()
    leaf_hash = models.BinaryField()
    kind = models.CharField(max_length=60)
    subject = models.CharField(max_length=120)
    actor = models.CharField(max_length=40)
    at = models.CharField(max_length=27)

    class Meta:
        db_table = "ledger_event"
        indexes = [
            models.Index(fields=["subject", "id"], name="ledger_event_subject"),
            models.Index(fields=["kind", "id"], name="ledger_event_kind"),
            models.Index(fields=["leaf_hash"], name="ledger_event_leaf"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"


class LedgerHead(models.Model):
    """The leaf hash of a subject's newest event: the row that is locked while its next event is appended.

    A projection: whatever somebody writes here, verification follows ``prev`` through the events themselves.
    ``previous`` is what it was before, where PostgreSQL moved it: that one statement tells both.
    """

    subject = models.CharField(primary_key=True, max_length=120)
    leaf_hash = models.BinaryField()
    previous = models.BinaryField(default=b"", db_default=b"")

    class Meta:
        db_table = "ledger_head"

    def __str__(self) -> str:
        return self.subject


class LedgerPending(models.Model):
    """The queue of leaf hashes that have no place in the tree yet, filled by a trigger; the sequencer empties it."""

    event = models.OneToOneField(
        LedgerEvent, primary_key=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    leaf_hash = models.BinaryField(default=b"")

    class Meta:
        db_table = "ledger_pending"

    def __str__(self) -> str:
        return str(self.pk)


class LedgerLog(models.Model):
    """A log: one origin, one tree. A second one exists only where the first was frozen or could not be continued."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    origin = models.CharField(max_length=200, unique=True)

    class Meta:
        db_table = "ledger_log"

    def __str__(self) -> str:
        return self.origin


class LedgerLeaf(models.Model):
    """The place of an event in a log's tree: contiguous from 0; the sequencer alone writes it."""

    pk = models.CompositePrimaryKey("log", "seq")
    log = models.ForeignKey(LedgerLog, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    seq = models.BigIntegerField()
    event = models.OneToOneField(LedgerEvent, on_delete=models.PROTECT, related_name="leaf", db_constraint=False)

    class Meta:
        db_table = "ledger_leaf"

    def __str__(self) -> str:
        return f"{self.log_id}/{self.seq}"


class LedgerTile(models.Model):
    """A full tile of 256 hashes of a log's tree; the sequencer alone writes it."""

    pk = models.CompositePrimaryKey("log", "level", "idx")
    log = models.ForeignKey(LedgerLog, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    level = models.PositiveSmallIntegerField()
    idx = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "ledger_tile"

    def __str__(self) -> str:
        return f"{self.log_id}/{self.level}/{self.idx}"


class LedgerCheckpoint(models.Model):
    """A signed statement of a log's size and root; the sequencer alone writes it."""

    pk = models.CompositePrimaryKey("log", "size")
    log = models.ForeignKey(LedgerLog, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    size = models.BigIntegerField()
    root = models.BinaryField()
    note = models.TextField()

    class Meta:
        db_table = "ledger_checkpoint"

    def __str__(self) -> str:
        return f"{self.log_id}/{self.size}"


class LedgerCosignature(models.Model):
    """A witness's signature over a checkpoint."""

    pk = models.CompositePrimaryKey("log", "size", "witness")
    log = models.ForeignKey(LedgerLog, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    line = models.TextField()

    class Meta:
        db_table = "ledger_cosignature"

    def __str__(self) -> str:
        return f"{self.log_id}/{self.size} by {self.witness}"


class LedgerEnvelope(models.Model):
    """A signature of a log's key over a statement about an event, with what was signed; the sequencer alone writes it.

    ``digest`` is the SHA-256 of ``payload``, ``key`` the verifier key's text.
    """

    pk = models.CompositePrimaryKey("digest", "key")
    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=300)
    event = models.ForeignKey(LedgerEvent, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    about = models.CharField(max_length=120)
    payload = models.TextField()
    signature = models.BinaryField()

    class Meta:
        db_table = "ledger_envelope"

    def __str__(self) -> str:
        return f"{self.digest[:12]} by {self.key}"
