"""`translator web` and `translator link`."""

import argparse
import asyncio
import logging
import os
import ssl
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from translator.errors import InputError
from translator.leaving import interrupted

if TYPE_CHECKING:
    from translator.access import ClonedVoice
    from translator.web.links import Links

ROLES = ("attendee", "speaker", "interpreter", "organizer")
WEB = "http://127.0.0.1:8080"
"""Where `translator web` serves by itself."""
YEAR = 366
"""Days that a link may be good for."""
ROOM = 100
"""Characters of a room's name."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add both to the command line."""
    web = commands.add_parser("web", help="serve the page on which people join")
    web.add_argument("--host", default="127.0.0.1", help="address to serve at (%(default)s)")
    web.add_argument("--port", type=int, default=8080, help="port to serve at (%(default)s)")
    web.add_argument("--cert", type=Path, metavar="FILE", help="TLS certificate chain, PEM")
    web.add_argument("--key", type=Path, metavar="FILE", help="its private key, PEM")
    web.add_argument(
        "--behind-proxy", action="store_true", help="a reverse proxy with TLS stands in front"
    )
    web.add_argument(
        "--max-people", type=int, default=200, metavar="N", help="in one meeting (%(default)s)"
    )
    web.set_defaults(command=_web)

    link = commands.add_parser("link", help="make, list and revoke links to join a meeting")
    what = link.add_mutually_exclusive_group(required=True)
    what.add_argument("meeting", nargs="?", metavar="MEETING", help="the room")
    what.add_argument("--list", action="store_true", help="show every link")
    what.add_argument("--revoke", metavar="LINK", help="a link, or what --list calls it")
    link.add_argument("--role", choices=ROLES, default="attendee", help="(%(default)s)")
    link.add_argument("--title", default="", help="the meeting's name, as people read it")
    link.add_argument("--name", default="", help="of the person that it is for")
    link.add_argument(
        "--voice",
        metavar="ENGINE=VOICE",
        help="a copy of that person's voice; used only where the person agrees, on the page",
    )
    link.add_argument("--days", type=int, default=7, help="until it expires (%(default)s)")
    link.add_argument("--channels", default="", metavar="es,fr", help="for an interpreter")
    link.add_argument(
        "--web",
        default=os.environ.get("TRANSLATOR_WEB_URL") or WEB,
        metavar="URL",
        help="where people find the page, also TRANSLATOR_WEB_URL (%(default)s)",
    )
    link.set_defaults(command=_link)


def _web(arguments: argparse.Namespace) -> int:
    from translator.server import LiveKitServer, configured
    from translator.web import door
    from translator.web.links import Links, links_file
    from translator.web.server import running

    if not 1 <= arguments.port <= 65_535:
        raise InputError(f"{arguments.port} is no port: take one from 1 to 65535, such as 8080")
    if arguments.max_people < 1:
        raise InputError("--max-people must be 1 or more")
    tls = _tls(arguments.cert, arguments.key)
    public_url = os.environ.get("LIVEKIT_PUBLIC_URL")
    door.check(  # before anything is asked of that server
        access=configured(),
        host=arguments.host,
        public_url=public_url,
        tls=tls is not None,
        behind_proxy=arguments.behind_proxy,
    )
    logging.getLogger("translator.web").setLevel(logging.INFO)

    async def serve() -> None:
        stop = interrupted()
        with Links(links_file()) as links:
            async with (
                LiveKitServer.running() as server,
                running(
                    access=server.access,
                    links=links,
                    host=arguments.host,
                    port=arguments.port,
                    public_url=public_url,
                    max_people=arguments.max_people,
                    tls=tls,
                    behind_proxy=arguments.behind_proxy,
                ) as address,
            ):
                print(f"Serving {address} for {server.url}; Ctrl-C ends it", flush=True)
                await stop.wait()

    asyncio.run(serve())
    return 0


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise InputError("--cert and --key belong together: give both")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        raise InputError(f"{cert} and {key} are no certificate and its key: {error}") from error
    except OSError as error:
        raise InputError(f"{cert} or {key} cannot be read: {error.strerror}") from error
    return context


