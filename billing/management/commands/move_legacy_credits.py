"""``manage.py move_legacy_credits``: move legacy credits into wallets."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.legacy.services import (
    ReconciliationLine,
    freeze_credits,
    move_credits,
    tenants_with_credits,
    unfreeze_credits,
)
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant

HEADINGS: Final = ("user", "credits", "value", "moved", "difference", "transactions", "opening", "closing")


class Command(BaseCommand):
    help = (
        "Move legacy credits into wallets and print each user's credits, their value and the amount moved. "
        "Fails if a difference is left. Can be repeated; use --freeze for the last run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="the slug of one tenant (default: all tenants)")
        parser.add_argument("--dry-run", action="store_true", help="print the result and change nothing")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--freeze", action="store_true", help="make the legacy tables read-only first")
        switch.add_argument("--unfreeze", action="store_true", help="only make the legacy tables writable again")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and (options["freeze"] or options["unfreeze"]):
            raise CommandError("--dry-run cannot be combined with --freeze or --unfreeze.")
        unsettled = 0
        for tenant in self._tenants(options["tenant"]):
            self.stdout.write(f"\n{tenant.name} ({tenant.slug})")
            if options["unfreeze"]:
                unfreeze_credits(tenant_id=tenant.pk)
                self.stdout.write("The legacy tables are writable again.")
                continue
            if options["freeze"]:
                freeze_credits(tenant_id=tenant.pk, now=timezone.now())
                self.stdout.write("The legacy tables are read-only.")
            lines = move_credits(tenant_id=tenant.pk, now=timezone.now(), dry_run=options["dry_run"])
            self._print(lines)
            unsettled += sum(line.difference != 0 for line in lines)
        if unsettled:
            raise CommandError(
                f"{unsettled} user(s) have a difference. Resolve the notes above and run the command again."
            )

    def _tenants(self, slug: str) -> list[Tenant]:
        with platform_context():
            if not slug:
                return list(Tenant.all_objects.filter(pk__in=tenants_with_credits()).order_by("slug"))
            found = list(Tenant.all_objects.filter(slug=slug))
        if not found:
            raise CommandError(f"There is no tenant with the slug {slug}.")
        return found

    def _print(self, lines: list[ReconciliationLine]) -> None:
        rows = [HEADINGS, *(_cells(line) for line in lines), _cells(_total(lines))]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        for row in rows:
            numbers = [text.rjust(width) for text, width in zip(row, widths, strict=True)][1:]
            self.stdout.write("  ".join([row[0].ljust(widths[0]), *numbers]).rstrip())
        for line in lines:
            if line.note:
                self.stdout.write(f"{line.user}: {line.note}")


def _cells(line: ReconciliationLine) -> tuple[str, ...]:
    amounts = (line.credits, line.worth, line.moved, line.difference)
    adjustments = (line.opening, line.closing)
    return (line.user, *map(_formatted, amounts), str(line.transactions), *map(_formatted, adjustments))


def _formatted(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():,f}"


def _total(lines: list[ReconciliationLine]) -> ReconciliationLine:
    def summed(name: str) -> Decimal:
        return sum((getattr(line, name) for line in lines), Decimal(0))

    return ReconciliationLine(
        user="Total",
        credits=summed("credits"),
        worth=summed("worth"),
        moved=summed("moved"),
        difference=summed("difference"),
        transactions=sum(line.transactions for line in lines),
        opening=summed("opening"),
        closing=summed("closing"),
    )
