"""An issuer of OAuth tokens, shaped like Google's and like Microsoft's. Its tokens open mailboxes by XOAUTH2."""

import hashlib
import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import orjson

from sandbox.core import Core
from sandbox.http import Problem, Request, Response, reply
from sandbox.ports import HOST
from sandbox.providers import register

CLIENT_ID: Final = "lad-sandbox"
CLIENT_SECRET: Final = "lad-sandbox-secret-that-opens-nothing-outside"  # noqa: S105  (opens nothing outside)
ACCESS_SECONDS: Final = 3599
CODE_SECONDS: Final = 600
SIXTY_DAYS: Final = 60 * 86_400


@dataclass(frozen=True)
class Shape:
    """How one provider's issuer differs from another's."""

    name: str
    authorize: str
    token: str
    userinfo: str
    # Scopes of which a token needs one, by protocol.
    scopes: dict[str, tuple[str, ...]]
    # Whether every renewal replaces the refresh token.
    rotates: bool
    revoke: str = ""


GOOGLE: Final = Shape(
    "google",
    authorize="/oauth/google/o/oauth2/v2/auth",
    token="/oauth/google/token",  # noqa: S106
    userinfo="/oauth/google/v1/userinfo",
    scopes={"smtp": ("https://mail.google.com/",), "imap": ("https://mail.google.com/",)},
    rotates=False,
    revoke="/oauth/google/revoke",
)
MICROSOFT: Final = Shape(
    "microsoft",
    authorize="/oauth/microsoft/common/oauth2/v2.0/authorize",
    token="/oauth/microsoft/common/oauth2/v2.0/token",  # noqa: S106
    userinfo="/oauth/microsoft/oidc/userinfo",
    scopes={
        "smtp": ("https://outlook.office.com/SMTP.Send", "https://outlook.office365.com/SMTP.Send"),
        "imap": (
            "https://outlook.office.com/IMAP.AccessAsUser.All",
            "https://outlook.office365.com/IMAP.AccessAsUser.All",
        ),
    },
    rotates=True,
)
# Error codes of Microsoft's documents.
MICROSOFT_CODES: Final = {"invalid_grant": 70000, "invalid_client": 7000215, "unsupported_grant_type": 70003}


