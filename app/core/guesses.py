"""How long whoever shows wrong licenses waits for the answer."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

#: Somebody who mistypes shall not notice anything.
FREE = 3
FIRST_S = 0.05
LONGEST_S = 2.0
#: An address that was quiet for so long begins anew.
FORGET_S = 600.0
#: Addresses that are remembered.
MOST_ADDRESSES = 4096


@dataclass(slots=True)
class _Guesser:
    count: int
    last: float


class Guesses:
    """Counts the wrong licenses of each address: the first few are answered at once, then ever more slowly.

    A right one is nobody's business here: it neither waits nor makes the address forgiven.
    """

    def __init__(self) -> None:
        # By their last guess, the oldest first.
        self._guessers: OrderedDict[str, _Guesser] = OrderedDict()

    def __len__(self) -> int:
        return len(self._guessers)

    def wrong(self, peer: str | None, now: float) -> float:
        """A wrong license has been shown; returns for how many seconds its answer is held back.

        Args:
            peer: the client's IP address.
            now: monotonic, in seconds.
        """
        self._forget(now)
        address = address_group(peer)
        guesser = self._guessers.pop(address, None) or _Guesser(0, now)
        guesser.count += 1
        guesser.last = now
        self._guessers[address] = guesser
        if len(self._guessers) > MOST_ADDRESSES:
            self._guessers.popitem(last=False)
        beyond = guesser.count - FREE
        # Nobody waits longer for having guessed a thousand times; the power must not overflow either.
        return 0.0 if beyond <= 0 else min(LONGEST_S, FIRST_S * 2.0 ** min(beyond - 1, 16))

    def _forget(self, now: float) -> None:
        while self._guessers:
            oldest = next(iter(self._guessers))
            if now - self._guessers[oldest].last < FORGET_S:
                return
            del self._guessers[oldest]


def address_group(peer: str | None) -> str:
    """What counts as one guesser: an IPv4 address, or an IPv6 network of 64 bits, as one household or host has it."""
    try:
        address = ipaddress.ip_address((peer or "").partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False).network_address)
