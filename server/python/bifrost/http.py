"""Outgoing calls that the daemon makes for the run, with a credential that this process never sees.

    from bifrost import http

    response = await http.request("POST", url, credential="stripe", json={"amount": 100})

The daemon adds the credential, and sends it to the hosts that the credential is for and to no other.
"""

from __future__ import annotations

import base64
import json as _json
import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import urlencode, urlsplit, urlunsplit

from . import _channel, errors

_LARGEST_BODY = 10 * 1024 * 1024
_Fields = Union[Mapping[str, Any], Sequence[Tuple[str, Any]]]


class Headers(Mapping[str, str]):
    """The headers of an answer, by name in any case; one that came several times is joined with commas."""

    def __init__(self, pairs: List[List[str]]) -> None:
        self._pairs = pairs

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._pairs))

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def get_all(self, name: str) -> List[str]:
        """Every value of a header, as for `Set-Cookie`."""
        return [value for own, value in self._pairs if own == name.lower()]


class Response:
    """An answer, read whole; whatever its status, it is one."""

    def __init__(self, method: str, answer: Dict[str, Any]) -> None:
        self.method = method
        self.status: int = answer["status"]
        self.headers = Headers(answer["headers"])
        self.content: bytes = base64.b64decode(answer["body"])
        # After redirects, and without what the credential added.
        self.url: str = answer["url"]

    def __repr__(self) -> str:
        return f"<Response {self.status}>"

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body as text, in the charset that the answer names, else in UTF-8."""
        named = re.search(r"charset=\"?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.content.decode(named.group(1) if named else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises `ValueError` when it is none."""
        return _json.loads(self.content)

    def raise_for_status(self) -> None:
        """Raises `bifrost.errors.StatusError` for a status of 400 and above."""
        if not self.ok:
            place = urlsplit(self.url)
            where = urlunsplit((place.scheme, place.netloc, place.path, "", ""))
            raise errors.StatusError(f"{self.method} {where} answered {self.status}.", self)


async def request(
    method: str,
    url: str,
    *,
    credential: Optional[str] = None,
    json: Any = None,
    headers: Optional[Mapping[str, str]] = None,
    params: Optional[_Fields] = None,
    data: Union[bytes, str, _Fields, None] = None,
    timeout: float = 30.0,
) -> Response:
    """Calls `url` and answers with what came back; up to 5 redirects are followed.

    `credential` names the credential to call with; one that does not exist raises `KeyError`.
    `json` is sent as JSON; `data` as it is, or, if it is fields, as a form. At most 10 MiB go out and come in.
    `timeout`, in seconds, is for the whole call.
    Raises `bifrost.errors.CallError` when no answer came, which is a `CallTimeout` when it took too long and
    a `CallRefused` when the credential is not for that host.
    """
    for name, value in (("method", method), ("url", url)):
        if not isinstance(value, str):
            raise TypeError(f"http.request() needs a {name} that is a str")
    sent = {str(name): str(value) for name, value in dict(headers or {}).items()}
    body, content_type = _body(json, data)
    if content_type is not None and "content-type" not in (name.lower() for name in sent):
        sent["content-type"] = content_type
    wish: Dict[str, Any] = {
        "method": method,
        "url": _with_params(url, params),
        "headers": [[name, value] for name, value in sent.items()],
        "timeout": float(timeout),
    }
    if body is not None:
        wish["body"] = base64.b64encode(body).decode("ascii")
    if credential is not None:
        if not isinstance(credential, str):
            raise TypeError("http.request() needs a credential that is the name of one, a str")
        wish["credential"] = credential
    answer = await _channel.ask("http.request", wish, errors.call_error)
    return Response(method.upper(), answer["answer"])


def _body(json: Any, data: Any) -> Tuple[Optional[bytes], Optional[str]]:
    if json is not None and data is not None:
        raise TypeError("http.request() takes json or data, not both")
    if json is not None:
        body: Optional[bytes] = _json.dumps(json, allow_nan=False).encode("utf-8")
        content_type: Optional[str] = "application/json"
    elif data is None:
        return None, None
    elif isinstance(data, (bytes, bytearray, memoryview)):
        body, content_type = bytes(data), None
    elif isinstance(data, str):
        body, content_type = data.encode("utf-8"), None
    else:
        body, content_type = urlencode(data, doseq=True).encode("ascii"), "application/x-www-form-urlencoded"
    if body is not None and len(body) > _LARGEST_BODY:
        raise ValueError(f"The body of a call is at most 10 MiB; this one is {len(body)} bytes.")
    return body, content_type


def _with_params(url: str, params: Optional[_Fields]) -> str:
    if not params:
        return url
    scheme, place, path, query, fragment = urlsplit(url)
    added = urlencode(params, doseq=True)
    return urlunsplit((scheme, place, path, f"{query}&{added}" if query else added, fragment))
