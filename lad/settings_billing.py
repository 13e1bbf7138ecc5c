"""The settings of billing: charging, invoices and card payments; lad/settings.py takes them over."""

from datetime import timedelta
from decimal import Decimal

import environ

env = environ.Env()

# Group commit collects simultaneous charges into one commit and answers 503 when its queue is full.
BILLING_GROUP_COMMIT_WAIT = timedelta(milliseconds=env.int("BILLING_LANE_WAIT_MS", default=5))
BILLING_GROUP_COMMIT_BATCH = env.int("BILLING_LANE_BATCH", default=500)
BILLING_GROUP_COMMIT_QUEUE = env.int("BILLING_LANE_QUEUE", default=10_000)
# How late usage may be recorded, and after how long pending usage is charged automatically.
BILLING_LATE_USAGE = timedelta(days=env.int("BILLING_LATE_USAGE_DAYS", default=40))
BILLING_CHARGE_PENDING_AFTER = timedelta(minutes=env.int("BILLING_CHARGE_PENDING_AFTER_MINUTES", default=15))
# The issuer on invoices. \n in a value starts a new line.
BILLING_ISSUER_NAME = env.str("BILLING_ISSUER_NAME", default="LAD")
BILLING_ISSUER_ADDRESS = env.str("BILLING_ISSUER_ADDRESS", default="", multiline=True)
BILLING_ISSUER_TAX_ID = env.str("BILLING_ISSUER_TAX_ID", default="")
BILLING_ISSUER_EMAIL = env.str("BILLING_ISSUER_EMAIL", default="")
BILLING_ISSUER_BANK = env.str("BILLING_ISSUER_BANK", default="", multiline=True)
# Additional processes that read in parallel during a ledger audit.
BILLING_AUDIT_WORKERS = env.int("BILLING_AUDIT_WORKERS", default=2)
# The value of one credit in a wallet's currency.
BILLING_CREDIT_VALUE = Decimal(env.str("BILLING_CREDIT_VALUE", default="0.10"))
# Card payments. Without these keys a checkout answers 501.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default="")
STRIPE_API_URL = env.str("STRIPE_API_URL", default="https://api.stripe.com")
# The provider's fee, added to a card payment: a share of the total and a fixed amount.
BILLING_CARD_FEE_RATE = Decimal(env.str("BILLING_CARD_FEE_RATE", default="0.029"))
BILLING_CARD_FEE_FIXED = Decimal(env.str("BILLING_CARD_FEE_FIXED", default="1.00"))
