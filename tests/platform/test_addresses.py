"""Which of this machine's addresses a colleague is told first."""

from __future__ import annotations

import ipaddress

import pytest

from app.platform.addresses import LanAddress, chosen_addresses, lan_addresses


def chosen(*found: tuple[str, str]) -> list[str]:
    return [item.address for item in chosen_addresses(LanAddress(address, name) for address, name in found)]


def test_private_ipv4_of_a_real_interface_comes_first() -> None:
    assert chosen(
        ("127.0.0.1", "lo"),
        ("::1", "lo"),
        ("172.17.0.1", "docker0"),
        ("172.18.0.1", "br-5f0c9a12"),
        ("10.8.0.2", "tun0"),
        ("fe80::1%eth0", "eth0"),
        ("169.254.3.4", "eth1"),
        ("2001:db8:1::5", "eth0"),
        ("8.8.4.4", "eth2"),
        ("192.168.1.20", "wlp3s0"),
        ("0.0.0.0", "eth3"),
    ) == ["192.168.1.20", "8.8.4.4", "2001:db8:1::5", "172.17.0.1", "172.18.0.1", "10.8.0.2"]


@pytest.mark.parametrize(
    ("virtual", "real"),
    [
        ("vEthernet (WSL (Hyper-V firewall))", "Ethernet"),
        ("VirtualBox Host-Only Network", "Wi-Fi"),
        ("VMware Network Adapter VMnet8", "WLAN"),
        ("bridge100", "en0"),
        ("utun3", "en1"),
        ("virbr0", "br0"),
        ("tailscale0", "enp0s31f6"),
    ],
)
def test_virtual_interfaces_come_last_on_every_system(virtual: str, real: str) -> None:
    assert chosen(("192.168.56.1", virtual), ("192.168.1.20", real)) == ["192.168.1.20", "192.168.56.1"]


def test_equals_keep_the_systems_order_and_nothing_is_nothing() -> None:
    assert chosen(("10.0.0.2", "eth1"), ("10.0.0.1", "eth0")) == ["10.0.0.2", "10.0.0.1"]
    assert chosen() == []
    assert chosen(("127.0.0.1", "lo"), ("nonsense", "eth0")) == []


def test_this_machines_are_addresses_that_others_could_use() -> None:
    for item in lan_addresses():
        address = ipaddress.ip_address(item.address)
        assert not address.is_loopback
        assert not address.is_link_local
        assert item.interface
