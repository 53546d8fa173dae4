"""Where an engine is."""

import ipaddress
from urllib.parse import urlsplit

_HOME = (".local", ".localhost", ".lan", ".internal", ".home.arpa")
"""Ends of names that only their own network knows."""


def is_own(url: str | None) -> bool:
    """Whether `url` leads to this machine, or into its network."""
    host = urlsplit(url or "").hostname
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_HOME)
