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


@pytest.mark.parametrize(
    ("link", "line"),
    [
        ("<http://inside:5000/proxy/v2/team/app/tags/list?last=b>", "last=b"),
        ("<https://other.example.com/latest/meta-data?last=b#x>", "last=b"),
        ("<//[?last=b>", "last=b"),
    ],
)
def test_the_next_page_is_always_of_the_same_list(
    setting: Setting, link: str, line: str
) -> None:
    setting.server.script = [page("a", link=f"{link}; rel=next"), page("b")]
    assert setting.client().list_tags(setting.place) == ("a", "b")
    assert setting.server.lines[1] == f"GET /v2/team/app/tags/list?{line}"


def test_pages_in_a_circle_are_refused(setting: Setting) -> None:
    def respond(request: Request) -> Response:
        following = {"n=1000": "last=a", "last=a": "last=b", "last=b": "last=a"}
        query = following[request.path.partition("?")[2]]
        return page("a", link=f'</v2/team/app/tags/list?{query}>; rel="next"')

    setting.server.respond = respond
    with pytest.raises(RegistryRefused, match="its links to the next page form a circle"):
        setting.client().list_tags(setting.place)
    assert len(setting.server.requests) == 3
