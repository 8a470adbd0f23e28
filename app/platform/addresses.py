"""The addresses under which other computers of the local network find this one."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass

import psutil

#: Interfaces of virtual machines, containers, tunnels and the like, by the beginnings of their names on all systems.
_VIRTUAL = re.compile(
    r"docker|br-|veth|virbr|vnet|lxc|lxd|cni|flannel|cali|podman|vbox|virtualbox|vmnet|vmware|vethernet|bridge|"
    r"tun|tap|utun|wg|tailscale|zt|zerotier|ham|ipsec|ppp|awdl|llw|anpi|hyper-v|wsl|nordlynx|mihomo|clash|meta",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class LanAddress:
    """One address of this machine, and the interface that has it, as the system calls it."""

    address: str
    interface: str


def lan_addresses() -> tuple[LanAddress, ...]:
    """This machine's, the likeliest first. Asks the system, which may take some milliseconds."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    families = (socket.AF_INET, socket.AF_INET6)
    return chosen_addresses(
        LanAddress(item.address, name)
        for name, items in psutil.net_if_addrs().items()
        for item in items
        if name in up and item.family in families
    )


def chosen_addresses(found: Iterable[LanAddress]) -> tuple[LanAddress, ...]:
    """Those by which others may reach us: no loopback, no link-local; the likeliest first.

    Private IPv4 addresses come first, then other IPv4, then IPv6; those of virtual interfaces after all others.
    """
    ranked = []
    for place, item in enumerate(found):
        try:
            address = ipaddress.ip_address(item.address)
        except ValueError:
            continue
        if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
            continue
        virtual = _VIRTUAL.match(item.interface) is not None
        ranked.append((virtual, address.version, not address.is_private, place, item))
    return tuple(rank[-1] for rank in sorted(ranked, key=lambda rank: rank[:-1]))
