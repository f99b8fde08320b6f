from __future__ import annotations

import pytest
from lab.compose import debian_mirror
from lab.errors import LabError

TARGETS = """\
bookworm-updates main http://mirror.example.com/debian/
bookworm contrib http://mirror.example.com/debian/
bookworm main http://mirror.example.com/debian/
bookworm-security main http://mirror.example.com/security/
"""


def test_the_mirror_of_the_main_archive_is_used() -> None:
    assert debian_mirror(TARGETS) == "http://mirror.example.com/debian/"


def test_another_system_needs_the_plugin() -> None:
    with pytest.raises(LabError, match="install the Compose plugin"):
        debian_mirror("noble main http://mirror.example.com/ubuntu/\n")
