"""Instagram, and WhatsApp through the gateway."""

from campaigns.accounts.models import ChannelAccount
from campaigns.channels.protocol import ChannelNotConnected, Fate, Found, driver_of
from campaigns.messages.models import Action
from leads.channels import Channel
from leads.contacts.models import Lead
from tests.support.gateway import Gateway

NUMBER = "+442079460500"


def on_instagram(gateway: Gateway) -> tuple[ChannelAccount, Lead]:
    return gateway.channel(Channel.WEB, "insta"), gateway.lead()


def test_instagram_follows_likes_comments_and_writes(gateway: Gateway) -> None:
    account, lead = on_instagram(gateway)
    to = {"to_address": "@ignores.1"}
    for action, words in ((Action.FOLLOW, ""), (Action.LIKE, ""), (Action.COMMENT, "Lovely."), (Action.MESSAGE, "Hi")):
        assert gateway.do(account, lead, action, words, **to).fate == Fate.SENT
    done = gateway.done(account="insta")
    assert [each["action"] for each in done] == ["profile", "follow", "like", "comment", "message"]
    assert {each["recipient"] for each in done} == {"ignores.1"}


def test_instagram_says_what_it_cannot_do(gateway: Gateway) -> None:
    account, lead = on_instagram(gateway)
    answers = {
        action: gateway.do(account, lead, action, "Words", to_address="ignores.1")
        for action in (Action.STORY_VIEW, Action.POST, Action.INVITATION)
    }
    assert {result.fate for result in answers.values()} == {Fate.REFUSED}
    assert "stories" in answers[Action.STORY_VIEW].error
    assert "picture" in answers[Action.POST].error
    assert gateway.done() == []


def test_a_lost_follow_on_instagram_is_looked_for(gateway: Gateway) -> None:
    account, lead = on_instagram(gateway)
    for accepted, found in ((False, Found.NOT_SENT), (True, Found.SENT)):
        message = gateway.message(account, lead, Action.FOLLOW, to_address="ignores.1")
        gateway.sandbox.fault("drop", protocol="unipile", stage="INVITE", accepted=accepted)
        assert gateway.send(account, message).fate == Fate.UNKNOWN
        assert gateway.find(account, message) == found


def test_whatsapp_writes_to_a_number_without_looking_anybody_up(gateway: Gateway) -> None:
    account, lead = gateway.channel(Channel.WHATSAPP, "phone"), gateway.lead(phone=NUMBER)
    first = gateway.do(account, lead, Action.MESSAGE, "Hello")
    second = gateway.do(account, lead, Action.MESSAGE, "One more thing")
    assert first.facts["chat_id"] == second.facts["chat_id"]
    assert [each["action"] for each in gateway.done(account="phone")] == ["message", "message"]


def test_a_lead_with_a_new_number_is_written_to_there(gateway: Gateway) -> None:
    account, lead = gateway.channel(Channel.WHATSAPP, "phone"), gateway.lead(phone=NUMBER)
    gateway.do(account, lead, Action.MESSAGE, "Hello")
    gateway.do(account, lead, Action.MESSAGE, "Hello", to_address="+442079460501")
    gateway.do(account, lead, Action.MESSAGE, "Again", to_address="+442079460501")
    reached = [each["recipient"] for each in gateway.done(account="phone")]
    assert reached == [NUMBER, "+442079460501", "+442079460501"]


def test_a_lost_message_on_whatsapp_is_found(gateway: Gateway) -> None:
    account, lead = gateway.channel(Channel.WHATSAPP, "phone"), gateway.lead(phone=NUMBER)
    message = gateway.message(account, lead, Action.MESSAGE, "Hello")
    gateway.sandbox.fault("drop", protocol="unipile", stage="SEND", accepted=True)
    assert gateway.send(account, message).fate == Fate.UNKNOWN
    assert gateway.find(account, message) == Found.SENT


def test_each_channel_and_provider_has_its_driver() -> None:
    assert driver_of(Channel.LINKEDIN) is driver_of(Channel.LINKEDIN, "unipile")
    assert driver_of(Channel.WHATSAPP, "unipile").channel == Channel.WHATSAPP
    assert driver_of(Channel.EMAIL) is driver_of(Channel.EMAIL, "anything")
    try:
        driver_of(Channel.VOICE)
    except ChannelNotConnected as error:
        assert "Voice" in error.detail
    else:
        raise AssertionError("Nobody sends on the channel voice.")
