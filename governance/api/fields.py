"""Shapes that all serializers share: strict input, times with an offset, digests, references."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

DIGEST = r"^[0-9a-f]{64}$"


class Input(serializers.Serializer[Any]):
    """What a caller sends: a field that is not known is an error, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuse unknown fields, then read."""
        if isinstance(data, Mapping) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {name: [serializers.ErrorDetail("this field is not known here", "unknown")] for name in unknown}
            )
        return super().to_internal_value(data)


class Output(serializers.Serializer[Any]):
    """What a caller gets."""


class MomentField(serializers.DateTimeField):
    """A time with its offset; one without is refused."""

    default_error_messages = {"no_offset": "a time is written with its offset, such as 2026-03-03T12:00:00Z"}

    def enforce_timezone(self, value: datetime) -> datetime:
        """Refuse a naive time."""
        if value.tzinfo is None:
            self.fail("no_offset")
        return super().enforce_timezone(value)


class DigestField(serializers.RegexField):
    """A SHA-256 digest in hexadecimal."""

    def __init__(self, **kwargs: Any) -> None:
        """Fix the shape."""
        super().__init__(DIGEST, **kwargs)


class DatasetUse(Input):
    """What a model version did with a dataset version."""

    role = serializers.ChoiceField(choices=["train", "calibrate", "evaluate", "reference"])
    dataset_version = serializers.UUIDField()


class Empty(Input):
    """A POST without a body."""


class Reason(Input):
    """Why."""

    reason = serializers.CharField(max_length=4000)
