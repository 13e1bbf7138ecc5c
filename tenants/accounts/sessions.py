"""Read a session together with the user it names and where they may work, in one statement.

A session that names a user counts only as long as their row in ``user_sessions`` does: ending that row signs
the browser out at once.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.core import signing
from django.utils import timezone

from lad.tenancy import sessions
from lad.tenancy.context import platform_context
from tenants.accounts.callers import SESSION_ID, SessionState, StaffCaller, find_session
from tenants.accounts.services import user_sessions
from tenants.accounts.services.sessions import start_in_admin


class SessionStore(sessions.SessionStore):
    """``caller`` is the user that the data of the session names, ``state`` what their session has shown of them.

    Both are None until the session is loaded, and if nobody is signed in.
    """

    caller: StaffCaller | None = None
    state: SessionState | None = None

    def load(self) -> Any:
        now = timezone.now()
        found = find_session(sessions.stored_key(self.session_key or ""), now=now)
        # The content is empty if the signature is wrong.
        content = self.decode(found.data) if found is not None else {}
        if found is None or SESSION_KEY not in content:
            return content if found is not None else self._forget()
        if found.state is None or now - found.state.last_used_at >= settings.ADMIN_IDLE_LIMIT:
            return self._forget()
        self.caller, self.state = found.caller, found.state
        if now - found.state.last_used_at >= user_sessions.TOUCH_INTERVAL:
            user_sessions.touch(UUID(content[SESSION_ID]), now=now)
        return content

    def save(self, must_create: bool = False) -> None:
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # not in the stubs
        with platform_context():
            if SESSION_KEY in content:
                self._record(content)
            super().save(must_create=must_create)

    def flush(self) -> None:
        session_id, user_id = self.get(SESSION_ID), self.get(SESSION_KEY)
        super().flush()
        if session_id and user_id:
            with platform_context():
                user_sessions.end(user_id=UUID(user_id), session_id=UUID(session_id), now=timezone.now())

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the signed data. It is not compressed, because the database reads the user's id from it."""
        return signing.dumps(session_dict, salt=self.key_salt, serializer=self.serializer)

    @classmethod
    def get_model_class(cls) -> Any:
        return sessions.SessionStore.get_model_class()

    def _record(self, content: dict[str, Any]) -> None:
        """Open the user's session if they have just signed in, and record which tenant it works in."""
        tenant = content.get("tenant_id")
        if SESSION_ID not in content:
            content[SESSION_ID] = str(start_in_admin(UUID(content[SESSION_KEY]), now=timezone.now()))
        if tenant:
            user_sessions.move(UUID(content[SESSION_ID]), UUID(tenant))

    def _forget(self) -> dict[str, Any]:
        self._session_key = None
        return {}