class Refused(Exception):
    """The token endpoint refuses, with an error code of RFC 6749."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error = error
        self.status = status


@register
class OAuth:
    """The provider: authorization, token, user info and revocation for each shape."""

    name = "oauth"

    def __init__(self, core: Core) -> None:
        self._core = core
        core.storage.create(
            "tokens",
            "token TEXT PRIMARY KEY, kind TEXT NOT NULL, provider TEXT NOT NULL, address TEXT NOT NULL,"
            " ends REAL NOT NULL, grant_id TEXT NOT NULL, data TEXT NOT NULL",
            index="grant_id",
        )
        core.address_of_token = self.address_of_token

    async def start(self) -> None:
        for shape in (GOOGLE, MICROSOFT):
            self._serve(shape)
        self._core.http.route("POST", "/oauth/revoke", self._revoke_grants)
        self._core.http.route("POST", "/oauth/tokens", self._issue)

    def reset(self) -> None:
        """Tokens are in the storage, which was cleared."""

    def stats(self) -> dict[str, object]:
        rows = self._core.storage.rows("SELECT kind, count(*) FROM tokens GROUP BY kind")
        return dict(rows)

    def address_of_token(self, token: str, protocol: str) -> str | None:
        """Return the mailbox that an access token opens for a protocol now, or None."""
        found = self._find(token, "access")
        if found is None:
            return None
        shape = MICROSOFT if found["provider"] == MICROSOFT.name else GOOGLE
        granted = str(found["data"].get("scope", "")).lower().split()
        allowed = any(scope.lower() in granted for scope in shape.scopes[protocol])
        return str(found["address"]) if allowed else None

    def _serve(self, shape: Shape) -> None:
        async def authorize(request: Request) -> Response:
            return self._authorize(shape, request)

        async def token(request: Request) -> Response:
            return self._answer(shape, request)

        async def userinfo(request: Request) -> Response:
            found = self._find(request.headers.get("authorization", "").partition(" ")[2], "access")
            if found is None:
                return reply({"error": "invalid_token"}, 401)
            return reply({"sub": _subject(found["address"]), "email": found["address"], "email_verified": True})

        async def revoke(request: Request) -> Response:
            form = {**request.query, **request.form()}
            if not self._revoke(form.get("token", "")):
                return reply({"error": "invalid_token", "error_description": "Token expired or revoked"}, 400)
            return reply({})

        async def discovery(request: Request) -> Response:
            return reply(self._discovery(shape))

        self._core.http.route("GET", shape.authorize, authorize)
        self._core.http.route("POST", shape.token, token)
        self._core.http.route("GET", shape.userinfo, userinfo)
        if shape.revoke:
            self._core.http.route("POST", shape.revoke, revoke)
        self._core.http.route("GET", f"/oauth/{shape.name}/.well-known/openid-configuration", discovery)

    def _discovery(self, shape: Shape) -> dict[str, Any]:
        base = f"http://{HOST}:{self._core.ports.numbers['http']}"
        endpoints = {
            "issuer": f"{base}/oauth/{shape.name}",
            "authorization_endpoint": base + shape.authorize,
            "token_endpoint": base + shape.token,
            "userinfo_endpoint": base + shape.userinfo,
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["HS256"],
        }
        return endpoints | ({"revocation_endpoint": base + shape.revoke} if shape.revoke else {})

    def _authorize(self, shape: Shape, request: Request) -> Response:
        """Show whom one may sign in as, or redirect with a code once somebody was chosen."""
        query = dict(request.query)
        if query.get("client_id") != CLIENT_ID:
            raise Problem(401, "The OAuth client was not found.")
        target = query.get("redirect_uri", "")
        if not urlsplit(target).scheme.startswith("http"):
            raise Problem(400, "redirect_uri_mismatch")
        if query.get("response_type") != "code":
            return _redirect(target, error="unsupported_response_type", state=query.get("state"))
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return _redirect(target, error="invalid_request", state=query.get("state"))
        if query.get("refuse"):
            return _redirect(target, error="access_denied", state=query.get("state"))
        address = query.get("choose", "").lower()
        if not address:
            return self._page(shape, query)
        kept = ("redirect_uri", "scope", "code_challenge", "nonce", "access_type", "prompt", "client_id")
        data = {name: query.get(name, "") for name in kept}
        code = self._keep("code", shape, address, CODE_SECONDS, secrets.token_hex(8), data)
        return _redirect(target, code=code, state=query.get("state"), scope=query.get("scope"))

    def _page(self, shape: Shape, query: dict[str, str]) -> Response:
        hint = query.get("login_hint", "").lower()
        known = self._core.addresses()
        links = "".join(
            f'<li><a href="{escape(shape.authorize + "?" + urlencode({**query, "choose": address}))}">'
            f"{escape(address)}</a></li>"
            for address in dict.fromkeys([hint, *known] if hint in known else known)
        )
        refuse = escape(shape.authorize + "?" + urlencode({**query, "refuse": "1"}))
        page = (
            f"<!doctype html><title>Sandbox</title><h1>Sandbox: sign in with {shape.name.title()}</h1>"
            f'<p>LAD asks for: {escape(query.get("scope", ""))}</p><ul>{links}</ul><p><a href="{refuse}">Refuse</a></p>'
        )
        return Response(page.encode(), content_type="text/html; charset=utf-8")

    def _answer(self, shape: Shape, request: Request) -> Response:
        """Answer at the token endpoint."""
        form = request.form()
        try:
            _check_client(form, request.headers.get("authorization", ""))
            match form.get("grant_type"):
                case "authorization_code":
                    return reply(self._exchange(shape, form))
                case "refresh_token":
                    return reply(self._renew(shape, form))
            raise Refused("unsupported_grant_type", "The grant type is not supported.")
        except Refused as refused:
            self._core.log.write("token_refused", provider=shape.name, error=refused.error, text=str(refused))
            return self._error(shape, refused)

    def _error(self, shape: Shape, refused: Refused) -> Response:
        answer: dict[str, Any] = {"error": refused.error, "error_description": str(refused)}
        if shape is MICROSOFT:
            code = MICROSOFT_CODES.get(refused.error, 90_000)
            answer["error_description"] = f"AADSTS{code}: {refused}"
            answer |= {"error_codes": [code], "timestamp": str(self._core.clock.moment()), "trace_id": "sandbox"}
        return reply(answer, refused.status)

    def _exchange(self, shape: Shape, form: dict[str, str]) -> dict[str, Any]:
        code = form.get("code", "")
        found = self._find(code, "code")
        # A code works once. Whoever uses it again loses what it granted.
        used = self._core.storage.row("SELECT grant_id FROM tokens WHERE token = ? AND kind = 'used'", code)
        if used:
            self._core.storage.execute("DELETE FROM tokens WHERE grant_id = ?", used[0])
        if found is None or found["provider"] != shape.name:
            raise Refused("invalid_grant", "The code is malformed, used or expired.")
        data = found["data"]
        if form.get("redirect_uri") != data["redirect_uri"]:
            raise Refused("invalid_grant", "The redirect URI is not the one of the authorization.")
        if data["code_challenge"] and _challenge(form.get("code_verifier", "")) != data["code_challenge"]:
            raise Refused("invalid_grant", "The code verifier does not match.")
        self._core.storage.execute("UPDATE tokens SET kind = 'used' WHERE token = ?", code)
        offline = data["access_type"] == "offline" if shape is GOOGLE else "offline_access" in data["scope"].split()
        return self._grant(shape, found, refresh=offline)

    def _renew(self, shape: Shape, form: dict[str, str]) -> dict[str, Any]:
        token = form.get("refresh_token", "")
        found = self._find(token, "refresh")
        if found is None or found["provider"] != shape.name:
            raise Refused("invalid_grant", "Token has been expired or revoked.")
        if shape.rotates:
            self._core.storage.execute("DELETE FROM tokens WHERE token = ?", token)
        return self._grant(shape, found, refresh=shape.rotates)

    def _grant(self, shape: Shape, found: dict[str, Any], *, refresh: bool) -> dict[str, Any]:
        address, grant_id, data = found["address"], found["grant_id"], found["data"]
        answer = {
            "access_token": self._keep("access", shape, address, ACCESS_SECONDS, grant_id, data),
            "expires_in": ACCESS_SECONDS,
            "token_type": "Bearer",
            "scope": data["scope"],
        }
        if refresh:
            answer["refresh_token"] = self._keep("refresh", shape, address, SIXTY_DAYS, grant_id, data)
        if "openid" in data["scope"].split():
            answer["id_token"] = self._id_token(shape, address, data)
        self._core.log.write("token", provider=shape.name, account=address)
        return answer

    def _id_token(self, shape: Shape, address: str, data: dict[str, str]) -> str:
        """Return the claims signed with the client's secret (HS256), as OpenID Connect allows."""
        now = int(self._core.clock.now())
        claims: dict[str, Any] = {
            "iss": f"http://{HOST}:{self._core.ports.numbers['http']}/oauth/{shape.name}",
            "aud": data["client_id"],
            "sub": _subject(address),
            "iat": now,
            "exp": now + ACCESS_SECONDS,
            "email": address,
        }
        claims |= {"email_verified": True} if shape is GOOGLE else {"preferred_username": address}
        claims |= {"nonce": data["nonce"]} if data.get("nonce") else {}
        signed = b".".join(_encoded(orjson.dumps(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return (signed + b"." + _encoded(hmac.digest(CLIENT_SECRET.encode(), signed, "sha256"))).decode()

    def _keep(self, kind: str, shape: Shape, address: str, seconds: float, grant_id: str, data: dict[str, str]) -> str:
        token = f"{shape.name}-{kind}-{secrets.token_urlsafe(24)}"
        self._core.storage.execute(
            "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
            token,
            kind,
            shape.name,
            address,
            self._core.clock.now() + seconds,
            grant_id,
            orjson.dumps(data).decode(),
        )
        return token

    def _find(self, token: str, kind: str) -> dict[str, Any] | None:
        """Return a token of this kind that has not ended."""
        row = self._core.storage.row(
            "SELECT provider, address, grant_id, data FROM tokens WHERE token = ? AND kind = ? AND ends > ?",
            token,
            kind,
            self._core.clock.now(),
        )
        if row is None:
            return None
        return {"provider": row[0], "address": row[1], "grant_id": row[2], "data": orjson.loads(row[3])}

    def _revoke(self, token: str) -> bool:
        """Withdraw all that was granted together with a token. Return whether there was anything."""
        row = self._core.storage.row("SELECT grant_id, address FROM tokens WHERE token = ?", token)
        if row is None:
            return False
        self._core.storage.execute("DELETE FROM tokens WHERE grant_id = ?", row[0])
        self._core.log.write("token_revoked", account=row[1])
        return True

    async def _revoke_grants(self, request: Request) -> Response:
        """Withdraw the tokens of an address; with ``kind`` only those, such as ``access`` to let them end early."""
        values = request.json()
        kinds = [values["kind"]] if "kind" in values else ["access", "refresh", "code"]
        marks = ", ".join("?" * len(kinds))
        address = str(values["address"]).lower()
        cursor = self._core.storage.execute(
            f"DELETE FROM tokens WHERE address = ? AND kind IN ({marks})", address, *kinds
        )
        self._core.log.write("token_revoked", account=address)
        return reply({"revoked": cursor.rowcount})

    async def _issue(self, request: Request) -> Response:
        """Grant tokens for an address without the walk through a browser: for tests and for the demo."""
        values = request.json()
        shape = MICROSOFT if values.get("provider") == MICROSOFT.name else GOOGLE
        scopes = {scope for each in shape.scopes.values() for scope in each[:1]}
        data = {"scope": " ".join(["openid", "email", *sorted(scopes)]), "client_id": CLIENT_ID}
        found = {"address": str(values["address"]).lower(), "grant_id": secrets.token_hex(8), "data": data}
        return reply(self._grant(shape, found, refresh=True), 201)


def _check_client(form: dict[str, str], authorization: str) -> None:
    """Accept the client's secret in the form or as basic authentication. Raise Refused for another one."""
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        try:
            client, _, secret = b64decode(authorization[6:]).decode().partition(":")
        except ValueError:
            client = ""
    if client != CLIENT_ID or not hmac.compare_digest(secret.encode(), CLIENT_SECRET.encode()):
        raise Refused("invalid_client", "The provided client secret is invalid.", 401)


def _redirect(target: str, **parameters: str | None) -> Response:
    parts = urlsplit(target)
    query = [*parse_qsl(parts.query), *((name, value) for name, value in parameters.items() if value is not None)]
    return Response(status=302, headers={"Location": urlunsplit(parts._replace(query=urlencode(query)))})


def _challenge(verifier: str) -> str:
    return _encoded(hashlib.sha256(verifier.encode()).digest()).decode()


def _encoded(value: bytes) -> bytes:
    return urlsafe_b64encode(value).rstrip(b"=")


def _subject(address: str) -> str:
    return str(int(hashlib.sha256(address.encode()).hexdigest()[:16], 16))
