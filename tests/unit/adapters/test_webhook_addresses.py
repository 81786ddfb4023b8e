"""Which addresses users may have this server post to."""

import ipaddress

import pytest

from engine.adapters.webhook_http import check_url, is_allowed
from engine.errors import AddressForbidden


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "https://example.org:8443/hooks?for=us",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1::1]/x",
    ],
)
def test_public_addresses_over_tls_may_be_posted_to(url: str) -> None:
    assert check_url(url, may_be_local=False).geturl() == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hooks",
        "ftp://example.org",
        "https://",
        "example.org",
        "https://user:password@example.org/",
        "https://example.org/#part",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://192.168.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://example.org/" + "x" * 500,
    ],
)
def test_other_addresses_are_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(AddressForbidden):
        check_url(url, may_be_local=False)


def test_this_machine_may_be_named_in_development_alone() -> None:
    for url in ("http://127.0.0.1:9000/hooks", "http://localhost:9000", "http://[::1]:9000"):
        assert check_url(url, may_be_local=True).port == 9000
    with pytest.raises(AddressForbidden):
        check_url("http://10.0.0.1:9000", may_be_local=True)
    with pytest.raises(AddressForbidden):
        check_url("https://10.0.0.1:9000", may_be_local=True)


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("0.0.0.0", False),  # an address to be refused, not one to listen on
        ("100.64.0.1", False),
        ("172.16.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),  # 6to4 for 127.0.0.1
        ("64:ff9b::a00:1", False),  # NAT64 for 10.0.0.1
        ("64:ff9b::808:808", True),  # NAT64 for 8.8.8.8
        ("2001:db8::1", False),
    ],
)
def test_what_is_not_the_public_internet_is_refused_in_every_dress(address: str, is_public: bool) -> None:
    assert is_allowed(ipaddress.ip_address(address), may_be_local=False) is is_public
