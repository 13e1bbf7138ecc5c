"""Keywords of the demo and what means much the same."""

from typing import Final

# Keyword, context, what it means.
Expansion = tuple[str, str, tuple[str, ...]]

SHARED: Final[tuple[Expansion, ...]] = (
    ("fintech", "industry", ("financial technology", "payments", "neobank", "digital banking", "lending platform")),
    ("saas", "industry", ("software as a service", "cloud software", "subscription software", "b2b software")),
    ("logistics", "industry", ("freight forwarding", "third-party logistics", "warehousing", "supply chain")),
    ("healthcare", "industry", ("hospitals", "clinics", "medical devices", "digital health")),
    ("higher education", "industry", ("universities", "colleges", "business schools", "graduate schools")),
    ("real estate", "industry", ("property management", "estate agents", "lettings", "property developers")),
    ("manufacturing", "industry", ("industrial equipment", "machinery", "production", "factories")),
    ("retail", "industry", ("e-commerce", "consumer goods", "department stores", "direct to consumer")),
    ("cloud", "technology", ("aws", "azure", "google cloud", "infrastructure as a service")),
    ("data warehouse", "technology", ("snowflake", "bigquery", "redshift", "databricks")),
    ("crm", "technology", ("customer relationship management", "sales software", "pipeline management")),
    ("cloud", "general", ("hosted", "online", "remote servers")),
    ("head of sales", "general", ("sales director", "vp sales", "chief revenue officer", "commercial director")),
    ("marketing manager", "general", ("head of marketing", "growth manager", "demand generation manager")),
    ("founder", "general", ("co-founder", "owner", "managing director", "chief executive")),
)

OWN: Final[dict[str, tuple[Expansion, ...]]] = {
    "kestrel-analytics": (
        ("product analytics", "technology", ("event analytics", "behavioural analytics", "funnel analysis")),
        ("data team", "general", ("analytics engineers", "business intelligence", "data platform", "data science")),
        ("saas", "industry", ("vertical saas", "product-led software", "subscription software")),
    ),
    "brightpath-education": (
        ("study abroad", "general", ("overseas education", "international student", "foundation year")),
        ("sixth form", "industry", ("a-levels", "college students", "year 13", "school leavers")),
        ("ielts", "general", ("english test", "language certificate", "toefl")),
    ),
    "harbour-finch": (
        ("landlord", "general", ("property owner", "buy to let investor", "portfolio landlord")),
        ("block management", "industry", ("leasehold management", "residents' association", "freeholder")),
    ),
}
