"""API endpoints for signing up, in and out, for passwords and for verifying addresses."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from lad.api import router
from lad.api.openapi import problems
from lad.api.views import LadAPIView
from lad.errors import NotAuthenticated
from tenants.accounts.api import cookies, serializers
from tenants.accounts.clients import remember_device, sign_in_client
from tenants.accounts.services import identities, passwords, sessions, sign_up

# In the OpenAPI document: a token is optional.
OPTIONAL_AUTHENTICATION: Final[Any] = [{"bearer": []}, {}]


class AuthView(LadAPIView):
    """Base of the views about a person. Their responses hold secrets, so nothing caches or replays them."""

    needs_tenant = False
    replayable = False

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    @property
    def user_agent(self) -> str:
        return str(self.request.headers.get("User-Agent", ""))


class SignUp(AuthView):
    public = True
    throttle_scope = "sign-up"

    @extend_schema(
        summary="Open a tenant on trial and sign in as its owner",
        request=serializers.SignUpSerializer,
        responses={201: serializers.SessionResponse},
    )
    def post(self, request: Request) -> Response:
        data = serializers.SignUpSerializer.read(request.data)
        new_account = sign_up.SignUpRequest(data["email"], data["first_name"], data["last_name"], data["tenant_name"])
        signed_in = sign_up.sign_up(request=new_account, password=data["password"], user_agent=self.user_agent)
        response = session_response(signed_in, cookie=data["cookie"], status_code=status.HTTP_201_CREATED)
        remember_device(response, sign_in_client(request), signed_in.user.email)
        return response


class SignIn(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Sign in with e-mail and password",
        request=serializers.SignInSerializer,
        responses={200: serializers.SessionResponse, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        data = serializers.SignInSerializer.read(request.data)
        client = sign_in_client(request)
        signed_in = sessions.sign_in(
            email=data["email"],
            password=data["password"],
            code=data["code"],
            user_agent=self.user_agent,
            client=client,
        )
        response = session_response(signed_in, cookie=data["cookie"])
        remember_device(response, client, signed_in.user.email)
        return response


class Refresh(AuthView):
    public = True
    throttle_scope = "token"

    @extend_schema(
        summary="Exchange a refresh token for new tokens; each refresh token works once",
        request=serializers.RefreshSerializer,
        responses={200: serializers.SessionResponse, **problems(401)},
    )
    def post(self, request: Request) -> Response:
        data = serializers.RefreshSerializer.read(request.data)
        refresh_token = data["refresh_token"] or cookies.read(request)
        if not refresh_token:
            raise sessions.InvalidRefreshToken
        signed_in = sessions.refresh(refresh_token=refresh_token, user_agent=self.user_agent)
        return session_response(signed_in, cookie=data["cookie"] or not data["refresh_token"])


class SignOut(AuthView):
    # Public, so that the refresh token alone is enough after the access token has expired.
    public = True
    throttle_scope = "token"

    @extend_schema(
        summary="End this session or all of your sessions",
        request=serializers.SignOutSerializer,
        responses={204: None, **problems(401)},
        auth=OPTIONAL_AUTHENTICATION,
    )
    def post(self, request: Request) -> Response:
        data = serializers.SignOutSerializer.read(request.data)
        refresh_token = data["refresh_token"] or cookies.read(request)
        session_id = self.access.details.get("session_id")
        if self.access.user is None and (data["everywhere"] or not refresh_token):
            raise self.access.error or NotAuthenticated()
        if refresh_token:
            sessions.sign_out_token(refresh_token=refresh_token)
        if self.access.user is not None and (session_id is not None or data["everywhere"]):
            sessions.sign_out(user=self.access.user, session_id=session_id, everywhere=data["everywhere"])
        response = Response(status=status.HTTP_204_NO_CONTENT)
        cookies.delete_cookie(response)
        return response


class ChangePassword(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Change your password; your other sessions end",
        request=serializers.ChangePasswordSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        data = serializers.ChangePasswordSerializer.read(request.data)
        passwords.change(
            user=self.access.user,
            current=data["current_password"],
            new=data["new_password"],
            session_id=self.access.details.get("session_id"),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)


class RequestReset(AuthView):
    public = True
    throttle_scope = "mail"

    @extend_schema(
        summary="Send a password reset link if the account exists",
        request=serializers.RequestResetSerializer,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        data = serializers.RequestResetSerializer.read(request.data)
        passwords.request_reset(email=data["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResetPassword(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Set a new password with the mailed link; all sessions end",
        request=serializers.ResetPasswordSerializer,
        responses={204: None, **problems(410)},
    )
    def post(self, request: Request) -> Response:
        data = serializers.ResetPasswordSerializer.read(request.data)
        passwords.reset(token=data["token"], password=data["password"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyEmail(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Confirm your e-mail address with the mailed link",
        request=serializers.VerifyEmailSerializer,
        responses={204: None, **problems(410)},
    )
    def post(self, request: Request) -> Response:
        data = serializers.VerifyEmailSerializer.read(request.data)
        sign_up.verify_email(token=data["token"])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ResendVerification(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "mail"

    @extend_schema(summary="Send the mail that confirms your e-mail address again", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        sign_up.request_verification(user=self.access.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExternalSignIn(AuthView):
    public = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Sign in or sign up with the token of an external provider",
        request=serializers.ExternalSignInSerializer,
        responses={
            200: serializers.SessionResponse,
            201: serializers.SessionResponse,
            **problems(401, 403, 404, 410, 503),
        },
    )
    def post(self, request: Request) -> Response:
        data = serializers.ExternalSignInSerializer.read(request.data)
        result = identities.sign_in(
            token=data["token"],
            tenant_name=data["tenant_name"],
            invitation_token=data["invitation_token"],
            user_agent=self.user_agent,
        )
        created = status.HTTP_201_CREATED if result.created else status.HTTP_200_OK
        response = session_response(result.signed_in, cookie=data["cookie"], status_code=created)
        remember_device(response, sign_in_client(request), result.signed_in.user.email)
        return response


class LinkExternal(AuthView):
    personal = True
    allows_closed_tenant = True
    throttle_scope = "sign-in"

    @extend_schema(
        summary="Link an external account to yours",
        request=serializers.LinkIdentitySerializer,
        responses={200: serializers.IdentityResponse, **problems(503)},
    )
    def post(self, request: Request) -> Response:
        identity = identities.link(
            user=self.access.user, token=serializers.LinkIdentitySerializer.read(request.data)["token"]
        )
        return Response(serializers.IdentityResponse(identity).data)


def session_data(signed_in: sessions.SignedIn, *, cookie: bool) -> dict[str, Any]:
    """Return the session as a response body, without the refresh token if a cookie holds it."""
    return dict(
        serializers.SessionResponse(
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
    """Return the response for a new session, with its cookie if asked for."""
    response = Response(session_data(signed_in, cookie=cookie), status=status_code)
    if cookie:
        cookies.set_cookie(response, signed_in.refresh_token)
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
