from __future__ import annotations

import json

import pytest

from buildbot_ship.errors import RegistryRefused
from tests.fakes.http import Request, Response
from tests.unit.registry.conftest import Setting


def page(*tags: str, link: str = "") -> Response:
    body = json.dumps({"name": "team/app", "tags": list(tags)}).encode()
    return Response(body=body, headers={"Link": link} if link else {})


def test_tags_come_page_by_page(setting: Setting) -> None:
    def respond(request: Request) -> Response:
        if "last=b" in request.path:
            return page("c")
        # Behind a proxy, a registry may not know its own name.
        return page(
            "a", "b", link='<http://inside:5000/v2/team/app/tags/list?last=b&n=2>; rel="next"'
        )

    setting.server.respond = respond
    assert setting.client().list_tags(setting.place) == ("a", "b", "c")
    assert len(setting.server.requests) == 2


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"tags": 7}'])
def test_what_is_no_list_is_refused(setting: Setting, body: bytes) -> None:
    setting.server.script = [Response(body=body)]
    with pytest.raises(RegistryRefused, match="list the tags of team/app: its answer is no"):
        setting.client().list_tags(setting.place)


def test_a_repository_whose_tags_are_all_gone_has_none(setting: Setting) -> None:
    setting.server.script = [Response(body=b'{"name": "team/app", "tags": null}')]
    assert setting.client().list_tags(setting.place) == ()
