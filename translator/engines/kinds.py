"""What kind of failure a vendor's code tells, and how we tell it: a vendor's own words may quote a
key, or what was said."""

from collections.abc import Mapping

from translator.errors import Kind

_KINDS: Mapping[int | str, Kind] = {
    # HTTP
    401: "wrong key",
    402: "quota",
    403: "wrong key",
    408: "silent",
    429: "rate limited",
    504: "silent",
    # websockets
    1008: "wrong key",
    # AssemblyAI's, and what its older service had
    3005: "fault",
    3006: "refused",
    3007: "refused",  # audio in pieces that are too short, or, as its words say, too fast
    3009: "rate limited",
    4001: "wrong key",
    4002: "quota",
    4003: "quota",
    4029: "rate limited",
    4102: "rate limited",
    4429: "rate limited",
    # Azure's native library
    "CancellationErrorCode.AuthenticationFailure": "wrong key",
    "CancellationErrorCode.BadRequest": "refused",
    "CancellationErrorCode.TooManyRequests": "rate limited",
    "CancellationErrorCode.Forbidden": "quota",
    "CancellationErrorCode.ServiceTimeout": "silent",
    # OpenAI's, in the body of an error on a websocket
    "account_deactivated": "wrong key",
    "billing_hard_limit_reached": "quota",
    "credit_balance_exhausted": "quota",
    "inference_rate_limit_exceeded": "rate limited",
    "insufficient_quota": "quota",
    "invalid_api_key": "wrong key",
    "invalid_request_error": "refused",
    "rate_limit_exceeded": "rate limited",
    "session_expired": "broken off",
    # ElevenLabs's Scribe, in brackets in what the plugin says
    "auth_error": "wrong key",
    "input_error": "refused",
    "quota_exceeded": "quota",
}

WORDS: Mapping[Kind, str] = {
    "unreachable": "was not reached",
    "broken off": "broke off",
    "silent": "did not answer in time",
    "garbled": "answered what cannot be read",
    "wrong key": "refuses the key",
    "rate limited": "has had too many requests, or too many at a time",
    "quota": "wants to be paid",
    "empty": "gave nothing",
    "refused": "does not accept the request",
    "fault": "failed",
}
"""What it did that failed."""
_REMEDIES: Mapping[Kind, str] = {
    "unreachable": "check its address, and the network",
    "rate limited": "ask its vendor for more, or name another engine behind it",
    "wrong key": "check the key of this engine, and what it is allowed to do",
    "quota": "check the account",
    "refused": "check the names of model and voice, and the address",
}


def kind_of(code: int | str) -> Kind | None:
    """What a status or a name of an error tells; None where it is not known."""
    return _KINDS.get(code)


def told(engine: str, kind: Kind) -> str:
    """What `engine` did, and what to do."""
    words = f"{engine} {WORDS[kind]}"
    return f"{words}: {_REMEDIES[kind]}" if kind in _REMEDIES else words
