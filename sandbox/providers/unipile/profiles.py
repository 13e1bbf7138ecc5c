"""Profiles, posts, reactions, comments, and following."""

from typing import Any, Final

from sandbox.core import Core
from sandbox.networks.ledger import Deed, Ledger
from sandbox.networks.limits import Limits
from sandbox.networks.people import People, Person
from sandbox.providers.unipile.accounts import Account, Accounts
from sandbox.providers.unipile.errors import refused
from sandbox.providers.unipile.identities import profile_url, provider_id
from sandbox.providers.unipile.moments import iso
from sandbox.providers.unipile.relations import Relations
from sandbox.providers.unipile.webhooks import PROTOCOL

LIMITS: Final = {
    "visit": {"day": 150},
    "message": {"day": 150},
    "follow": {"day": 150},
    "like": {"day": 150},
    "comment": {"day": 100},
    "post": {"day": 25},
}
# Looking somebody up counts as a visit does, though nobody learns of it.
COUNTED: Final = {"visit": ("visit", "profile"), "profile": ("visit", "profile")}
REACTIONS: Final = {"like", "celebrate", "support", "love", "insightful", "funny"}
POSTS: Final = ("We are hiring.", "What we learned at the fair.", "Three years of our product.")
DAY: Final = 86_400.0


