"""Suppressions, consent, contact policies, holidays and past touches in the API."""

from lad.api import router
from leads.contactability.models import ConsentRecord, ContactPolicy, Holiday, LeadTouch, Suppression

FEATURE = "deals-pipeline"

router.register(
    Suppression,
    area="contactability",
    feature=FEATURE,
    filters=["channel", "scope", "reason", "lead", "expires_at", "created_at"],
    order=["-created_at"],
    read_only=["reason", "evidence"],
)
router.register(
    ConsentRecord,
    area="contactability",
    feature=FEATURE,
    methods=["list", "retrieve", "create"],
    filters=["lead", "channel", "purpose", "status", "created_at"],
)
router.register(ContactPolicy, area="contact-policy", feature=FEATURE, filters=["created_at"])
router.register(Holiday, area="contact-policy", feature=FEATURE, filters=["day", "country"], order=["-created_at"])
router.register(
    LeadTouch,
    area="contactability",
    feature=FEATURE,
    methods=router.READ,
    filters=["lead", "channel", "direction", "created_at"],
)