def _no_password() -> str:
    raise InputError("--key is locked with a password: give one that is not")


def _link(arguments: argparse.Namespace) -> int:
    from translator.web.links import Links, links_file

    with Links(links_file()) as links:
        if arguments.list:
            _list(links)
        elif arguments.revoke:
            _revoke(links, arguments.revoke)
        else:
            web = _page(arguments.web)
            print(f"{web}/m/{_add(links, arguments)}")
    return 0


def _list(links: "Links") -> None:
    for link in links.all():
        until = f"{'expired' if link.expired else 'until'} {link.expires:%Y-%m-%d %H:%M} UTC"
        role = " ".join((link.role, *link.channels))
        person = [f"for {link.name}"] if link.name else []
        voice = [f"voice {link.voice.engine}={link.voice.name}"] if link.voice else []
        print("  ".join((link.id, link.meeting, role, until, link.title, *person, *voice)))


def _revoke(links: "Links", wanted: str) -> None:
    link = links.find(wanted.rstrip("/").rpartition("/")[2])
    if not links.revoke(link.id if link else wanted):
        raise InputError("there is no such link: see `translator link --list`")


def _add(links: "Links", arguments: argparse.Namespace) -> str:
    from translator.access import SPEAKING, Role
    from translator.languages import normalize
    from translator.web import names

    meeting: str = arguments.meeting
    if not meeting.isprintable() or not meeting.strip() or len(meeting) > ROOM:
        raise InputError(f"MEETING is the name of a room: 1 to {ROOM} characters on one line")
    if not 1 <= arguments.days <= YEAR:
        raise InputError(f"--days must be from 1 to {YEAR}")
    channels = tuple(normalize(code) for code in arguments.channels.split(",") if code.strip())
    if bool(channels) != (arguments.role == Role.INTERPRETER):
        raise InputError("--channels es,fr goes with --role interpreter, and only with it")
    role = Role(arguments.role)
    if arguments.voice is not None and (role not in SPEAKING or not arguments.name):
        raise InputError("--voice goes with --name NAME and --role speaker or organizer")
    return links.add(
        meeting=meeting,
        role=role,
        title=names.clean(arguments.title) if arguments.title else "",
        channels=channels,
        name=names.clean(arguments.name) if arguments.name else "",
        voice=None if arguments.voice is None else _voice(arguments.voice, meeting),
        valid=timedelta(days=arguments.days),
    )


def _voice(wanted: str, meeting: str) -> "ClonedVoice":
    """A voice of an engine that speaks in the meeting."""
    from translator import agent
    from translator.access import ClonedVoice
    from translator.settings import load
    from translator.settings.names import voice_name
    from translator.wording import nearest

    engine, _, name = wanted.partition("=")
    if not engine or not name or not name.isprintable() or " " in name or len(name) > ROOM:
        raise InputError("--voice is an engine and its name of the voice: elevenlabs=VOICE_ID")
    try:
        voice_name(name)
    except ValueError as error:
        raise InputError(f"--voice {wanted}: {error}") from None
    settings = load(*agent.paths(), meeting=meeting)
    speaking = dict.fromkeys(one for each in settings.languages.values() for one in each.spoken_by)
    if engine not in speaking:
        known = ", ".join(speaking) or "nothing"
        raise InputError(
            f"--voice {wanted}: no language of {meeting!r} is spoken by {engine!r}"
            f"{nearest(engine, list(speaking))}; `speak` of language_pairs.yaml names: {known}"
        )
    return ClonedVoice(engine=engine, name=name)


def _page(web: str) -> str:
    try:
        parts = urlsplit(web)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InputError(f"{web!r} is no address of the page: write it as https://host")
    return web.rstrip("/")
