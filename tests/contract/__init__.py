"""What every implementation of a protocol must do; real ones and fakes alike."""

import pytest

for _name in ("daemon", "registry", "samples", "store"):
    pytest.register_assert_rewrite(f"tests.contract.{_name}")
