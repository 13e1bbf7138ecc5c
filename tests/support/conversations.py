"""Hold many conversations with the sandbox's model at once, by a client that does almost nothing."""

import asyncio

import orjson


async def hold(port: int, count: int) -> list[str]:
    """Return the streamed answers of so many conversations at once. Number n asks about ``customer<n>``."""
    return await asyncio.gather(*[_streamed(port, number) for number in range(count)])


def mixed_up(answers: list[str]) -> list[int]:
    """Return the numbers of the conversations that got another's answer."""
    return [number for number, text in enumerate(answers) if f"“customer{number}”" not in text]


async def _streamed(port: int, number: int) -> str:
    message = {"role": "user", "content": f"customer{number}"}
    body = orjson.dumps({"model": "sandbox-good", "stream": True, "messages": [message]})
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n"
        f"Authorization: Bearer sandbox-key\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    answer = await reader.read(-1)
    writer.close()
    events = (line[6:] for line in answer.split(b"\n") if line.startswith(b"data: {"))
    choices = [choice for event in events for choice in orjson.loads(event)["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)
