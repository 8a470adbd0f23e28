"""Whether a number is an address of this machine."""

import pytest

from app.gateway.own_address import is_own_ip


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("192.0.2.1", False), ("2001:db8::1", False), ("example.com", False)]
)
def test_only_own_numbers_are_own(host: str, own: bool) -> None:
    assert is_own_ip(host) is own
