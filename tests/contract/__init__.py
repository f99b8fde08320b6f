"""Contract tests: every implementation of a protocol, real or fake, passes them."""

import pytest

for _name in ("daemon", "registry", "samples", "store"):
    pytest.register_assert_rewrite(f"tests.contract.{_name}")
