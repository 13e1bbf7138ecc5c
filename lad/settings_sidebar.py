"""The entries of the admin's sidebar, for lad/settings.py. Everything else is behind "All tables"."""

# Pages as (group, name), the most important first. A person sees the first few that they may see. A name is that of
# the page's URL: of a list without "_changelist", of another page without "admin:".
ADMIN_SIDEBAR = [
    ("Leads", "leads_lead"),
    ("Leads", "pipeline"),
    ("Leads", "assistant_start"),
    ("Leads", "find_people"),
    ("Leads", "leads_leadbooking"),
    ("Outreach", "inbox"),
    ("Outreach", "campaigns_campaign"),
    ("Outreach", "my_tasks"),
    ("Outreach", "sending_accounts"),
    ("Outreach", "live_calls"),
    ("Outreach", "voice_calllog"),
    ("Billing", "billing_wallet"),
    ("Team", "tenants_membership"),
    ("Billing", "billing_invoice"),
    ("Billing", "usage_explorer"),
    ("Outreach", "campaign_analytics"),
    ("Outreach", "campaigns_communicationtemplate"),
    ("Outreach", "voice_voiceagent"),
    ("Leads", "leads_educationstudent"),
    ("Outreach", "aiicp_conversation"),
    # The rest is for people with few rights: of finance, for example, or counsellors.
    ("Leads", "leads_educationcounsellor"),
    ("Billing", "billing_payment"),
    ("Billing", "billing_ledgertransaction"),
    ("Billing", "billing_billingprofile"),
    ("Billing", "billing_autotopup"),
    ("Billing", "price_list"),
    ("Team", "tenants_activityentry"),
    ("Team", "jobs_job"),
    ("Outreach", "aiicp_icpprofile"),
    ("Leads", "leads_leadnote"),
    ("Leads", "leads_leadattachment"),
]
# For LAD's staff while they look at all tenants. The pages above follow these.
ADMIN_PLATFORM_SIDEBAR = [
    ("Platform", "tenants_tenant"),
    ("Platform", "tenants_user"),
    ("Platform", "outbox"),
    ("Platform", "mail_maildelivery"),
    ("Platform", "audit_auditentry"),
    ("Billing", "billing_invoice"),
    ("Billing", "billing_payment"),
    ("Billing", "billing_wallet"),
    ("Billing", "usage_explorer"),
    ("Billing", "price_list"),
]
ADMIN_SIDEBAR_GROUPS = ["Leads", "Outreach", "Billing", "Team", "Platform"]

# Sections of "All tables" in order. Other sections come after these.
ADMIN_SECTIONS = [
    "Leads",
    "Education",
    "Campaigns",
    "Voice",
    "Assistant",
    "Billing",
    "Tenancy",
    "People",
    "Features",
    "Events",
    "Operations",
]
