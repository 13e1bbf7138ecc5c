"""``manage.py ledger_audit``: prove the ledger."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.audit.services import Proof, prove
from lad.tenancy.context import platform_context
from tenants.teams.models import Tenant


class Command(BaseCommand):
    help = "Hold every promise of the ledger against all its rows, in one snapshot, and print each row that breaks one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", default="", metavar="SLUG", help="only what belongs to this tenant")
        parser.add_argument("--without-hashes", action="store_true", help="leave the hash of each row alone: faster")
        parser.add_argument(
            "--since-anchor",
            action="store_true",
            help="take movements up to each wallet's last anchor as proved; the use of lots is then left out",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = _tenant(options["tenant"]) if options["tenant"] else None
        proof = prove(tenant=tenant, with_hashes=not options["without_hashes"], since_anchor=options["since_anchor"])
        for finding in proof.search.findings:
            row = json.dumps(finding.row, ensure_ascii=False)
            self.stdout.write(f"{finding.rule} {finding.title}: {finding.table} {row}")
        self.stdout.write(_summary(proof))
        if proof.search.violations:
            raise CommandError("The ledger does not keep its promises.", returncode=1)


def _tenant(slug: str) -> Tenant:
    with platform_context():
        try:
            found: Tenant = Tenant.all_objects.get(slug=slug)
        except Tenant.DoesNotExist as error:
            raise CommandError(f"There is no tenant {slug}.") from error
    return found


def _summary(proof: Proof) -> str:
    audit = proof.audit
    return (
        f"{audit.ledger_rows:,} movements of {audit.wallets:,} wallets"
        f"{'' if audit.with_hashes else ' without their hashes'}{' since their anchors' if audit.since_anchor else ''}"
        f" in {proof.seconds:.1f} s, {proof.rows_per_second:,} a second: {audit.violations:,} violations"
    )
