"""Posting to addresses that users chose: to public ones alone, in ten seconds, following nobody elsewhere.

The name is resolved once, every address behind it is checked, and the connection goes to one of those: a name that
leads elsewhere a moment later changes nothing. The certificate is still checked against the name.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

from engine.errors import AddressForbidden, UpstreamUnavailable

LONGEST_S: Final = 10.0
LONGEST_URL: Final = 500
_READ_BYTES: Final = 2000
_KEPT_CHARACTERS: Final = 500
_PORTS: Final = {"http": 80, "https": 443}
_TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 behind IPv6 (NAT64, RFC 6052): the last four bytes are the real address."""

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    text: str
    """Its beginning."""


def check_url(url: str, *, may_be_local: bool) -> SplitResult:
    """The parts of an address that may be posted to, as far as can be told without resolving its name.

    may_be_local: this machine may be named too, also without TLS; for development. Raises AddressForbidden.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise AddressForbidden("Enter an address such as https://example.org/hooks.") from error
    host = parts.hostname or ""
    if len(url) > LONGEST_URL or parts.scheme not in _PORTS or not host or port == 0 or any(c.isspace() for c in url):
        raise AddressForbidden("Enter an address such as https://example.org/hooks.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressForbidden("Leave out user names, passwords and the part behind #. Deliveries are signed instead.")
    literal = _literal(host)
    is_this_machine = host == "localhost" or (literal is not None and literal.is_loopback)
    if parts.scheme == "http" and not (may_be_local and is_this_machine):
        raise AddressForbidden("Begin with https://, so that nobody reads along.")
    if is_this_machine and not may_be_local:
        raise AddressForbidden("This address is not reachable from the internet.")
    if literal is not None and not is_allowed(literal, may_be_local=may_be_local):
        raise AddressForbidden("This address is not reachable from the internet.")
    return parts


def is_allowed(address: IpAddress, *, may_be_local: bool) -> bool:
    """Whether an address is one of the public internet; also inside of IPv6 that stands for IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _TRANSLATED:
            inner = ipaddress.IPv4Address(address.packed[-4:])
        if inner is not None:
            return is_allowed(inner, may_be_local=may_be_local)
    if address.is_loopback:
        return may_be_local
    return address.is_global and not address.is_multicast and not address.is_reserved


class WebhookSender:
    """Posts once; repeats, redirects and proxies are nobody's business here."""

    def __init__(self, *, may_be_local: bool, longest_s: float = LONGEST_S) -> None:
        self._may_be_local = may_be_local
        self._longest_s = longest_s
        self._tls = httpx.create_ssl_context(trust_env=False)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
        """The answer, whatever its status. Raises AddressForbidden, and UpstreamUnavailable when none came in time."""
        parts = check_url(url, may_be_local=self._may_be_local)
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._post(parts, body, headers)
        except TimeoutError as error:
            raise UpstreamUnavailable(f"No answer came within {self._longest_s:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamUnavailable(f"The connection failed ({type(error).__name__}).") from error

    async def _post(self, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> Answered:
        host = parts.hostname or ""
        addresses = await self._addresses(host, parts.port or _PORTS[parts.scheme])
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, parts, body, headers)
            except httpx.ConnectError:
                continue
        return await self._post_to(addresses[-1], parts, body, headers)

    async def _addresses(self, host: str, port: int) -> list[IpAddress]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise UpstreamUnavailable("The name of the server could not be resolved.") from error
        addresses = [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]
        if not addresses or not all(is_allowed(each, may_be_local=self._may_be_local) for each in addresses):
            raise AddressForbidden("This name leads to an address that is not reachable from the internet.")
        return sorted(dict.fromkeys(addresses), key=lambda each: each.version)

    async def _post_to(
        self, address: IpAddress, parts: SplitResult, body: bytes, headers: Mapping[str, str]
    ) -> Answered:
        target = httpx.URL(parts.geturl()).copy_with(host=str(address))
        own = {"Host": parts.netloc, "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(
                verify=self._tls, trust_env=False, follow_redirects=False, timeout=self._longest_s
            ) as http,
            http.stream(
                "POST",
                target,
                content=body,
                headers={**headers, **own},
                extensions={"sni_hostname": parts.hostname or ""},
            ) as response,
        ):
            read = b""
            async for piece in response.aiter_raw():
                read += piece
                if len(read) >= _READ_BYTES:
                    break
            return Answered(response.status_code, _beginning(read))


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _beginning(read: bytes) -> str:
    text = read.decode("utf-8", errors="replace").replace("\0", "")
    return " ".join(text.split())[:_KEPT_CHARACTERS]
