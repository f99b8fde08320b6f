import sys

import pytest
from own.work import square


@pytest.mark.parametrize("number", range(4))
def test_square(number: int) -> None:
    assert square(number) == number**2
    assert sys.prefix == "/opt/ship"
