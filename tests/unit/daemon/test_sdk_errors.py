"""What becomes of the engine's own errors."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from buildbot_ship.daemon.shared.sdk_errors import translated_errors
from buildbot_ship.errors import EngineError, EngineFull, ShipError

FULL = "write /layer/x: No space left on device"


@pytest.mark.parametrize(
    ("action", "raised", "becomes"),
    [
        ("pull a", EngineError("pull a", FULL), EngineFull),
        ("run wheels", APIError("500", explanation=FULL), EngineFull),
        ("push a", EngineError("push a", FULL), EngineError),
        ("pull a", EngineError("pull a", "manifest unknown"), EngineError),
    ],
)
def test_a_full_disk_of_the_engine_is_said(
    action: str, raised: Exception, becomes: type[ShipError]
) -> None:
    with pytest.raises(ShipError) as caught, translated_errors("unix:///x", action):
        raise raised
    assert type(caught.value) is becomes
    assert action in str(caught.value)
    assert not caught.value.transient
    assert ("free space" in caught.value.remedy) == (becomes is EngineFull)
