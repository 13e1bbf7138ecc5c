"""The demo's three tenants with members, invitations and features."""
