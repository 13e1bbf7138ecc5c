"""Count the figures of campaigns anew, and say what was wrong."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from campaigns.design.models import Campaign
from campaigns.figures.recounting import recount
from lad.tenancy.context import platform_context


class Command(BaseCommand):
    """Corrects one campaign in each transaction, so that it can be interrupted and begun again."""

    help = "Count the figures of campaigns anew, correct them, and list what was wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", default=None, help="id of the tenant whose campaigns to count")
        parser.add_argument("--campaign", default=None, help="id of the only campaign to count")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {"tenant": options["tenant"], "pk": options["campaign"]}
        with platform_context():
            rows = Campaign.all_objects.filter(**{name: value for name, value in chosen.items() if value})
            campaigns = list(rows.order_by("pk").values_list("tenant", "pk", "name"))
        wrong = 0
        for tenant_id, campaign_id, name in campaigns:
            differences = recount(tenant_id, campaign_id)
            wrong += bool(differences)
            for each in differences:
                self.stdout.write(f"{name}: {each}")
        self.stdout.write(f"{len(campaigns)} campaigns were counted; the figures of {wrong} were corrected.")
