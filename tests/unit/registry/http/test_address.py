from __future__ import annotations

import pytest

from buildbot_ship.registry.http.address import Addresses, is_loopback


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        ("docker.io", "https://registry-1.docker.io"),
        ("registry.example.com", "https://registry.example.com"),
        ("registry.example.com:5000", "https://registry.example.com:5000"),
        ("localhost:5000", "http://localhost:5000"),
        ("127.8.9.10:5000", "http://127.8.9.10:5000"),
        ("[::1]:5000", "http://[::1]:5000"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
    ],
)
def test_only_loopback_is_spoken_to_in_clear(registry: str, url: str) -> None:
    assert Addresses().api_url(registry) == url


def test_a_registry_that_an_option_names_is_spoken_to_in_clear() -> None:
    addresses = Addresses(frozenset(["registry.example.com:5000"]))
    assert addresses.api_url("registry.example.com:5000") == "http://registry.example.com:5000"
    assert addresses.api_url("registry.example.com") == "https://registry.example.com"
    assert not addresses.is_plain("registry.example.com:5001")


def test_an_empty_host_is_not_loopback() -> None:
    assert not is_loopback("")
