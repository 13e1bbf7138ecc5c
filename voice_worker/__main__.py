"""Run the worker: ``python -m voice_worker start`` beside a LiveKit server. See docs/voice-worker.md."""

import os

from livekit.agents import AgentServer, JobContext, cli

from voice_worker import calls

server = AgentServer()


@server.rtc_session(agent_name=os.environ.get("LAD_AGENT_NAME") or "lad-agent")
async def entrypoint(context: JobContext) -> None:
    await calls.run(context)


if __name__ == "__main__":
    cli.run_app(server)
