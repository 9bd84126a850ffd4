"""Configuration and secrets of the organization that the run belongs to.

    from bifrost import config

    token = await config.get("api_key")

Every call asks the daemon, so that a value which was just rotated is seen at once (C25).
A secret that is read or set here is kept out of the run's logs and result.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from . import _channel, errors


class _Unset:
    """Stands for an argument that was not given, where `None` has a meaning of its own."""

    def __repr__(self) -> str:
        return "<unset>"


_UNSET = _Unset()
_Scope = Union[str, None, _Unset]


async def get(key: str, default: Any = _UNSET, scope: _Scope = _UNSET) -> Any:
    """The value under the name `key`, decrypted if it is a secret.

    A missing name gives `default`, even `None`; without a default it raises `KeyError`.
    A secret that cannot be decrypted raises `bifrost.errors.DecryptionError`, never the default; one that is kept
    elsewhere and cannot be read from there raises `bifrost.errors.UnresolvedError`.
    `scope=None` or `"global"` reads the global scope instead of the organization's cascade.
    """
    answer = await _ask("get", name=key, scope=scope)
    if answer["found"]:
        return answer["value"]
    if default is not _UNSET:
        return default
    raise errors.missing(answer["message"])


async def set(
    key: str,
    value: Any,
    is_secret: Union[bool, _Unset] = _UNSET,
    scope: _Scope = _UNSET,
) -> None:
    """Stores `value` under the name `key`; with `is_secret=True` it is encrypted.

    Without `is_secret` a name that already holds a secret stays one; `is_secret=False` there raises.
    """
    await _ask("set", name=key, value=value, is_secret=is_secret, scope=scope)


async def delete(key: str, scope: _Scope = _UNSET) -> bool:
    """Removes the name `key`; whether there was one."""
    answer = await _ask("delete", name=key, scope=scope)
    return bool(answer["deleted"])


async def list(scope: _Scope = _UNSET) -> Dict[str, Any]:
    """Every name that the run sees, with its value; secrets are shown as `[SECRET]`."""
    answer = await _ask("list", scope=scope)
    values: Dict[str, Any] = answer["values"]
    return values


async def _ask(verb: str, **arguments: Any) -> Dict[str, Any]:
    if "name" in arguments and not isinstance(arguments["name"], str):
        raise TypeError(f"config.{verb}() needs a name that is a str")
    scope: Optional[object] = arguments.get("scope")
    if scope is not None and not isinstance(scope, (str, _Unset)):
        raise TypeError(f"config.{verb}() needs a scope that is an organization's id, 'global' or None")
    given = {word: value for word, value in arguments.items() if value is not _UNSET}
    return await _channel.ask(f"config.{verb}", given)
