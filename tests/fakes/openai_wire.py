"""The forms in which requests and events stand on the wire."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any


@dataclass
class Request:
    """What the server was asked."""

    path: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


def multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a form; a repeated field (name[]) becomes a list, the file stays bytes."""
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if name == "file":
            fields[name] = content
        elif name.endswith("[]"):
            fields.setdefault(name, []).append(content.decode())
        else:
            fields[name] = content.decode()
    return fields


def sse(events: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """Events as they stand on the wire."""
    for number, event in enumerate(events):
        yield f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