class Profiles:
    """What is done with people but for invitations and messages."""

    def __init__(
        self, core: Core, people: People, ledger: Ledger, limits: Limits, *, accounts: Accounts, relations: Relations
    ) -> None:
        self._core, self._people, self._ledger = core, people, ledger
        self._limits, self._accounts, self._relations = limits, accounts, relations
        core.storage.create("unipile_posts", "id TEXT PRIMARY KEY, type TEXT, person TEXT, text TEXT, at REAL")

    def act(self, account: Account, action: str, person: str, text: str = "", *, reference: str = "") -> str:
        """Do something that reaches somebody and return its id. Raises Refused."""
        id = self._ledger.next_id(action, account.id, person)[:22]
        deed = Deed(
            *(id, PROTOCOL, account.channel, account.id, action, person, text, reference), self._core.clock.now()
        )
        limited = "visit" if action == "profile" else action
        actions = COUNTED.get(action, (action,))
        problem = ""
        if self._ledger.closed(account.channel, account.id, person):
            problem = "recipient_cannot_be_reached"
        elif self._limits.exceeded(account.id, limited, actions, LIMITS.get(limited, {})):
            problem = "too_many_requests"
        if problem:
            self._ledger.refuse(deed, problem)
            raise refused(problem, "The provider does not allow this now.")
        self._ledger.record(deed)
        return id

    def show(self, account: Account, person: Person, *, visits: bool) -> dict[str, Any]:
        """Return a profile, looked at so that the person learns of it or not. Raises Refused."""
        if person.behaviour == "wrong_number":
            raise refused("resource_not_found", "This user does not exist.", status=404)
        self.act(account, "visit" if visits else "profile", person.identifier)
        state = self._relations.state_of(account, person.identifier)
        known: dict[str, Any] = {
            "object": "UserProfile",
            "provider": account.type,
            "provider_id": provider_id(account.type, person.identifier),
            "public_identifier": person.identifier,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "profile_picture_url": None,
        }
        if account.type == "LINKEDIN":
            known |= {
                "headline": "",
                "public_profile_url": profile_url(account.type, person.identifier),
                "is_relationship": state == "connected",
                "network_distance": "FIRST_DEGREE" if state == "connected" else "THIRD_DEGREE",
                "is_self": person.identifier == account.identifier,
            }
            if state == "pending":
                known["invitation"] = {"type": "SENT", "status": "PENDING"}
        if account.type == "INSTAGRAM":
            follows = self._ledger.count(account.id, ("follow",), recipient=person.identifier) > 0
            known |= {"full_name": person.name, "relationship_status": {"following": follows}}
        return known

    def posts(self, account: Account, person: Person) -> list[dict[str, Any]]:
        """Return what somebody posted, newest first; and what the owner did through LAD."""
        if person.identifier == account.identifier:
            own = self._ledger.search(account=account.id, action="post")
            return [_post_json(account, person, each["id"], each["text"], each["at"]) for each in reversed(own)]
        chance = self._core.chance("posts", account.type, person.identifier)
        for number in range(0 if person.behaviour == "never_reads" else chance.randint(1, len(POSTS))):
            id = 7_000_000_000_000_000_000 + chance.randrange(10**17)
            at = self._core.clock.now() - (number + 1) * chance.uniform(2, 20) * DAY
            self._keep(str(id), account.type, person, POSTS[number], at)
        rows = self._core.storage.rows(
            "SELECT id, text, at FROM unipile_posts WHERE type = ? AND person = ? ORDER BY at DESC",
            *(account.type, person.identifier),
        )
        return [_post_json(account, person, id, text, at) for id, text, at in rows]

    def publish(self, type: str, person: Person, text: str) -> str:
        """Let somebody publish a post, and return its id."""
        at = self._core.clock.now()
        chance = self._core.chance("published", type, person.identifier, text, str(at))
        id = str(7_000_000_000_000_000_000 + chance.randrange(10**17))
        self._keep(id, type, person, text, at)
        return id

    def _keep(self, id: str, type: str, person: Person, text: str, at: float) -> None:
        self._core.storage.execute(
            "INSERT OR IGNORE INTO unipile_posts VALUES (?, ?, ?, ?, ?)", *(id, type, person.identifier, text, at)
        )

    def post(self, account: Account, id: str) -> dict[str, Any]:
        """Raises Refused."""
        row = self._core.storage.row("SELECT person, text, at FROM unipile_posts WHERE id = ?", _bare(id))
        if row is None:
            raise refused("resource_not_found", "Post not found.")
        return _post_json(account, self._people.person(row[0]), _bare(id), row[1], row[2])

    def react(self, account: Account, id: str, kind: str) -> None:
        """Raises Refused."""
        if kind not in REACTIONS:
            raise refused("invalid_parameters", f"reaction_type must be one of {', '.join(sorted(REACTIONS))}.")
        self.act(account, "like", self._author(id), reference=_bare(id))

    def comment(self, account: Account, id: str, text: str) -> str:
        """Return the comment's id. Raises Refused."""
        if not text or len(text) > 1250:
            raise refused("too_many_characters" if text else "invalid_parameters", "A comment has 1 to 1,250 letters.")
        return self.act(account, "comment", self._author(id), text, reference=_bare(id))

    def comments(self, id: str, action: str) -> list[dict[str, Any]]:
        """Return the comments (``comment``) or reactions (``like``) of a post that came through the gateway."""
        authors = {each.id: each for each in self._accounts.all()}
        found = self._ledger.search(reference=_bare(id), action=action)
        return [
            {
                "object": "Comment" if action == "comment" else "PostReaction",
                "id": each["id"],
                "post_id": _bare(id),
                "text": each["text"],
                "value": "LIKE",
                "date": iso(each["at"]),
                "author": authors[each["account"]].name,
                "author_details": {"id": authors[each["account"]].provider_id, "is_company": False},
            }
            for each in reversed(found)
            if each["account"] in authors
        ]

    def following(self, account: Account) -> list[dict[str, Any]]:
        """Return whom an account follows."""
        found = {each["recipient"] for each in self._ledger.search(account=account.id, action="follow")}
        people = [self._people.person(each) for each in sorted(found)]
        return [
            {
                "object": "UserFollowing",
                "id": provider_id(account.type, person.identifier),
                "public_identifier": person.identifier,
                "name": person.name,
                "profile_url": profile_url(account.type, person.identifier),
            }
            for person in people
        ]

    def _author(self, id: str) -> str:
        row = self._core.storage.row("SELECT person FROM unipile_posts WHERE id = ?", _bare(id))
        if row is None:
            raise refused("resource_not_found", "Post not found.")
        return str(row[0])


def _bare(id: str) -> str:
    return id.rpartition(":")[2]


def _post_json(account: Account, author: Person, id: str, text: str, at: float) -> dict[str, Any]:
    return {
        "object": "Post",
        "id": id,
        "provider": account.type,
        "social_id": f"urn:li:activity:{id}" if account.type == "LINKEDIN" else id,
        "share_url": f"https://www.linkedin.com/feed/update/urn:li:activity:{id}",
        "text": text,
        "date": iso(at),
        "parsed_datetime": iso(at),
        "author": {
            "public_identifier": author.identifier,
            "id": provider_id(account.type, author.identifier),
            "name": author.name,
            "is_company": False,
        },
        "comment_counter": 0,
        "reaction_counter": 0,
        "permissions": {"can_react": True, "can_share": True, "can_post_comments": True},
    }
