"""Run the sandbox: ``python -m sandbox --home DIR [--seed N] [--speed X] [--haste X] [--port-file F]``."""

import argparse
import asyncio
import signal
from pathlib import Path

import orjson

from sandbox.control import Control
from sandbox.core import Core
from sandbox.ports import HOST, write_whole
from sandbox.providers import providers

MAX_HTTP_LINE = 65_536


def main() -> None:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory of the log and the state")
    parser.add_argument("--seed", type=int, default=1, help="what people do follows from it")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast simulated time runs; 0 stops it")
    parser.add_argument("--haste", type=float, default=1.0, help="divides the time that people take to act")
    parser.add_argument(
        "--people", choices=("mixed", "silent"), default="mixed", help="what people do whose address does not say it"
    )
    parser.add_argument(
        "--open", action="store_true", help="let every address sign in; the first password becomes the mailbox's"
    )
    parser.add_argument(
        "--web", action="append", default=[], metavar="NAME=HOST:PORT", help="a server here that links call NAME"
    )
    parser.add_argument("--port-file", type=Path, help="file to write the ports to, as JSON, once all listen")
    arguments = parser.parse_args()
    asyncio.run(run(arguments))


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    core = Core(arguments.home, seed=arguments.seed, speed=arguments.speed, haste=arguments.haste)
    core.mixed_people = arguments.people == "mixed"
    core.open_mailboxes = arguments.open
    core.web_hosts = dict(each.split("=", 1) for each in arguments.web)
    core.certificate.make()
    running = [provider(core) for provider in providers()]
    Control(core, running)
    for provider in running:
        await provider.start()
    await asyncio.start_server(core.http.serve, sock=core.ports.bind("http"), limit=MAX_HTTP_LINE)
    core.ports.keep()
    schedule = asyncio.create_task(core.schedule.run())
    core.log.write("started", ports=core.ports.numbers)
    if arguments.port_file:
        write_whole(arguments.port_file, orjson.dumps({"host": HOST, **core.ports.numbers}))
    await stop.wait()
    schedule.cancel()
    core.log.close()
    core.storage.close()


if __name__ == "__main__":
    main()
