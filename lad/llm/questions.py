"""Questions to a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from lad.llm import fences
from lad.llm.calling import Call
from lad.llm.messages import DEFAULT_OUTPUT_TOKENS, Message, Tool
from lad.llm.models import ModelConnection
from lad.llm.prompt_files import RenderedPrompt
from lad.llm.purposes import purposes
from lad.llm.schemas import AnswerSchema, Shape
from lad.llm.secrecy import Secrecy
from lad.llm.selectors import connection_for


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a model, for which tenant and purpose.

    ``prompt`` is a rendered prompt file; ``messages`` follow it. Messages and variables that are marked as untrusted
    are fenced, and with them ``tools`` are not offered unless ``tools_with_untrusted`` says so.
    ``connection_id`` names a connection instead of the tenant's choice; ``connection`` is one that the caller has just
    found, with ``connection_for``, and saves looking for it again. Raises UnknownKey for a purpose that is not
    registered, and ValueError for a question that makes no sense.
    """

    tenant_id: UUID
    purpose: str
    messages: Sequence[Message] = field(default=(), repr=False)
    prompt: RenderedPrompt | None = field(default=None, repr=False)
    schema: Shape | None = field(default=None, repr=False)
    tools: Sequence[Tool] = ()
    tools_with_untrusted: bool = False
    max_tokens: int = DEFAULT_OUTPUT_TOKENS
    temperature: float | None = None
    connection_id: UUID | None = None
    connection: ModelConnection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        purposes.get(self.purpose)
        if self.schema is not None and self.tools:
            raise ValueError("A call asks for a structured answer or offers tools, not both.")
        if not self.messages and self.prompt is None:
            raise ValueError("A call needs messages or a prompt.")

    def connected(self) -> ModelConnection | None:
        """Return the connection that is asked, or None for the embedded assistant. Call it in the tenant's scope.

        Raises NotFound for a named connection that the tenant does not see.
        """
        return self.connection or connection_for(self.tenant_id, self.purpose, self.connection_id)

    @property
    def prompt_name(self) -> str:
        return self.prompt.name if self.prompt else ""

    @property
    def untrusted(self) -> bool:
        """Return whether the question holds text of strangers."""
        return any(each.untrusted for each in self.messages) or bool(self.prompt and self.prompt.untrusted)

    def call(self, connection: ModelConnection) -> Call:
        """Return the call of a connection's model."""
        rendered = self.prompt.messages if self.prompt else ()
        return Call.make(
            connection,
            fences.fenced([*rendered, *self.messages]),
            schema=AnswerSchema(self.schema) if self.schema is not None else None,
            tools=() if self.untrusted and not self.tools_with_untrusted else self.tools,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            secrecy=Secrecy(self._confidential),
        )

    @property
    def _confidential(self) -> list[str]:
        """Return the instructions that no answer repeats."""
        own = [each.content for each in self.messages if each.role == "system" and not each.untrusted]
        return [*own, *(self.prompt.confidential if self.prompt else ()), fences.RULE]
