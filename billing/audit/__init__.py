"""The audit: proves from its rows that the ledger keeps its promises, or names the rows that break one.

``proof.prove`` audits the whole database in one snapshot and keeps the result; ``find`` looks at what a
cursor's transaction sees.
"""

from billing.audit.proof import Proof, prove
from billing.audit.search import Finding, Search, find

__all__ = ["Finding", "Proof", "Search", "find", "prove"]
