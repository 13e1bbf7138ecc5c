"""Simulated people: who gets a message and what they do with it."""

from sandbox.core import Core
from sandbox.providers.mail.smtp import Refusal


class People:
    """Decides for every recipient what happens to a message."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def refuse(self, account: str, recipient: str) -> Refusal | None:
        return None

    def receive(self, account: str, sender: str, recipient: str, message_id: str, content: bytes) -> None:
        self._core.log.write("delivery", message_id=message_id, account=account, recipient=recipient)
