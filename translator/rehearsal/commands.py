"""The commands `translator run` and `translator interpret`: meetings played from recordings."""

import argparse
import asyncio
import logging
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

HELPED = ("hear", "render", "speak", "interpret", "summarize")
"""Stages whose failures lose nothing by themselves: another engine takes over where one fails, and
the last summary holds."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to the command line."""
    run = commands.add_parser(
        "run", help="a meeting to look at: a recorded person speaks, then the room is open"
    )
    run.add_argument("file", type=Path, metavar="SPEECH", help="the recording")
    run.add_argument("--to", default="es,fr", metavar="es,fr", help="languages in the terminal")
    run.add_argument("--from", dest="spoken", metavar="en", help="what the recorded person speaks")
    run.add_argument("--name", default="Recording", help="what the recorded person is called")
    run.add_argument("--room", metavar="NAME", help="name of the room")
    run.add_argument("--port", type=int, default=8080, help="of the page, on this machine")
    run.add_argument("--once", action="store_true", help="end when the recording has been heard")
    run.set_defaults(command=_show)

    interpret = commands.add_parser(
        "interpret", help="a recording through the real line, as listeners hear and read it"
    )
    interpret.add_argument("file", type=Path, help="the recording of the first speaker")
    interpret.add_argument("--to", required=True, metavar="es,fr", help="languages to listen in")
    interpret.add_argument("--out", required=True, type=Path, metavar="DIR", help="where files go")
    interpret.add_argument("--from", dest="spoken", metavar="en", help="what speakers declare")
    interpret.add_argument(
        "--speaker", action="append", default=[], metavar="NAME=FILE@START", help="one more speaker"
    )
    interpret.add_argument("--room", metavar="NAME", help="name of the room")
    interpret.set_defaults(command=_interpret)


def _show(arguments: argparse.Namespace) -> int:
    from translator import agent, settings
    from translator.rehearsal import terminal
    from translator.rehearsal.demo import Demo, show
    from translator.rehearsal.order import order

    with tempfile.TemporaryDirectory() as out:
        wanted = order(
            file=arguments.file,
            name=arguments.name,
            to=arguments.to,
            out=Path(out),
            spoken=arguments.spoken,
            speakers=[],
            room=arguments.room or f"open-meeting-{secrets.token_hex(4)}",
            loaded=settings.load(*agent.paths()),
        )
        print("Starting livekit-server, the engines, a worker and the page")
        keep_quiet()
        demo = Demo(order=wanted, port=arguments.port, once=arguments.once)
        result = asyncio.run(
            show(
                demo,
                told=_teller(),
                say=lambda line: print(line, flush=True),
                summed_up=lambda figures: print(*terminal.table(figures), sep="\n", flush=True),
            )
        )
    return 0 if is_whole(result) else 1


def _teller() -> Callable[[Mapping[str, Any]], None]:
    """Prints what a person would like to see of each fact."""
    from translator.rehearsal import terminal

    live = terminal.Live()

    def tell(fact: Mapping[str, Any]) -> None:
        for line in live.lines(fact):
            print(line, flush=True)

    return tell


def _interpret(arguments: argparse.Namespace) -> int:
    from translator import agent, settings
    from translator.rehearsal import terminal
    from translator.rehearsal.order import order
    from translator.rehearsal.run import interpret

    wanted = order(
        file=arguments.file,
        to=arguments.to,
        out=arguments.out,
        spoken=arguments.spoken,
        speakers=arguments.speaker,
        room=arguments.room,
        loaded=settings.load(*agent.paths()),
    )

    print(
        f"Starting livekit-server, the engines and a worker; then {wanted.seconds:.0f} s of speech"
    )
    keep_quiet()
    result = asyncio.run(interpret(wanted, _teller()))
    print(*terminal.table(result), sep="\n")
    print(f"What listeners heard and read, and report.json, are in {wanted.out}")
    return 0 if is_whole(result) else 1


def is_whole(report: Mapping[str, Any]) -> bool:
    """Whether everything was interpreted, also where one engine had to help another."""
    lost = sum(figures["failed"] for figures in report["languages"].values())
    helped = all(one["stage"] in HELPED for one in report["failures"])
    return helped and not lost


def keep_quiet() -> None:
    """LiveKit's client complains of every connection that ends, also of those that we end, and
    its worker of how its processes do."""
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    logging.getLogger("livekit.agents").setLevel(logging.ERROR)
    logging.getLogger("livekit.plugins").setLevel(logging.WARNING)
