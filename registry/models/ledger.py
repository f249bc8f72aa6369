"""The ledger's tables. Rows are written by ``registry.ledger`` alone; triggers refuse every change after that."""

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
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.kind}"


class LedgerHead(models.Model):
    """The leaf hash of a subject's newest event: the row that is locked while its next event is appended.

    A projection: whatever somebody writes here, verification follows ``prev`` through the events themselves.
    """

    subject = models.CharField(primary_key=True, max_length=120)
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "ledger_head"

    def __str__(self) -> str:
        return self.subject


class LedgerPending(models.Model):
    """The queue of events that have no place in the tree yet, filled by a trigger; the sequencer empties it."""

    event = models.OneToOneField(LedgerEvent, primary_key=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_pending"

    def __str__(self) -> str:
        return str(self.pk)


class LedgerLeaf(models.Model):
    """The place of an event in the tree: contiguous from 0; the sequencer alone writes it."""

    seq = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(LedgerEvent, on_delete=models.PROTECT, related_name="+")

    class Meta:
        db_table = "ledger_leaf"

    def __str__(self) -> str:
        return str(self.seq)


class LedgerTile(models.Model):
    """A full tile of 256 hashes of the tree; the sequencer alone writes it."""

    level = models.PositiveSmallIntegerField()
    idx = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        db_table = "ledger_tile"
        constraints = [models.UniqueConstraint(fields=["level", "idx"], name="ledger_tile_is_unique")]

    def __str__(self) -> str:
        return f"{self.level}/{self.idx}"


class LedgerCheckpoint(models.Model):
    """A signed statement of the tree's size and root; the sequencer alone writes it."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()

    class Meta:
        db_table = "ledger_checkpoint"

    def __str__(self) -> str:
        return str(self.size)


class LedgerCosignature(models.Model):
    """A witness's signature over a checkpoint."""

    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    line = models.TextField()

    class Meta:
        db_table = "ledger_cosignature"
        constraints = [models.UniqueConstraint(fields=["size", "witness"], name="ledger_cosignature_is_unique")]

    def __str__(self) -> str:
        return f"{self.size} by {self.witness}"
