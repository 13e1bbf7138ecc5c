"""Run django-hordak for benchmarks/ledger.py, in its own virtual environment.

``python ledger_hordak.py DATABASE HOST USER ACCOUNTS`` migrates the database, opens accounts and then works
like ledger_contestants.py. ``transfer_to`` writes three rows for a transfer between two accounts. It checks
neither keys nor balances and takes no locks, which makes it faster.
"""

import random
import sys
from typing import Any

from ledger_contestants import serve

AMOUNT = "0.01"


def main(database: str, host: str, user: str, accounts: int) -> None:
    import django
    from django.conf import settings

    settings.configure(
        DEBUG=False,
        SECRET_KEY="only-for-this-benchmark",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": database, "HOST": host, "USER": user}
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext
    from hordak.models import Account, AccountType
    from moneyed import Money

    call_command("migrate", verbosity=0)
    income = Account.objects.create(name="Income", type=AccountType.income, code="0", currencies=["EUR"])
    with transaction.atomic():
        wallets: list[Any] = [
            Account.objects.create(name=f"Wallet {n}", type=AccountType.liability, code=str(n), currencies=["EUR"])
            for n in range(1, accounts + 1)
        ]
    amount, chance = Money(AMOUNT, "EUR"), random.Random(1)

    def post(workload: str, number: int) -> None:
        wallet = wallets[0] if workload == "hot" else chance.choice(wallets)
        with transaction.atomic():
            wallet.transfer_to(income, amount, description=f"charge-{number}")

    with CaptureQueriesContext(connection) as captured:
        post("many", 0)
    serve(post, [query["sql"] for query in captured])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
