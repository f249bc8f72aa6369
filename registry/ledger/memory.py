"""What the sequencer signed last, kept outside of the database: a restored copy of that is found out by it."""

import os
import tempfile
from pathlib import Path

from registry.ledger import note as notes
from registry.ledger.checkpoint import Checkpoint
from registry.ledger.note import Note


class Memory:
    """A file with the newest signed checkpoint. It lies beside the key, never inside what a backup brings back."""

    def __init__(self, place: Path) -> None:
        """Use a file, which need not exist yet."""
        self._place = place

    def last(self) -> Checkpoint | None:
        """Return the newest checkpoint, None before the first; raises NoteFormatError or CheckpointFormatError."""
        try:
            data = self._place.read_bytes()
        except FileNotFoundError:
            return None
        return Checkpoint.parse(notes.parse(data).text)

    def keep(self, note: Note) -> None:
        """Replace the file, whole or not at all, and return when that is on disk."""
        self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".checkpoint-", dir=self._place.parent)
        with os.fdopen(handle, "wb") as writing:
            writing.write(note.encode())
            writing.flush()
            os.fsync(writing.fileno())
        Path(temporary).replace(self._place)
