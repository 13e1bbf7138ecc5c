"""What the demo's leads are called, want and were told."""

from typing import Final

SCHOOL_STAGES: Final = (
    ("inquiry", "Inquiry", "#3B82F6"),
    ("profile_review", "Profile review", "#6366F1"),
    ("university_shortlist", "University shortlist", "#8B5CF6"),
    ("document_prep", "Documents", "#A855F7"),
    ("application_submitted", "Application submitted", "#F59E0B"),
    ("awaiting_decision", "Awaiting decision", "#F97316"),
    ("offer_received", "Offer received", "#10B981"),
    ("visa_process", "Visa", "#14B8A6"),
    ("enrolled", "Enrolled", "#059669"),
    ("rejected", "Rejected", "#EF4444"),
    ("withdrawn", "Withdrawn", "#6B7280"),
)

# How many of a hundred leads stand where.
SALES_SPREAD: Final = {
    "new": 30,
    "contacted": 24,
    "qualified": 16,
    "proposal": 9,
    "negotiation": 6,
    "won": 8,
    "lost": 7,
}
SCHOOL_SPREAD: Final = {
    "inquiry": 26,
    "profile_review": 15,
    "university_shortlist": 12,
    "document_prep": 10,
    "application_submitted": 9,
    "awaiting_decision": 8,
    "offer_received": 6,
    "visa_process": 4,
    "enrolled": 5,
    "rejected": 2,
    "withdrawn": 3,
}
WON: Final = ("won", "enrolled")
LOST: Final = ("lost", "rejected", "withdrawn")

SALES_NOTES: Final = (
    "Asked for a price list in {currency}; sent the standard one and promised a call this week.",
    "Spoke with {first}: they compare us with one other vendor and decide before the end of the quarter.",
    "{first} forwarded us to the finance team. They need the security questionnaire first.",
    "Left a voicemail. Mornings are better, after nine.",
    "Demo went well. Open question: single sign-on with their own directory.",
    "Budget is approved for next year, not for this one. Keep in touch.",
    "Met at the trade fair in {city}; wants a short deck for the board.",
    "Contract draft is with their legal department.",
    "Not the right person: {first} gave us the name of the head of operations.",
    "They run a pilot with twelve seats and report back in two weeks.",
    "Wants references from a company of the same size.",
    "Went with a competitor because of the earlier start date.",
)
SCHOOL_NOTES: Final = (
    "{first} wants to start in autumn; parents join the next call.",
    "IELTS is booked for next month, target 7.0.",
    "Sent the shortlist: two in Manchester, one in Leeds, one in Dublin.",
    "Missing: transcript of the last year and the second reference.",
    "Personal statement reviewed, second draft is much better.",
    "Asked about scholarships; explained the deadlines.",
    "Conditional offer arrived. {first} is over the moon.",
    "Visa appointment is confirmed, documents are complete.",
    "Parents are worried about housing; sent the guide.",
    "Prefers calls after four in the afternoon, {city} time.",
    "Decided to take a gap year and come back to us next spring.",
)
PROPERTY_NOTES: Final = (
    "Looks for two bedrooms near the water, from next month on.",
    "Viewing on Saturday; {first} brings a partner.",
    "Has a dog: only the ground-floor flats come into question.",
    "Bank has confirmed the loan in principle.",
    "Found the price too high; would offer five per cent less.",
    "Rented elsewhere, but a colleague of theirs is looking too.",
)

SOURCES: Final = {
    "apollo_io": 8,
    "website": 5,
    "linkedin_search": 4,
    "inbound_csv": 3,
    "referral": 2,
    "voice_agent": 2,
    "manual": 2,
    "event": 1,
    "cold_call": 1,
    "email": 1,
}
TAGS: Final = ("Hot Lead", "Warm Lead", "Cold Lead")
CANCELLED_BECAUSE: Final = (
    "The lead asked for another week.",
    "Travelling; they write when they are back.",
    "Double booked on their side.",
)
CALL_ERRORS: Final = (
    "The line was busy three times.",
    "The agent had no number to call from.",
    "Timed out after 30 s.",
)
