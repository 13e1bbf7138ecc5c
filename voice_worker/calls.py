"""Join the room of a call, talk, and tell LAD about it.

A call is ended by removing the telephone from the room, never the room itself: the room proves that the call was
placed, and LAD never dials into a room that exists.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import aiohttp
from livekit import api, rtc
from livekit.agents import AMD, AgentSession, JobContext

from voice_worker import briefs, models, settings
from voice_worker.briefs import Brief
from voice_worker.conversation import Conversation
from voice_worker.reports import NotTaken, Reporter

TIMEOUT_SECONDS: Final = 20
CALL_STATUS: Final = "sip.callStatus"
TELEPHONES: Final = [rtc.ParticipantKind.PARTICIPANT_KIND_SIP]

log = logging.getLogger("voice_worker")


async def send(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
    """Send a report to LAD."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(url, data=body, headers=dict(headers), allow_redirects=False) as answer,
        ):
            return answer.status, await answer.read()
    except aiohttp.ClientError as error:
        raise OSError(str(error)) from error


async def run(context: JobContext) -> None:
    """Talk on the call of the room that the job names."""
    await context.connect()
    try:
        brief = await _brief(context)
    except (briefs.BadBrief, NotTaken) as error:
        log.error("nobody can talk in %s: %s", context.room.name, error)
        return
    chosen = settings.read()
    reporter = Reporter(context.room.name, brief.report_url, chosen.key, chosen.secret, send)
    person = await context.wait_for_participant(identity=brief.person or None, kind=TELEPHONES)

    async def hang_up() -> None:
        await context.api.room.remove_participant(
            api.RoomParticipantIdentity(room=context.room.name, identity=person.identity)
        )

    async def transfer(number: str) -> None:
        await context.transfer_sip_participant(person, f"tel:{number}")

    conversation = Conversation(brief, reporter, hang_up=hang_up, transfer=transfer)
    session: AgentSession = AgentSession(
        stt=models.speech_to_text(brief, chosen),
        llm=models.language_model(chosen),
        tts=models.text_to_speech(brief, chosen),
    )
    conversation.listen(session)
    context.add_shutdown_callback(conversation.report)
    context.room.on("participant_attributes_changed", lambda changed, who: _begin(conversation, changed, who, person))
    context.room.on("participant_disconnected", lambda gone: _end(context, session, gone, person))
    await session.start(agent=conversation.agent(), room=context.room)
    if brief.inbound:
        conversation.begin()
        conversation.answered("human")
    else:
        await _classify(session, conversation, person)
    if conversation.is_voicemail:
        await hang_up()
        return
    await _open(session, brief)


async def _brief(context: JobContext) -> Brief:
    """Return what LAD says of the call: with the dispatch, or when it is asked about somebody who calls."""
    if context.job.metadata:
        return briefs.read(context.job.metadata)
    chosen = settings.read()
    if not chosen.brief_url:
        raise briefs.BadBrief("LAD_BRIEF_URL is not set, so nobody who calls is answered.")
    caller = await context.wait_for_participant(kind=TELEPHONES)
    told = {"kind": "SIP", "identity": caller.identity, "attributes": dict(caller.attributes)}
    reporter = Reporter(context.room.name, "", chosen.key, chosen.secret, send)
    return briefs.read(await reporter.ask(chosen.brief_url, told))


async def _classify(session: AgentSession, conversation: Conversation, person: rtc.RemoteParticipant) -> None:
    """Find out who answered. Until that is known the agent says nothing, so that it never talks to a greeting."""
    async with AMD(session, participant_identity=person.identity, ivr_detection=True) as detector:
        result = await detector.execute()
    conversation.answered(str(result.category.value))


async def _open(session: AgentSession, brief: Brief) -> None:
    if brief.first_message:
        await session.say(brief.first_message)
    else:
        await session.generate_reply(instructions="Greet the person and say who you are.")


def _begin(
    conversation: Conversation,
    changed: Mapping[str, str],
    who: rtc.Participant,
    person: rtc.RemoteParticipant,
) -> None:
    """Let times count from when the telephone was answered."""
    if who.identity == person.identity and changed.get(CALL_STATUS) == "active":
        conversation.begin()


def _end(
    context: JobContext, session: AgentSession, gone: rtc.RemoteParticipant, person: rtc.RemoteParticipant
) -> None:
    """End the job when the telephone has left the room."""
    if gone.identity == person.identity:
        closing = asyncio.ensure_future(session.aclose())
        closing.add_done_callback(lambda _done: context.shutdown("the call is over"))
