"""Signing in: the form of the page and that of the admin, which count what fails and say when to try again."""

import logging
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpResponse

from governance.access.attempts import TooManyAttemptsError, address_of, give_back, of_sign_in, take

logger = logging.getLogger(__name__)
TOO_MANY = 429


class SignInForm(AuthenticationForm):
    """User name and password; the password is not even looked at after too many failures."""

    wait = 0

    def clean(self) -> dict[str, Any]:
        """Return name and password of who may come in; raises ValidationError."""
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not username or not password or self.request is None:
            return super().clean()
        counters = of_sign_in(username, address_of(self.request))
        try:
            take(counters)
        except TooManyAttemptsError as error:
            self.wait = error.wait
            logger.warning("a sign-in was refused: too many failures; %s s of the window are left", error.wait)
            raise ValidationError(str(error), code=error.code) from error
        found = super().clean()
        give_back(counters)
        return found


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """The same for the admin, which staff alone enters."""


class SignInView(LoginView):
    """The page for signing in; after too many failures it is answered with 429."""

    template_name = "governance/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the form again with what is wrong."""
        response = super().form_invalid(form)
        if isinstance(form, SignInForm) and form.wait:
            response.status_code = TOO_MANY
            response["Retry-After"] = str(form.wait)
        return response
