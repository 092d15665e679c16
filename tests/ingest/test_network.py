from ipaddress import IPv4Address, IPv4Network, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionflow.ingest.network import is_allowed


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1",  # loopback and private
        "169.254.169.254", "fe80::1%eth0",  # link-local: where clouds keep their secrets
        "0.0.0.0", "::", "100.64.0.1", "224.0.0.1", "ff02::1", "255.255.255.255",  # shared, multicast and others
        "::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",  # IPv6, with an IPv4 one in it too
    ],
)  # fmt: skip
def test_what_is_not_public_is_refused(address):
    assert not is_allowed(address, [])


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_allowed(address):
    assert is_allowed(address, [])


def test_an_allowed_network_lets_its_own_addresses_through_and_no_others():
    networks = [IPv4Network("10.1.0.0/16"), IPv6Network("fd00::/8")]
    assert is_allowed("10.1.2.3", networks)
    assert is_allowed("::ffff:10.1.2.3", networks)
    assert is_allowed("fd00::5", networks)
    assert not is_allowed("10.2.0.1", networks)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_is_judged_alike_in_its_ipv6_dress(address):
    assert is_allowed(str(address), []) == is_allowed(f"::ffff:{address}", [])
