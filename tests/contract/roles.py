"""Who may do what, written down a second time so that a change of rights shows.

Resource → role → methods: C create, R list and retrieve, U update, D delete and restore.
A method that a resource does not offer stands in no row.
"""

Table = dict[str, dict[str, str]]

READ_BY_ALL = {"owner": "R", "admin": "R", "member": "R", "viewer": "R"}
READ_BY_ADMINS = {"owner": "R", "admin": "R", "member": "", "viewer": ""}
EDITED_BY_ADMINS = {"owner": "CRUD", "admin": "CRUD", "member": "R", "viewer": "R"}

ALLOWED: Table = {
    "activity": READ_BY_ALL,
    "audit-entries": READ_BY_ADMINS,
    "domain-events": READ_BY_ADMINS,
    "feature-flags": EDITED_BY_ADMINS,
    "memberships": EDITED_BY_ADMINS,
    "tenant-features": EDITED_BY_ADMINS,
    "tenant-invitations": EDITED_BY_ADMINS,
    "tenants": {"owner": "RU", "admin": "RU", "member": "R", "viewer": "R"},
    "user-capabilities": EDITED_BY_ADMINS,
    "user-identities": {"owner": "RD", "admin": "RD", "member": "RD", "viewer": "RD"},
    "users": READ_BY_ALL,
}

# The same for the pages of the admin: table → who → pages. ``root`` runs the platform, ``owner`` is a tenant's
# owner who is staff, ``viewer`` a tenant's viewer who is staff.
EDITED_BY_ROOT_AND_OWNER = {"root": "CRUD", "owner": "CRUD", "viewer": "R"}
READ_BY_ROOT = {"root": "R", "owner": "", "viewer": ""}
READ_BY_ROOT_AND_OWNER = {"root": "R", "owner": "R", "viewer": ""}

ADMIN: Table = {
    "activity-entries": {"root": "R", "owner": "R", "viewer": "R"},
    "audit-entries": READ_BY_ROOT_AND_OWNER,
    "domain-events": READ_BY_ROOT_AND_OWNER,
    "event-batches": READ_BY_ROOT,
    "event-deliveries": READ_BY_ROOT_AND_OWNER,
    "feature-flags": EDITED_BY_ROOT_AND_OWNER,
    "feature-kill-switches": {"root": "CRUD", "owner": "R", "viewer": "R"},
    "idempotency-keys": READ_BY_ROOT,
    "mail-deliveries": READ_BY_ROOT,
    "memberships": EDITED_BY_ROOT_AND_OWNER,
    "refresh-tokens": READ_BY_ROOT,
    "sign-in-failures": READ_BY_ROOT,
    "tenant-features": EDITED_BY_ROOT_AND_OWNER,
    "tenant-invitations": EDITED_BY_ROOT_AND_OWNER,
    "tenants": {"root": "CRUD", "owner": "RUD", "viewer": "R"},
    "user-capabilities": EDITED_BY_ROOT_AND_OWNER,
    "user-identities": READ_BY_ROOT,
    "users": {"root": "CRUD", "owner": "R", "viewer": "R"},
}
