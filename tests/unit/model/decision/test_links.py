"""Which page a browser can open."""

from __future__ import annotations

import pytest

from buildbot_ship.errors import InvalidRequest
from buildbot_ship.model.decision.links import (
    Link,
    check_page,
    image_link,
    is_web_address,
    proposal_link,
)
from buildbot_ship.model.reference import Reference

COMMIT = "0123456789" * 4


@pytest.mark.parametrize(
    ("reference", "url"),
    [
        ("python:3.11", "https://hub.docker.com/_/python/tags?name=3.11"),
        ("team/app:1", "https://hub.docker.com/r/team/app/tags?name=1"),
        ("ghcr.io/team/app:1", "https://ghcr.io/team/app:1"),
        ("quay.io/team/app:1", "https://quay.io/repository/team/app?tab=tags&tag=1"),
        ("registry.gitlab.com/team/app:1", "https://gitlab.com/team/app/container_registry"),
        ("registry.gitlab.com/team/app/web:1", None),
        ("1.dkr.ecr.eu-west-1.amazonaws.com/app:1", None),
        ("europe-docker.pkg.dev/p/r/app:1", None),
        ("eu.gcr.io/p/app:1", None),
        ("r.example.com:5000/team/app:1", "https://r.example.com:5000/v2/team/app/tags/list"),
        ("plain.example.com/app:1", "http://plain.example.com/v2/app/tags/list"),
        ("127.0.0.1:5000/app:1", "http://127.0.0.1:5000/v2/app/tags/list"),
        ("localhost/app:1", "http://localhost/v2/app/tags/list"),
        ("[::1]:5000/app:1", "http://[::1]:5000/v2/app/tags/list"),
    ],
)
def test_an_image_has_the_page_of_its_registry(reference: str, url: str | None) -> None:
    link = image_link(Reference.parse(reference), insecure=("plain.example.com",))
    assert (link and link.url) == url
    assert url is None or is_web_address(url)


def test_the_title_says_what_opens() -> None:
    pushed = Reference.parse(f"quay.io/team/app:{COMMIT}")
    link = image_link(pushed)
    assert link is not None
    assert link.title == "team/app:012345678901"
    plain = image_link(Reference.parse(f"r.example.com/team/app:{COMMIT}"))
    assert plain is not None
    assert plain.title == "tags of team/app"


def test_a_template_makes_the_page() -> None:
    template = "https://h.example.com/{registry}/{repository}/{name}?tag={tag}&d={digest}"
    check_page(template)
    reference = Reference.parse("r.example.com:5000/team/app:1")
    assert image_link(reference, template, digest="sha256:a") == Link(
        "team/app:1",
        "https://h.example.com/r.example.com:5000/team/app/app?tag=1&d=sha256:a",
    )
    assert image_link(reference, "https://{digest}/", digest="a@b") is None


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert({tag})",
        "//h.example.com/{tag}",
        "https://user:pass@h.example.com/{tag}",
        "https://h.example.com/{commit}",
        "https://h.example.com/{tag.__class__}",
        "https://h.example.com/{tag[0]}",
        "https://h.example.com/{}",
        "https://h.example.com/{0}",
        "https://h.example.com/{tag",
        "https:///{tag}",
        "https://h.example.com/ {tag}",
        'https://h.example.com/"><script>',
        "https://[::1/{tag}",
    ],
)
def test_a_template_that_makes_no_safe_url_is_refused(template: str) -> None:
    with pytest.raises(InvalidRequest, match="image_page"):
        check_page(template)


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/team/app.git", "https://github.com/team/app/compare/"),
        ("https://robot:secret@github.com/team/app", "https://github.com/team/app/compare/"),
        ("git@github.com:team/app.git", "https://github.com/team/app/compare/"),
        ("ssh://git@github.com/team/app.git", "https://github.com/team/app/compare/"),
        ("ssh://git@github.com:22/team/app", "https://github.com/team/app/compare/"),
        (
            "https://gitlab.example.com:8443/g/s/app.git",
            "https://gitlab.example.com:8443/g/s/app/-/compare/",
        ),
        ("git@gitlab.com:g/s/app.git", "https://gitlab.com/g/s/app/-/compare/"),
        ("https://codeberg.org/team/app", "https://codeberg.org/team/app/compare/"),
        ("http://gitea.local/team/app", "http://gitea.local/team/app/compare/"),
        ("https://git.example.com/team/app.git", None),
        ("https://github.com.evil.example/", None),
        ("https://github.com:x/team/app", None),
        ("ftp://github.com/team/app", None),
        ("file:///srv/app.git", None),
        ("/srv/github.com/app.git", None),
        ("origin", None),
        ("", None),
    ],
)
def test_a_proposal_has_the_page_that_compares_it(remote: str, url: str | None) -> None:
    link = proposal_link(remote, "main", "ship/bases-1-abc")
    assert (link and link.url) == (url and f"{url}main...ship/bases-1-abc")
