"""The evidence pack over the API: for who may read the promotion, and only when what it tells is signed."""

import io
import json
import zipfile

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from governance.exports.pack.archive import Reader
from governance.exports.pack.examine import Examination
from registry.register import create_project, grant_role
from tests.governance.api.world import API, with_token
from tests.governance.exports.pack.conftest import signing
from tests.governance.exports.pack.forging import POLICY


@pytest.fixture(autouse=True)
def unhurried(settings):
    settings.PROBITY_RECEIPT_SECONDS = 0


def test_the_pack_comes_when_a_checkpoint_covers_the_promotion_and_its_decision_is_attested(world, tmp_path):
    promotion, one = world.released(), signing(tmp_path)
    client, address = world.client("auditor"), f"{API}/promotions/{promotion}/pack"
    waiting = client.get(address)
    assert (waiting.status_code, waiting.json()["code"]) == (202, "pack_not_ready")
    assert waiting["Retry-After"] == "2"
    one.sequencer.step()
    assert "attested" in client.get(address).json()["detail"]
    one.catch_up()
    given = client.get(address, headers={"Accept": "text/html"})
    assert (given.status_code, given["Content-Type"]) == (200, "application/zip")
    assert given["Content-Disposition"].startswith(f'attachment; filename="promotion-{promotion}-')
    data = b"".join(given.streaming_content)
    found = Examination(Reader(io.BytesIO(data)), POLICY)
    found.run()
    assert (found.findings, found.promotion) == ([], promotion)


def test_a_pack_is_for_who_may_read_the_promotion(world, tmp_path):
    promotion, one = world.assessed(), signing(tmp_path)
    one.catch_up()
    address = f"{API}/promotions/{promotion.pk}/pack"
    elsewhere = create_project(slug="elsewhere", name="Elsewhere", actor=world.system)
    grant_role(world.people["stranger"], project=elsewhere, role="auditor", actor=world.system)
    stranger = with_token(world.token("stranger", "read", project=elsewhere))
    assert stranger.get(address).status_code == 404
    given = world.client("requester").get(address)
    assert given.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(given.streaming_content))) as archive:
        entries = [archive.read(name) for name in archive.namelist() if "/entries-" in name]
    assert str(promotion.pk).encode() in b"".join(entries)
    assert str(elsewhere.pk).encode() not in b"".join(entries)


def test_the_page_of_a_promotion_leads_to_its_pack(world, tmp_path):
    promotion, one = world.assessed(), signing(tmp_path)
    client = Client()
    client.force_login(get_user_model().objects.get(username="officer"))
    address = f"/promotions/{promotion.pk}/pack"
    assert f'href="{address}"' in client.get(f"/promotions/{promotion.pk}/").content.decode()
    waiting = client.get(address)
    assert (waiting.status_code, waiting["Retry-After"]) == (202, "2")
    one.catch_up()
    given = client.get(address)
    assert given["Content-Disposition"].startswith(f'attachment; filename="promotion-{promotion.pk}-')
    assert zipfile.is_zipfile(io.BytesIO(b"".join(given.streaming_content)))
    assert Client().get(address).status_code == 302


def test_the_command_writes_the_same_file_or_says_why_not(world, tmp_path):
    promotion, one, place = world.assessed(), signing(tmp_path), tmp_path / "pack.zip"
    with pytest.raises(CommandError, match="no place in the log yet"):
        call_command("evidence_pack", str(promotion.pk), output=place)
    assert not place.exists()
    one.catch_up()
    out = io.StringIO()
    call_command("evidence_pack", str(promotion.pk), output=place, json=True, stdout=out)
    given = world.client("auditor").get(f"{API}/promotions/{promotion.pk}/pack")
    assert place.read_bytes() == b"".join(given.streaming_content)
    told = json.loads(out.getvalue())
    assert (told["file"], told["bytes"]) == (str(place), place.stat().st_size)
    with pytest.raises(CommandError, match="There is no promotion"):
        call_command("evidence_pack", "00000000-0000-4000-8000-000000000000")
