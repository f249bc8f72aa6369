"""Use case: search a dataset version for personal data and keep the report, once per engine."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.db import transaction

from privacy.models import DatasetScan
from registry.artifacts import keep_document, local_path
from registry.ledger.append import append
from registry.models import Actor, DatasetVersion


def examine(
    dataset_version: DatasetVersion, *, actor: Actor, progress: Callable[[float, str], None] = lambda _s, _m: None
) -> DatasetScan:
    """Return the scan of this version by the engine of this installation, made now unless it was made before."""
    analyser = engine()
    known = DatasetScan.objects.filter(dataset_version=dataset_version, engine_fingerprint=analyser.fingerprint).first()
    if known is not None:
        return known
    report = _scan(dataset_version, analyser, progress)
    artifact = keep_document(report)
    with transaction.atomic():
        scan, made = DatasetScan.objects.get_or_create(
            dataset_version=dataset_version,
            engine_fingerprint=analyser.fingerprint,
            defaults={"report": artifact, "complete": report["complete"]},
        )
        if made:
            append(
                "dataset.scanned",
                actor=actor,
                subject=f"dataset_version:{dataset_version.pk}",
                evidence=[artifact.digest],
                data={
                    "dataset_digest": dataset_version.digest,
                    "engine": analyser.fingerprint,
                    "report": artifact.digest,
                    "complete": report["complete"],
                },
            )
    return scan


@cache
def engine() -> Any:
    """Build the engine once per process."""
    from privacy.scan.engine import build_engine

    return build_engine(ner_model=settings.PROBITY_NER_MODEL or None)


def _scan(dataset_version: DatasetVersion, analyser: Any, progress: Callable[[float, str], None]) -> dict[str, Any]:
    from privacy.scan.read import read_table
    from privacy.scan.scan import scan

    table = read_table(local_path(dataset_version.content_id), format="parquet")
    return scan(table, dataset_version.schema, engine=analyser, progress=progress, dataset=dataset_version.digest)
