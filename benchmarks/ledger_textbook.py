"""A ledger as tutorials write it: two plain tables with LAD's columns, checks and unique keys.

What it lacks makes it faster, not slower: no row-level security, no hash, no version, no credit lots, no
holds, no triggers, and no comparison of a repeated key with what it named first.
"""

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from billing import money as amounts
from lad.db.identifiers import uuid7


class TextbookWallet(models.Model):
    """A balance."""

    objects: ClassVar[Any] = models.Manager()

    id = models.UUIDField(primary_key=True, default=uuid7)
    tenant_id = models.UUIDField()
    current_balance = amounts.money(default=0)
    reserved_balance = amounts.money(default=0)
    currency = models.CharField(max_length=3, default="USD")
    status = models.CharField(max_length=20, default="active")
    low_balance_threshold = amounts.money(null=True)
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "billing"
        managed = False
        db_table = "textbook_wallets"


class TextbookTransaction(models.Model):
    """A movement of a balance."""

    objects: ClassVar[Any] = models.Manager()

    id = models.UUIDField(primary_key=True, default=uuid7)
    tenant_id = models.UUIDField()
    wallet: Any = models.ForeignKey(TextbookWallet, on_delete=models.PROTECT, related_name="+", db_index=False)
    transaction_type = models.CharField(max_length=20)
    amount = amounts.money()
    balance_before = amounts.money()
    balance_after = amounts.money()
    reference_type = models.CharField(max_length=50, default="")
    reference_id = models.UUIDField(null=True)
    idempotency_key = models.CharField(max_length=255)
    created_by = models.UUIDField(null=True)
    description = models.TextField(default="")
    metadata = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        app_label = "billing"
        managed = False
        db_table = "textbook_transactions"


# LAD's wallets and rows, the checks, and the three indexes without which neither keys nor timelines would be found.
CREATE = """
DROP TABLE IF EXISTS textbook_transactions, textbook_wallets;
CREATE TABLE textbook_wallets (
    id uuid PRIMARY KEY, tenant_id uuid NOT NULL, current_balance numeric(18,6) NOT NULL,
    reserved_balance numeric(18,6) NOT NULL, currency varchar(3) NOT NULL, status varchar(20) NOT NULL,
    low_balance_threshold numeric(18,6), metadata jsonb NOT NULL, created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (reserved_balance >= 0 AND current_balance >= reserved_balance)
) WITH (fillfactor = 50);
CREATE TABLE textbook_transactions (
    id uuid PRIMARY KEY, tenant_id uuid NOT NULL, wallet_id uuid NOT NULL REFERENCES textbook_wallets,
    transaction_type varchar(20) NOT NULL, amount numeric(18,6) NOT NULL, balance_before numeric(18,6) NOT NULL,
    balance_after numeric(18,6) NOT NULL, reference_type varchar(50) NOT NULL, reference_id uuid,
    idempotency_key varchar(255) NOT NULL, created_by uuid, description text NOT NULL, metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK (balance_after = balance_before + amount), CHECK (balance_before >= 0 AND balance_after >= 0),
    CHECK (idempotency_key <> '')
);
INSERT INTO textbook_wallets
SELECT id, tenant_id, 1000000000, 0, currency, 'active', NULL, '{}', created_at, created_at FROM billing_wallets;
INSERT INTO textbook_transactions
SELECT id, tenant_id, wallet_id, transaction_type, amount, balance_before, balance_after, reference_type,
       reference_id, idempotency_key, created_by, description, metadata, created_at
FROM billing_ledger_transactions;
CREATE UNIQUE INDEX ON textbook_transactions (tenant_id, idempotency_key);
CREATE INDEX ON textbook_transactions (tenant_id, created_at DESC);
CREATE INDEX ON textbook_transactions (tenant_id, wallet_id, created_at DESC);
GRANT SELECT, INSERT, UPDATE ON textbook_wallets, textbook_transactions TO lad_web;
"""
