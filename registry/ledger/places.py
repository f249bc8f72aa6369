"""Where copies of the record go: a folder, or a bucket of an S3-compatible store, by one address."""

import os
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from registry.ledger.folder import TileFolder
from registry.ledger.tiles import StoredTileMissingError, TileStore

S3 = "s3"
MISSING = frozenset({"NoSuchKey", "404"})


class PlaceAddressError(ValueError):
    """An address that is neither a folder nor s3://bucket/prefix."""

    code = "place_address"


class BucketError(OSError):
    """The bucket could not be asked, or refused."""

    code = "bucket"


class Place(Protocol):
    """Somewhere to publish."""

    def log(self, path: str) -> TileStore:
        """Return the store of one log's layout below a path."""

    def keep(self, path: str, data: bytes) -> None:
        """Write a file once, whole: one that is there already stays as it is. Raises OSError."""


def place_of(address: str) -> Place:
    """Return the place of an address: a folder, or ``s3://bucket/prefix``. Raises PlaceAddressError.

    Endpoint and credentials of a bucket come from the environment, by the names that the AWS tools use.
    """
    parts = urlsplit(address)
    if parts.scheme == S3 and parts.netloc and not parts.query:
        return BucketPlace(_client(), parts.netloc, parts.path.strip("/"))
    if "://" in address or not address.strip():
        raise PlaceAddressError(f"{address!r} is neither a folder nor of the form s3://bucket/prefix.")
    return FolderPlace(Path(address))


def _client() -> Any:
    try:
        import boto3
    except ImportError as error:
        raise PlaceAddressError("A bucket takes the package boto3: install the extra probity[s3].") from error
    return boto3.client(S3)


class FolderPlace:
    """A local folder."""

    def __init__(self, root: Path) -> None:
        """Publish below ``root``, which is made when first written to."""
        self._root = root

    def log(self, path: str) -> TileFolder:
        """Return the folder of a log."""
        return TileFolder(self._root / path)

    def keep(self, path: str, data: bytes) -> None:
        """Write, sync and rename a file that is not there yet."""
        place = self._root / path
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.name}.new")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(place)


class BucketPlace:
    """A bucket, below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        """Use a boto3 client."""
        self._client, self._bucket, self._prefix = client, bucket, f"{prefix}/" if prefix else ""
        self._known: set[str] = set()

    def log(self, path: str) -> "TileBucket":
        """Return the store of a log."""
        return TileBucket(self._client, self._bucket, f"{self._prefix}{path}/")

    def keep(self, path: str, data: bytes) -> None:
        """Put an object that is not there yet."""
        if path in self._known:
            return
        store = TileBucket(self._client, self._bucket, self._prefix)
        try:
            store.get(path)
        except StoredTileMissingError:
            store.put(path, data)
        self._known.add(path)


class TileBucket:
    """The objects of a bucket below a prefix; each is written whole by the store itself."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        """Use a boto3 client; the prefix ends in a slash, or is empty."""
        self._client, self._bucket, self._prefix = client, bucket, prefix

    def put(self, path: str, data: bytes) -> None:
        """Put an object. Raises BucketError."""
        self._ask("put_object", Key=self._prefix + path, Body=data)

    def get(self, path: str) -> bytes:
        """Return the bytes of an object; raises StoredTileMissingError or BucketError."""
        found = self._ask("get_object", Key=self._prefix + path)["Body"]
        data: bytes = found.read()
        return data

    def drop_partials(self, path: str) -> None:
        """Delete the partial forms of a full tile or bundle. Raises BucketError."""
        listed = self._ask("list_objects_v2", Prefix=f"{self._prefix}{path}.p/")
        for one in listed.get("Contents", []):
            self._ask("delete_object", Key=one["Key"])

    def _ask(self, call: str, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return getattr(self._client, call)(Bucket=self._bucket, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in MISSING:
                raise StoredTileMissingError(f"{arguments['Key']} is not in the bucket {self._bucket}.") from error
            raise BucketError(f"the bucket {self._bucket} answered {code} to {call}") from error
        except BotoCoreError as error:
            raise BucketError(f"the bucket {self._bucket} could not be asked: {type(error).__name__}") from error
