"""The manifests of docs/run/kubernetes.md are valid, and their parts fit together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from tests.article.conftest import USER
from tests.article.pages import FILES, commands, run_commands

MANIFESTS = FILES / "kubernetes"
OLDEST, NEWEST = "1.30", "1.37"
ARGUMENTS = {"remotemath": "--port=tcp:8080", "fancycalculator": "--listen=tcp:8080"}
DIGESTS = {name: f"127.0.0.1:5000/x/{name}@sha256:{i:064x}" for i, name in enumerate(ARGUMENTS)}


@pytest.fixture(params=sorted(ARGUMENTS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def resources(name: str, folder: Path = MANIFESTS) -> dict[str, Any]:
    """Return the resources of a manifest by kind."""
    documents = yaml.safe_load_all((folder / f"{name}.yaml").read_text(encoding="utf-8"))
    return {document["kind"]: document for document in documents}


def pod_of(name: str) -> Any:
    return resources(name)["Deployment"]["spec"]["template"]["spec"]


def container_of(name: str) -> Any:
    (container,) = pod_of(name)["containers"]
    return container


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_manifests_are_valid(name: str, version: str) -> None:
    found = resources(name)
    assert set(found) == {"Deployment", "Service"}
    for resource in found.values():
        assert validate(resource, version, strict=True) == version


def misspell(container: dict[str, Any]) -> None:
    container["securityContext"]["readOnlyRootFileSystem"] = True


def misplace(container: dict[str, Any]) -> None:
    container["seccompProfile"] = {"type": "RuntimeDefault"}


def mistype(container: dict[str, Any]) -> None:
    container["args"] = "--port=tcp:8080"


def omit(container: dict[str, Any]) -> None:
    del container["readinessProbe"]["tcpSocket"]["port"]


@pytest.mark.parametrize("change", [misspell, misplace, mistype, omit])
def test_a_wrong_field_is_noticed(change: Callable[[dict[str, Any]], None]) -> None:
    deployment = resources("remotemath")["Deployment"]
    change(deployment["spec"]["template"]["spec"]["containers"][0])
    with pytest.raises(ValidationError):
        validate(deployment, NEWEST, strict=True)


def test_a_service_finds_its_pods_under_its_name(name: str) -> None:
    found = resources(name)
    deployment, service = found["Deployment"], found["Service"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert service["metadata"]["name"] == name
    (port,), container = service["spec"]["ports"], container_of(name)
    (container_port,) = container["ports"]
    assert port["targetPort"] == container_port["name"]
    probes = [container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")]
    assert [probe["tcpSocket"]["port"] for probe in probes] == [container_port["name"]] * 3
    assert (port["port"], container_port["containerPort"]) == (8080, 8080)


def test_the_page_finds_the_service() -> None:
    service = resources("remotemath")["Service"]
    address = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert container_of("fancycalculator")["env"] == [{"name": "REMOTE_MATH", "value": address}]


def test_arguments_are_appended_to_the_entry_point(name: str) -> None:
    container = container_of(name)
    assert container["args"] == [ARGUMENTS[name]]
    assert "command" not in container


def test_containers_have_no_privileges(name: str) -> None:
    pod = pod_of(name)
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container_of(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False


def test_the_key_is_a_file_that_only_the_user_reads(name: str) -> None:
    pod = pod_of(name)
    (volume,), (mount,) = pod["volumes"], container_of(name)["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert mount["mountPath"] == "/run/secrets/ship-key"
    assert volume["secret"]["defaultMode"] == 0o440
    key, secret = mount["subPath"], volume["secret"]["secretName"]
    create = f'kubectl create secret generic {secret} --from-file={key}="$SHIP_KEY"'
    assert create in commands("kubernetes.md")["Start"]


def test_the_command_of_the_page_sets_the_digests(tmp_path: Path) -> None:
    for name in ARGUMENTS:
        assert container_of(name)["image"].endswith(f"/{name}@sha256:{'0' * 64}")
    shutil.copytree(MANIFESTS, tmp_path, dirs_exist_ok=True)
    variables = {name.upper(): reference for name, reference in DIGESTS.items()}
    done = run_commands(commands("kubernetes.md")["Set the digests"], tmp_path, variables)
    assert done.returncode == 0, done.stderr
    for name, reference in DIGESTS.items():
        before, after = resources(name), resources(name, tmp_path)
        before["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"] = reference
        assert after == before
