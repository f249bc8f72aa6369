"""What checks need to know of re-identification: the risk over the quasi-identifiers that a dataset declares."""

from typing import Any

from governance.promotion.needs.rows import rows_of
from governance.promotion.subject import Subject
from registry.artifacts import keep_document
from registry.checks import Need


def risk(subject: Subject, need: Need, _progress: Any) -> str | None:
    """Return the risk in the role's dataset; None where there is none, or no quasi-identifiers are declared."""
    dataset_version = subject.dataset(need.role)
    quasi = dataset_version.schema.get("quasi_identifiers", ()) if dataset_version else ()
    if dataset_version is None or not quasi:
        return None
    from privacy.risk import confidential_of, measure

    confidential = confidential_of(dataset_version.schema)
    table = rows_of(dataset_version, [*quasi, *confidential])
    return str(keep_document(measure(table, quasi, confidential).document()).pk)
