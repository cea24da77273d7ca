"""Paths of ControlApi that hold what a person typed."""

from __future__ import annotations

import re
from urllib.parse import quote

from tunedrop_cli.errors import WrongUsage

QUOTED = re.compile(r"(/[A-Za-z0-9._~%-]+)+")
"""urllib would cut a path at a #, and take what follows a ? for the query: another thing would be asked for."""


def place(*segments: str | int) -> str:
    """The path of something by its name, which stays one segment whatever it holds. Raises WrongUsage."""
    if "" in segments:
        raise WrongUsage("an empty name names nothing")
    return "/" + "/".join(quote(str(each), safe="") for each in segments)
