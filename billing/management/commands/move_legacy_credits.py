"""``manage.py move_legacy_credits``: legacy credits into wallets, as often as it takes."""

from argparse import ArgumentParser
from decimal import Decimal
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.legacy import services as legacy
from billing.legacy.services import Line
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant

HEAD: Final = ("user", "credits", "worth", "in the wallet", "difference", "rows", "opening", "closing")


class Command(BaseCommand):
    help = (
        "Move legacy credits into wallets and print for each user what they had, what it is worth and what their "
        "wallet got. Fails when a difference is left. Run it again at any time, the last time with --freeze."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", help="the slug of one tenant; without it all of them")
        parser.add_argument("--dry-run", action="store_true", help="print what would come out and change nothing")
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--freeze", action="store_true", help="first have the old tables refuse every write")
        switch.add_argument("--unfreeze", action="store_true", help="only have the old tables take writes again")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"] and (options["freeze"] or options["unfreeze"]):
            raise CommandError("A dry run changes nothing: leave out --freeze and --unfreeze.")
        wrong = 0
        for tenant in self._tenants(options["tenant"]):
            self.stdout.write(f"\n{tenant.name} ({tenant.slug})")
            if options["unfreeze"]:
                legacy.unfreeze(tenant_id=tenant.pk)
                self.stdout.write("The old tables take writes again.")
                continue
            if options["freeze"]:
                legacy.freeze(tenant_id=tenant.pk, now=timezone.now())
                self.stdout.write("The old tables are read-only.")
            lines = legacy.move(tenant_id=tenant.pk, now=timezone.now(), dry_run=options["dry_run"])
            self._print(lines)
            wrong += sum(line.difference != 0 for line in lines)
        if wrong:
            raise CommandError(
                f"{wrong} user(s) have a difference; the notes say why. Run it again when that is settled."
            )

    def _tenants(self, slug: str) -> list[Tenant]:
        with platform_context():
            if not slug:
                return list(Tenant.all_objects.filter(pk__in=legacy.tenants_with_credits()).order_by("slug"))
            found = list(Tenant.all_objects.filter(slug=slug))
        if not found:
            raise CommandError(f"There is no tenant {slug}.")
        return found

    def _print(self, lines: list[Line]) -> None:
        rows = [HEAD, *(_cells(line) for line in lines), _cells(_total(lines))]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        for row in rows:
            numbers = [text.rjust(width) for text, width in zip(row, widths, strict=True)][1:]
            self.stdout.write("  ".join([row[0].ljust(widths[0]), *numbers]).rstrip())
        for line in lines:
            if line.note:
                self.stdout.write(f"{line.user}: {line.note}")


def _cells(line: Line) -> tuple[str, ...]:
    amounts = (line.credits, line.worth, line.moved, line.difference)
    adjustments = (line.opening, line.closing)
    return (line.user, *map(_shown, amounts), str(line.transactions), *map(_shown, adjustments))


def _shown(amount: Decimal) -> str:
    return f"{amount:,.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():,f}"


def _total(lines: list[Line]) -> Line:
    def summed(name: str) -> Decimal:
        return sum((getattr(line, name) for line in lines), Decimal(0))

    return Line(
        user="Total",
        credits=summed("credits"),
        worth=summed("worth"),
        moved=summed("moved"),
        difference=summed("difference"),
        transactions=sum(line.transactions for line in lines),
        opening=summed("opening"),
        closing=summed("closing"),
    )
