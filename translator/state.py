"""Where a user's programs keep what cannot be made again."""

import os
from pathlib import Path


def state_folder() -> Path:
    """What TRANSLATOR_STATE names; else the folder that the XDG specification has for it, by which
    a relative path counts as none."""
    if given := os.environ.get("TRANSLATOR_STATE"):
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME", "")
    folder = Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"
    return folder / "translator"
