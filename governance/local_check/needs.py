"""What checks need, made of local files by the functions that the service uses; what a laptop lacks says so."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from governance.local_check.subject import Rows, Subject, arrow_bytes
from governance.promotion.needs.tables import (
    attributions_table,
    common_features,
    feature_names,
    handed_in_table,
    overlap_counts,
    predictions_table,
    sketch_document,
)
from registry.backends.base import BackendError
from registry.backends.inference import WANTS, infer
from registry.backends.sandbox import ISOLATED
from registry.canonical import canonical
from registry.checks import Need


@dataclass(frozen=True, slots=True)
class Provided:
    """One input: a pyarrow.Table or a JSON document, under the digest that the service would keep it by."""

    value: Any
    digest: str


def document(value: Any) -> Provided:
    """Return a document with its digest."""
    return Provided(value, hashlib.sha256(canonical(value)).hexdigest())


def table(value: Any) -> Provided:
    """Return a table with its digest."""
    return Provided(value, hashlib.sha256(arrow_bytes(value)).hexdigest())


class Needs:
    """The inputs of one subject, each made once."""

    def __init__(self, subject: Subject, progress: Callable[[str], object]) -> None:
        """Keep the subject; nothing is made before it is asked for."""
        self.subject, self.progress = subject, progress
        self._known: dict[tuple[str, str], tuple[Provided | None, str]] = {}
        self._answers: tuple[Any, Any, dict[str, Any]] | None = None

    def resolve(self, need: Need) -> tuple[Provided | None, str]:
        """Return the input, or None and why there is none here."""
        key = (need.kind, need.role)
        if key not in self._known:
            self._known[key] = self._resolved(need)
        return self._known[key]

    def _resolved(self, need: Need) -> tuple[Provided | None, str]:
        make = getattr(self, f"_{need.kind}", None) if need.kind in KINDS else None
        if make is None:
            return None, f"there is no {need.kind} on this machine; the service has it"
        try:
            found = make(need)
        except BackendError as error:
            return None, f"{error.code}: {error}"
        role = f" of role {need.role!r}" if need.role else ""
        return found, "" if found else f"there is no {need.kind}{role}: {KINDS[need.kind]}"

    def _schema(self, need: Need) -> Provided | None:
        rows = self.subject.rows(need.role)
        return document(rows.schema) if rows else None

    def _rows(self, need: Need) -> Provided | None:
        rows = self.subject.rows(need.role)
        return Provided(rows.table, hashlib.sha256(rows.parquet).hexdigest()) if rows else None

    def _pii(self, need: Need) -> Provided | None:
        from privacy.scan.engine import build_engine
        from privacy.scan.scan import scan

        rows = self.subject.rows(need.role)
        if rows is None:
            return None
        self.progress(f"scanning {rows.table.num_rows} rows for personal data")
        engine = build_engine(
            ner_model=os.environ.get("PROBITY_NER_MODEL") or None,
            recognizers=os.environ.get("PROBITY_RECOGNIZERS") or None,
            languages=os.environ.get("PROBITY_SCAN_LANGUAGES", "en").replace(",", " ").split(),
        )
        return document(scan(rows.table, rows.schema, engine=engine, dataset=rows.digest))

    def _risk(self, need: Need) -> Provided | None:
        from privacy.risk import confidential_of, measure

        rows = self.subject.rows(need.role)
        quasi = rows.schema.get("quasi_identifiers", ()) if rows else ()
        if rows is None or not quasi:
            return None
        return document(measure(rows.table, quasi, confidential_of(rows.schema)).document())

    def _overlap(self, _need: Need) -> Provided | None:
        learned, judged = self.subject.trained_on, self.subject.evaluation
        return document(overlap_counts(judged.table, [learned.table], judged.schema)) if learned else None

    def _baseline(self, _need: Need) -> Provided | None:
        return self._sketch(self.subject.trained_on) if self.subject.trained_on else None

    def _current(self, _need: Need) -> Provided | None:
        return self._sketch(self.subject.evaluation)

    def _sketch(self, rows: Rows) -> Provided:
        schema, learned = self.subject.evaluation.schema, self.subject.trained_on
        names = common_features(schema, learned.table.column_names) if learned else feature_names(schema)
        return document(sketch_document(rows.table.select(names), names, schema))

    def _predictions(self, _need: Need) -> Provided | None:
        subject, rows = self.subject, self.subject.evaluation
        if subject.answers is not None:
            return table(handed_in_table(subject.answers, rows.table, rows.schema, float(subject.threshold)))
        scores = self._inferred()[0].column("score").to_pylist()
        return table(predictions_table(rows.table, rows.schema, scores, float(subject.threshold)))

    def _model_files(self, _need: Need) -> Provided | None:
        if self.subject.model is None:
            return None
        from registry.backends.model_files.scan import scan

        with tempfile.TemporaryDirectory(prefix="probity-check-") as folder:
            return document(scan(self.subject.model, workdir=Path(folder) / "work", isolation=ISOLATED))

    def _perturbed(self, need: Need) -> Provided | None:
        subject = self.subject
        if subject.model is None:
            return None
        from governance.local_check.changed_rows import perturbed

        base = self._inferred()[0].column("score").to_numpy()
        return table(perturbed(subject, need.role, base, self._scored))

    def _scored(self, rows: Any) -> Any:
        """Return the model's scores of other rows, as an array."""
        with tempfile.TemporaryDirectory(prefix="probity-check-") as folder:
            tables, _ = _infer(self.subject, Rows(rows, self.subject.evaluation.schema), Path(folder), WANTS[:1])
        return tables[0].column("score").to_numpy()

    def _attributions(self, _need: Need) -> Provided | None:
        if self.subject.model is None:
            return None
        rows = self.subject.evaluation
        return table(attributions_table(self._inferred()[1], rows.table, rows.schema))

    def _attributions_meta(self, _need: Need) -> Provided | None:
        return document(self._inferred()[2]) if self.subject.model is not None else None

    def _inferred(self) -> tuple[Any, Any, dict[str, Any]]:
        """Return scores, attributions and how these were made; the model is loaded in the sandbox and nowhere else."""
        if self._answers is None:
            self.progress("the model answers in the sandbox")
            with tempfile.TemporaryDirectory(prefix="probity-check-") as folder:
                found, meta = _infer(self.subject, self.subject.evaluation, Path(folder), WANTS)
                self._answers = (found[0], found[1], meta)
        return self._answers


def _infer(subject: Subject, rows: Rows, folder: Path, want: Sequence[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return the tables that were wanted, and how they were made."""
    import pyarrow as pa

    data, work = folder / "rows.parquet", folder / "work"
    data.write_bytes(rows.parquet)
    work.mkdir()
    found = infer(
        Path(str(subject.model)),
        data,
        features=subject.features,
        positive=subject.evaluation.schema["positive"],
        want=want,
        seed=int(subject.version[:8], 16),
        workdir=work,
    )
    places = [place for place in (found.predictions, found.attributions) if place]
    return [pa.ipc.open_file(pa.py_buffer(place.read_bytes())).read_all() for place in places], dict(found.meta)


TRAIN = "name the rows that were learned from with --train"
MODEL = "name the model's folder with --model"
KINDS = {
    "schema": TRAIN,
    "rows": TRAIN,
    "pii": TRAIN,
    "risk": "the rows declare no quasi-identifiers",
    "overlap": TRAIN,
    "baseline": TRAIN,
    "current": TRAIN,
    "predictions": MODEL,
    "model_files": MODEL,
    "perturbed": MODEL,
    "attributions": MODEL,
    "attributions_meta": MODEL,
}
