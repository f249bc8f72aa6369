"""How long an approval takes through the whole API: judged again, recorded, signed, and answered with its receipt."""

import statistics
import time
import uuid
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

from tests.governance.cheap import stand_in
from tests.governance.stage import build, evaluation_of

READY = 201


class Changed:
    """Django's settings, changed until the end of the bench."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Write through a patch."""
        object.__setattr__(self, "patch", patch)

    def __setattr__(self, name: str, value: object) -> None:
        """Change one setting."""
        self.patch.setattr(settings, name, value)  # type: ignore[attr-defined]


def approvals(count: int, home: Path) -> str:
    """Approve ``count`` promotions, each as a validator would, while the sequencer runs; say how long it took."""
    with pytest.MonkeyPatch.context() as patch:
        changed = Changed(patch)
        changed.ALLOWED_HOSTS = ["*"]
        changed.PROBITY_RECEIPT_SECONDS = 10
        stage = build(home, stand_in(changed, patch), patch)
        stage.assign()
        client = Client()
        client.force_login(get_user_model().objects.get(username="validator"))
        seen, ready = [], 0
        for _ in range(count):
            promotion = stage.assessed()
            if promotion.state != "AWAITING_DECISION":
                raise RuntimeError(f"the promotion is {promotion.state}: {promotion.detail}")
            address = f"/api/v1/promotions/{promotion.pk}"
            wanted = evaluation_of(promotion).document["acknowledge"]
            sent = {"If-Match": client.get(address)["ETag"], "Idempotency-Key": str(uuid.uuid4())}
            body = {"reason": "It meets every limit.", "acknowledge": wanted}
            began = time.perf_counter()
            answer = client.post(f"{address}/approve", body, content_type="application/json", headers=sent)
            seen.append(time.perf_counter() - began)
            if answer.status_code not in {READY, 202}:
                raise RuntimeError(f"the approval was answered {answer.status_code}: {answer.content[:500]!r}")
            ready += answer.status_code == READY
    seen.sort()
    p50, p99 = statistics.median(seen) * 1000, seen[-1] * 1000
    return (
        f"approval through the API, with its receipt: p50 {p50:.0f} ms, longest {p99:.0f} ms, {ready} of {count} ready"
    )
