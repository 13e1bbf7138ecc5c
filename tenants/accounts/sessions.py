"""Read a session together with the user it names and where they may work, in one statement."""

from typing import Any

from django.core import signing
from django.utils import timezone

from lad.tenancy import sessions
from tenants.accounts.callers import StaffCaller, find_session


class SessionStore(sessions.SessionStore):
    """``caller`` is the user that the data of the session names. It is None until the session is loaded."""

    caller: StaffCaller | None = None

    def load(self) -> Any:
        found = find_session(self.session_key or "", now=timezone.now())
        if found is None:
            self._session_key = None
            return {}
        data, self.caller = found
        # The content is empty if the signature is wrong.
        return self.decode(data)

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Return the signed data. It is not compressed, because the database reads the user's id from it."""
        return signing.dumps(session_dict, salt=self.key_salt, serializer=self.serializer)

    @classmethod
    def get_model_class(cls) -> Any:
        return sessions.SessionStore.get_model_class()
