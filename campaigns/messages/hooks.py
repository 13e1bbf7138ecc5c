"""Let features above react to messages, in the transaction that records what happened to them."""

from collections.abc import Callable, Sequence
from typing import Final

from campaigns.messages.models import Message, MessageEvent

MessagesHook = Callable[[Sequence[Message]], None]
EventsHook = Callable[[Sequence[MessageEvent]], None]

_settled: Final[list[MessagesHook]] = []
_received: Final[list[MessagesHook]] = []
_copied: Final[list[MessagesHook]] = []
_happened: Final[list[EventsHook]] = []


def on_settled(hook: MessagesHook) -> MessagesHook:
    """Call ``hook`` with messages that became sent, failed or cancelled, each once for that state."""
    _settled.append(hook)
    return hook


def on_received(hook: MessagesHook) -> MessagesHook:
    """Call ``hook`` with messages that were received and recorded."""
    _received.append(hook)
    return hook


def on_copied(hook: MessagesHook) -> MessagesHook:
    """Call ``hook`` with messages that people wrote by hand outside LAD, and that were found and recorded."""
    _copied.append(hook)
    return hook


def on_happened(hook: EventsHook) -> EventsHook:
    """Call ``hook`` with new events of sent messages, such as a bounce or a click."""
    _happened.append(hook)
    return hook


def settled(messages: Sequence[Message]) -> None:
    """Tell the features above that messages were sent, failed or were cancelled."""
    _call(_settled, messages)


def received(messages: Sequence[Message]) -> None:
    """Tell the features above that messages were received."""
    _call(_received, messages)


def copied(messages: Sequence[Message]) -> None:
    """Tell the features above that messages were found which people wrote by hand outside LAD."""
    _call(_copied, messages)


def happened(events: Sequence[MessageEvent]) -> None:
    """Tell the features above what happened to sent messages."""
    _call(_happened, events)


def _call(hooks: Sequence[Callable[[Sequence], None]], rows: Sequence) -> None:
    if rows:
        for hook in hooks:
            hook(rows)
