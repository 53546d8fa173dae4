"""Who may be served where, and what browsers may do with the page: decisions without I/O."""

import ipaddress

from translator.access import Access, hostname, loopback
from translator.errors import InputError
from translator.server import KNOWN, websocket

HTTP = {"ws": "http", "wss": "https"}


def check(
    *, access: Access, host: str, public_url: str | None, tls: bool, behind_proxy: bool
) -> str:
    """The URL at which browsers find livekit-server, ws:// or wss://.

    Raises InputError where it would not work, or not be safe, to serve at `host`.
    """
    if not (tls or behind_proxy or loopback(host)):
        raise InputError(
            f"{host} would serve the page without encryption, and browsers give a microphone to"
            " secure pages only: give --cert and --key, or say --behind-proxy where a proxy with"
            " TLS stands in front"
        )
    url = _websocket(public_url or access.url)
    visited = behind_proxy or not loopback(host)
    if access.known and (visited or not access.local):
        raise InputError(KNOWN)
    if visited and loopback(hostname(url)):
        raise InputError(
            f"visitors' browsers would look for {url} on their own machines: set"
            " LIVEKIT_PUBLIC_URL to the wss:// address at which they find livekit-server"
        )
    if url.startswith("ws://") and not loopback(hostname(url)):
        raise InputError(
            f"tokens would go to {url} in clear: set LIVEKIT_PUBLIC_URL to a"
            " wss:// address of livekit-server"
        )
    return url


def headers(url: str, *, tls: bool) -> dict[str, str]:
    """Headers of every response; the page connects to livekit-server at `url`."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "media-src": "'self' blob:",
        "manifest-src": "'self'",
        "connect-src": " ".join(("'self'", *_connections(url))),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    found = {
        "Content-Security-Policy": "; ".join(map(" ".join, policy.items())),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            "microphone=(self), display-capture=(self), camera=(), geolocation=()"
        ),
        "Referrer-Policy": "no-referrer",  # a link is a secret
        "Server": "translator",  # and no version
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }
    return found | ({"Strict-Transport-Security": "max-age=31536000"} if tls else {})


def address(peer: str | None, forwarded: str | None) -> str:
    """Whose request it is: `peer`, or the last of X-Forwarded-For, which our proxy wrote.

    Of IPv6 the network: a household has 2**64 addresses and more.
    """
    for one in ((forwarded or "").rpartition(",")[2].strip(), peer or ""):
        try:
            found = ipaddress.ip_address(one.partition("%")[0])
        except ValueError:
            continue
        if isinstance(found, ipaddress.IPv4Address):
            return str(found)
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), 64), strict=False))
    return "unknown"


def _connections(url: str) -> tuple[str, ...]:
    """What LiveKit's client connects to, as sources of a Content-Security-Policy."""
    scheme, _, place = url.partition("://")
    places = [place.partition("/")[0]]
    if hostname(url).endswith(".livekit.cloud"):
        places.append("*.livekit.cloud")  # it names the nearest region when it is asked
    return tuple(f"{one}://{place}" for place in places for one in (scheme, HTTP[scheme]))


def _websocket(url: str) -> str:
    ours = websocket(url.strip())
    if ours is None or not hostname(url) or set("?#@;, '\"") & set(ours):
        raise InputError(f"{url!r} is no address of livekit-server: write it as wss://host")
    return ours.rstrip("/")
