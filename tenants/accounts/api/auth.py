"""Signing up, in and out, and the passwords and addresses that takes."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView
from lad.errors import NotAuthenticated
from tenants.accounts.api import cookies
from tenants.accounts.api import serializers as forms
from tenants.accounts.services import identities as linking
from tenants.accounts.services import passwords, sessions
from tenants.accounts.services import sign_up as accounts

# In the document: the call works with a token and without.
SIGNED_IN_OR_NOT: Final[Any] = [{"bearer": []}, {}]


class AuthView(LadAPIView):
    """Answers of these views hold secrets: none is kept, neither for replay nor by anything in between."""

    replayable = False

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def form(self, serializer: Any) -> dict[str, Any]:
        """The checked body."""
        form = serializer(data=self.request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    @property
    def user_agent(self) -> str:
        return str(self.request.headers.get("User-Agent", ""))


class SignUp(AuthView):
    public = True
    throttle_scope = "sign-up"

    @extend_schema(
        summary="Open a tenant on trial and sign in as its owner",
        request=forms.SignUpForm,
        responses={201: forms.SessionAnswer},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.SignUpForm)
        wanted = accounts.SignUp(form["email"], form["first_name"], form["last_name"], form["tenant_name"])
        signed_in = accounts.sign_up(request=wanted, password=form["password"], user_agent=self.user_agent)
        return session_response(signed_in, cookie=form["cookie"], status_code=status.HTTP_201_CREATED)


class SignIn(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Sign in with e-mail and password",
        request=forms.SignInForm,
        responses={200: forms.SessionAnswer, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.SignInForm)
        signed_in = sessions.sign_in(email=form["email"], password=form["password"], user_agent=self.user_agent)
        return session_response(signed_in, cookie=form["cookie"])


class Refresh(AuthView):
    public = True
    throttle_scope = "token"

    @extend_schema(
        summary="Exchange a refresh token for new tokens; each is good once",
        request=forms.RefreshForm,
        responses={200: forms.SessionAnswer, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.RefreshForm)
        refresh_token = form["refresh_token"] or cookies.read(request)
        if not refresh_token:
            raise sessions.InvalidRefreshToken
        signed_in = sessions.refresh(refresh_token=refresh_token, user_agent=self.user_agent)
        return session_response(signed_in, cookie=form["cookie"] or not form["refresh_token"])


class SignOut(AuthView):
    # Also somebody whose access token has just expired can sign out, with the refresh token.
    public = True
    throttle_scope = "token"

    @extend_schema(
        summary="End this session, or all of one's own",
        request=forms.SignOutForm,
        responses={204: None, **problems(401)},
        auth=SIGNED_IN_OR_NOT,
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.SignOutForm)
        refresh_token = form["refresh_token"] or cookies.read(request)
        session_id = self.access.details.get("session_id")
        if self.access.user is None and (form["everywhere"] or not refresh_token):
            raise self.access.error or NotAuthenticated()
        if refresh_token:
            sessions.sign_out_token(refresh_token=refresh_token)
        if self.access.user is not None and (session_id is not None or form["everywhere"]):
            sessions.sign_out(user=self.access.user, session_id=session_id, everywhere=form["everywhere"])
        response = Response(status=status.HTTP_204_NO_CONTENT)
        cookies.drop(response)
        return response


class ChangePassword(AuthView):
    personal = True
    open_to_closed = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Change one's password; other sessions end",
        request=forms.ChangePasswordForm,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.ChangePasswordForm)
        passwords.change(
            user=self.access.user,
            current=form["current_password"],
            new=form["new_password"],
            session_id=self.access.details.get("session_id"),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class RequestReset(AuthView):
    public = True
    throttle_scope = "mail"

    @extend_schema(
        summary="Have a reset link mailed, if there is such an account",
        request=forms.RequestResetForm,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        passwords.request_reset(email=self.form(forms.RequestResetForm)["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPassword(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Set a new password with the mailed link; every session ends",
        request=forms.ResetPasswordForm,
        responses={204: None, **problems(410)},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.ResetPasswordForm)
        passwords.reset(token=form["token"], password=form["password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyEmail(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Prove one's e-mail address with the mailed link",
        request=forms.VerifyEmailForm,
        responses={204: None, **problems(410)},
    )
    def post(self, request: Request) -> Response:
        accounts.verify_email(token=self.form(forms.VerifyEmailForm)["token"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendVerification(AuthView):
    personal = True
    open_to_closed = True
    throttle_scope = "mail"

    @extend_schema(summary="Have the mail that proves one's address sent again", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        accounts.request_verification(user=self.access.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExternalSignIn(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Sign in, or up, with the token of an outside provider",
        request=forms.ExternalSignInForm,
        responses={200: forms.SessionAnswer, 201: forms.SessionAnswer, **problems(401, 403, 404, 410, 503)},
    )
    def post(self, request: Request) -> Response:
        form = self.form(forms.ExternalSignInForm)
        result = linking.sign_in(
            token=form["token"],
            tenant_name=form["tenant_name"],
            invitation_token=form["invitation_token"],
            user_agent=self.user_agent,
        )
        created = status.HTTP_201_CREATED if result.created else status.HTTP_200_OK
        return session_response(result.signed_in, cookie=form["cookie"], status_code=created)


class LinkExternal(AuthView):
    personal = True
    open_to_closed = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Link an outside account to one's own",
        request=forms.LinkForm,
        responses={200: forms.IdentityAnswer, **problems(503)},
    )
    def post(self, request: Request) -> Response:
        identity = linking.link(user=self.access.user, token=self.form(forms.LinkForm)["token"])
        return Response(forms.IdentityAnswer(identity).data)


def session_answer(signed_in: sessions.SignedIn, *, cookie: bool) -> dict[str, Any]:
    """A session as it is shown."""
    return dict(
        forms.SessionAnswer(
            {
                "access_token": signed_in.access_token,
                "token_type": "Bearer",
                "expires_in": signed_in.expires_in,
                "refresh_token": None if cookie else signed_in.refresh_token,
                "user": signed_in.user,
                "tenant_id": signed_in.tenant_id,
            }
        ).data
    )


def session_response(signed_in: sessions.SignedIn, *, cookie: bool, status_code: int = status.HTTP_200_OK) -> Response:
    """The answer that hands over a session."""
    response = Response(session_answer(signed_in, cookie=cookie), status=status_code)
    if cookie:
        cookies.keep(response, signed_in.refresh_token)
    return response


router.route("auth/sign-up/", SignUp.as_view(), name="sign-up")
router.route("auth/sign-in/", SignIn.as_view(), name="sign-in")
router.route("auth/refresh/", Refresh.as_view(), name="refresh")
router.route("auth/sign-out/", SignOut.as_view(), name="sign-out")
router.route("auth/password/change/", ChangePassword.as_view(), name="password-change")
router.route("auth/password/reset/", RequestReset.as_view(), name="password-reset")
router.route("auth/password/reset/confirm/", ResetPassword.as_view(), name="password-reset-confirm")
router.route("auth/verify-email/", VerifyEmail.as_view(), name="verify-email")
router.route("auth/verify-email/resend/", ResendVerification.as_view(), name="verify-email-resend")
router.route("auth/external/", ExternalSignIn.as_view(), name="external")
router.route("auth/external/link/", LinkExternal.as_view(), name="external-link")
