"""Places of publication: a bucket over the real client and a server that answers like a store, and folders."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import boto3
import pytest
from botocore.config import Config

from registry.ledger.checkpoint import Checkpoint, sign
from registry.ledger.keys import Ed25519Signer
from registry.ledger.places import BucketError, BucketPlace, FolderPlace, PlaceAddressError, place_of
from registry.ledger.tiles import StoredTileMissingError, publish, published, read_entries, tile_reader
from registry.ledger.tree import Edge, leaf_hashes, with_partials

LOG = Ed25519Signer("example.org/log", b"\x01" * 32)
ENTRIES = [f'{{"n":{number}}}'.encode() for number in range(700)]


class Store(BaseHTTPRequestHandler):
    """The four calls of S3 that are used, on a dictionary."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def key(self):
        return unquote(urlsplit(self.path).path).removeprefix("/bucket").removeprefix("/")

    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.full:
            return self.answer(507, b"<Error><Code>Full</Code></Error>")
        self.server.objects[self.key()] = data
        return self.answer(200)

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        if "list-type" in asked:
            names = [name for name in sorted(self.server.objects) if name.startswith(asked["prefix"][0])]
            listed = "".join(f"<Contents><Key>{escape(name)}</Key></Contents>" for name in names)
            return self.answer(200, f"<ListBucketResult>{listed}</ListBucketResult>".encode())
        if self.key() in self.server.objects:
            return self.answer(200, self.server.objects[self.key()])
        return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_DELETE(self):
        self.server.objects.pop(self.key(), None)
        self.answer(204)


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as running:
        running.objects, running.full = {}, False
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def client(server):
    settings = Config(
        s3={"addressing_style": "path"},
        retries={"total_max_attempts": 1},
        request_checksum_calculation="when_required",
    )
    found = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_address[1]}",
        region_name="eu-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=settings,
    )
    yield found
    found.close()


def note_and_tiles(size):
    edge = Edge()
    leaves = leaf_hashes(ENTRIES[:size])
    full = {(tile.level, tile.index): tile.hashes for tile in edge.extend(leaves)}
    read = with_partials(lambda level, index: full[level, index], lambda start, count: leaves[start : start + count])
    return sign(Checkpoint("example.org/log", edge.head()), LOG).encode(), read, edge.head()


def test_a_log_is_published_to_a_bucket_and_read_back(server, client):
    store = BucketPlace(client, "bucket", "audit").log("logs/1")
    for size in (3, 300, 700):
        note, tiles, head = note_and_tiles(size)
        publish(store, note, entries=lambda start, count: ENTRIES[start : start + count], tiles=tiles)
        assert published(store) == head
    assert [entry for bundle in read_entries(store, 700) for entry in bundle] == ENTRIES
    assert tile_reader(store)(0, 1, 256) == b"".join(leaf_hashes(ENTRIES[256:512]))
    assert sorted(name for name in server.objects if "entries" in name) == [
        "audit/logs/1/tile/entries/000",
        "audit/logs/1/tile/entries/001",
        "audit/logs/1/tile/entries/002.p/188",
    ]


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_a_file_is_kept_once(server, client, tmp_path, kind):
    for content in (b"first", b"second"):
        place = BucketPlace(client, "bucket", "") if kind == "bucket" else FolderPlace(tmp_path)
        place.keep("documents/abc", content)
    kept = server.objects["documents/abc"] if kind == "bucket" else (tmp_path / "documents/abc").read_bytes()
    assert kept == b"first"


def test_what_is_not_in_the_bucket_is_told_apart_from_a_bucket_that_refuses(server, client):
    store = BucketPlace(client, "bucket", "").log("logs/1")
    with pytest.raises(StoredTileMissingError, match="logs/1/checkpoint is not in the bucket"):
        store.get("checkpoint")
    server.full = True
    with pytest.raises(BucketError, match="answered Full to put_object"):
        store.put("checkpoint", b"x")


def test_a_bucket_that_is_away_is_an_error_of_the_system(server, client):
    server.shutdown()
    server.server_close()
    with pytest.raises(BucketError, match="could not be asked"):
        BucketPlace(client, "bucket", "").keep("a", b"x")


def test_an_address_is_a_folder_or_a_bucket(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-1")
    assert isinstance(place_of(str(tmp_path)), FolderPlace)
    assert isinstance(place_of("s3://bucket/a/b"), BucketPlace)
    for address in ("", "https://example.org/", "s3://", "ftp://x/y"):
        with pytest.raises(PlaceAddressError, match="neither a folder"):
            place_of(address)
