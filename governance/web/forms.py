"""The forms of the officers' screens: they parse; the use cases decide."""

from datetime import UTC, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from governance.promotion.approve import SHORTEST_REASON
from registry.models import Environment, ModelVersion

LONGEST_REASON = 5000


class Keys(forms.MultipleChoiceField):
    """Keys of items, whichever: what is not in the evaluation is refused by the use case, with its sentence."""

    def valid_value(self, _value: Any) -> bool:
        """Accept every key here."""
        return True


class ReasonForm(forms.Form):
    """A reason; how long it must be is for the use case to say."""

    reason = forms.CharField(required=False, max_length=LONGEST_REASON, widget=forms.Textarea(attrs={"rows": 3}))


class DecisionForm(ReasonForm):
    """An officer's word on the evaluation that was looked at, with the items that were acknowledged singly."""

    ACTIONS = ("approve", "request_changes", "reject")

    action = forms.ChoiceField(choices=[(action, action) for action in ACTIONS])
    evaluation = forms.CharField(required=False, max_length=64)
    acknowledged = Keys(required=False)


class WaiverForm(ReasonForm):
    """An item, a reason, and the last day of a waiver."""

    key = forms.CharField(max_length=300)
    until = forms.DateField()

    def ends_at(self) -> datetime:
        """Return the end of the last day, UTC."""
        return datetime.combine(self.cleaned_data["until"], time(23, 59), tzinfo=UTC)


class RequestForm(forms.Form):
    """Which version is to go where, and from which score on it says yes."""

    version = forms.ModelChoiceField(queryset=ModelVersion.objects.none())
    environment = forms.ModelChoiceField(queryset=Environment.objects.none())
    threshold = forms.FloatField(initial=0.5)

    def __init__(self, *arguments: Any, model: Any, **named: Any) -> None:
        """Offer the versions of one model and the environments of its project."""
        super().__init__(*arguments, **named)
        versions, environments = self.fields["version"], self.fields["environment"]
        versions.queryset = model.versions.filter(retirement__isnull=True).order_by("-number")  # type: ignore[attr-defined]
        environments.queryset = model.project.environments.order_by("name")  # type: ignore[attr-defined]


def problem_of(form: forms.Form) -> str:
    """Return what is wrong with a form as sentences that name the field."""
    return " ".join(
        f"{name.capitalize() if name != '__all__' else 'The form'}: {message}"
        for name, messages in form.errors.items()
        for message in messages
    )


def read(form: forms.Form) -> dict[str, Any]:
    """Return what a form says; raises ValidationError, in sentences, where it cannot be read."""
    if not form.is_valid():
        raise ValidationError(problem_of(form))
    return dict(form.cleaned_data)


def read_reason(posted: QueryDict) -> str:
    """Return the reason that was posted; raises ValidationError for one that says nothing."""
    reason = str(read(ReasonForm(posted))["reason"]).strip()
    if len(reason) < SHORTEST_REASON:
        raise ValidationError(f"Say why, in at least {SHORTEST_REASON} characters.")
    return reason
