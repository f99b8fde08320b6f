"""What every implementation of a protocol must do; real ones and fakes alike."""

import pytest

pytest.register_assert_rewrite("tests.contract.registry")
