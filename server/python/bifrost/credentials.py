"""Credentials of the organization that the run belongs to, for a client of one's own.

    from bifrost import credentials

    headers = await credentials.get("stripe")

Where it is possible call with `bifrost.http` instead: then this process never holds the value.
"""

from __future__ import annotations

from typing import Dict

from . import _channel, errors


async def get(name: str) -> Dict[str, str]:
    """The headers that a call with this credential needs, such as `{"Authorization": "Bearer …"}`.

    They are kept out of the run's logs and result. A name that does not exist raises `KeyError`.
    """
    if not isinstance(name, str):
        raise TypeError("credentials.get() needs a name that is a str")
    answer = await _channel.ask("credentials.get", {"name": name}, errors.call_error)
    headers: Dict[str, str] = answer["headers"]
    return headers
