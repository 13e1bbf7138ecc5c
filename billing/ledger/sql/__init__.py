"""The ledger's engine in the database: what one posting does, in one statement.

Every posting takes the wallet's row lock, decides, and writes ledger, lots, holds and balances
together. ``billing.ledger.services.ledger`` is its only caller; docs/decisions/0014-the-ledger.md says why.
"""

from typing import Final

from billing.ledger.sql import append, chain, post, settle

INSTALL: Final = chain.INSTALL + append.INSTALL + post.INSTALL + settle.INSTALL
REMOVE: Final = settle.REMOVE + post.REMOVE + append.REMOVE + chain.REMOVE
