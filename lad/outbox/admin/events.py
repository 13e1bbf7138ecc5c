"""Events, deliveries and batches in the admin."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.bulk import any_number, asks_first
from lad.outbox import monitoring
from lad.outbox.consumers import consumers
from lad.outbox.models import DeliveryState, DomainEvent, EventBatch, EventDelivery
from lad.outbox.replay import discard_dead, replay, retry_dead
from lad.times import DATE_AND_SECONDS, written
from lad.types import Values

TIMELINE_LENGTH = 20


class ReplayForm(forms.Form):
    """The consumer that gets the event again."""

    consumer = forms.ChoiceField(required=False, help_text="Leave empty to deliver to every subscriber.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["consumer"]
        field.choices = [("", "All"), *((consumer.name, consumer.name) for consumer in consumers())]


@register(DomainEvent)
class DomainEventAdmin(ReadOnlyAdmin):
    area = "events"
    section, icon, rank = "Events", "bolt", 10
    list_display = ["event_type", "aggregate_type", "processed", "retry_count", "created_at"]
    list_filter = ["processed", "created_at"]
    search_fields = ["event_type__startswith"]
    fieldsets = [
        (None, {"fields": ["event_type", "aggregate_type", "aggregate_id", "payload_json", "metadata_json"]}),
        ("Deliveries", {"fields": ["processed", "processed_at", "retry_count", "outstanding"]}),
        ("Other events of the same record", {"fields": ["timeline"]}),
    ]
    actions = ["replay_all"]
    actions_detail = ["replay"]

    @display(description="Open deliveries")
    def outstanding(self, obj: DomainEvent) -> str:
        statuses = monitoring.why_waiting(obj.pk)
        if not statuses:
            return "None: every consumer has finished."
        return _table((s.consumer, s.state, s.reason) for s in statuses)

    @display(description="Timeline")
    def timeline(self, obj: DomainEvent) -> str:
        if obj.aggregate_id is None:
            return "–"
        events = monitoring.timeline(obj.aggregate_id, limit=TIMELINE_LENGTH)
        return format_html(
            '<div class="lad-table-wrap"><table class="lad-table">{}</table></div>',
            format_html_join(
                "",
                '<tr><td class="lad-nowrap">{}</td><td><a class="lad-link" href="{}">{}</a>{}</td></tr>',
                (
                    (
                        written(event.created_at, DATE_AND_SECONDS),
                        reverse("admin:outbox_domainevent_change", args=(event.pk,)),
                        event.event_type,
                        " (this one)" if event.pk == obj.pk else "",
                    )
                    for event in events
                ),
            ),
        )

    @row_action(
        "Replay",
        explanation="The event is delivered again. A consumer that has already handled it may skip or repeat its work.",
        form=ReplayForm,
        permission="platform",
        icon="replay",
    )
    def replay(self, request: HttpRequest, row: DomainEvent, values: Values) -> str:
        count = replay([row.pk], consumer=values["consumer"] or None)
        return f"{count} deliveries were queued."

    @asks_first(
        "Replay to every subscriber",
        permission="platform",
        note="A consumer that has already handled an event may repeat its work.",
    )
    def replay_all(self, request: HttpRequest, queryset: QuerySet[DomainEvent]) -> None:
        count = replay(list(queryset.values_list("pk", flat=True)))
        messages.success(request, f"{count} deliveries were queued.")


def _is_dead(row: EventDelivery) -> bool:
    return row.state == DeliveryState.DEAD


@register(EventDelivery)
class EventDeliveryAdmin(ReadOnlyAdmin):
    area = "events"
    section, icon, rank = "Events", "local_shipping", 20
    list_display = ["consumer", "event", "state", "attempts", "next_attempt_at", "error", "created_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["consumer__startswith", "event__event_type__startswith"]
    fieldsets = [
        (None, {"fields": ["event", "consumer", "aggregate_id", "state", "why"]}),
        ("Attempts", {"fields": ["attempts", "next_attempt_at", "batch_limit", "last_error"]}),
    ]
    actions = ["retry_all", "discard_all"]
    actions_detail = ["retry", "discard"]

    @display(description="Error")
    def error(self, obj: EventDelivery) -> str | None:
        return (
            format_html('<span title="{}">{}</span>', obj.last_error, obj.last_error[:60]) if obj.last_error else None
        )

    @display(description="What it waits for")
    def why(self, obj: EventDelivery) -> str:
        return monitoring.explain(obj).reason

    @row_action(
        "Retry",
        explanation="The delivery gets a fresh set of attempts.",
        permission="platform",
        when=_is_dead,
        icon="replay",
    )
    def retry(self, request: HttpRequest, row: EventDelivery, values: Values) -> str:
        retry_dead([row.pk])
        return "The delivery will be retried."

    @row_action(
        "Discard",
        explanation="The consumer will never get the event. Deliveries that waited behind it continue.",
        permission="platform",
        when=_is_dead,
        icon="delete_forever",
        danger=True,
    )
    def discard(self, request: HttpRequest, row: EventDelivery, values: Values) -> str:
        discard_dead([row.pk])
        return "The delivery was discarded."

    @any_number
    @admin.action(description="Retry dead letters", permissions=["platform"])
    def retry_all(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> None:
        count = retry_dead(queryset.values_list("pk", flat=True))
        messages.success(request, f"{count} dead letters will be retried.")

    @any_number
    @asks_first("Discard dead letters", permission="platform", note="Their consumers will never get these events.")
    def discard_all(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> None:
        count = discard_dead(queryset.values_list("pk", flat=True))
        messages.success(request, f"{count} dead letters were discarded.")


@register(EventBatch)
class EventBatchAdmin(ReadOnlyAdmin):
    platform_only = True
    section, icon, rank = "Events", "dynamic_feed", 40
    list_display = ["consumer", "size", "created_at"]

    @display(description="Deliveries")
    def size(self, obj: EventBatch) -> int:
        return len(obj.delivery_ids)


def _table(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = format_html_join("", '<tr><td>{}</td><td class="lad-strong">{}</td><td>{}</td></tr>', rows)
    return format_html('<div class="lad-table-wrap"><table class="lad-table">{}</table></div>', lines)
