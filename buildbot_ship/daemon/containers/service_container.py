"""Create the container of a service: what it may do, its files and its folders."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Mapping
from typing import Any

from ..interface import Service
from ..shared.kernel_limits import cpu_quota, ulimits

MAX_STORED_LOG = "8m"
"""Size of a service's log in the engine."""


def create(
    client: Any, service: Service, name: str, *, network: str, labels: Mapping[str, str]
) -> None:
    """Create the container *name* of a service on the engine's network *network*."""
    limits = service.limits
    host = client.create_host_config(
        network_mode=network,
        read_only=True,
        mem_limit=limits.memory,
        memswap_limit=limits.memory,
        pids_limit=limits.processes,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        ulimits=ulimits(limits),
        **cpu_quota(limits),
        tmpfs=_folders_in_memory(service),
        log_config={"Type": "json-file", "Config": {"max-size": MAX_STORED_LOG}},
        # The engine asks this server for names that it does not know, instead of the host's:
        # nothing leaves the network.  It gives no answer, so the client shall not wait long.
        dns=["127.0.0.1"],
        dns_opt=["timeout:1", "attempts:1"],
    )
    endpoint = client.create_endpoint_config(aliases=[service.name])
    client.create_container(
        service.image,
        name=name,
        command=list(service.arguments) or None,
        labels=dict(labels),
        environment=dict(service.environment),
        user=service.user or None,
        volumes=_disk_volumes(service),
        networking_config=client.create_networking_config({network: endpoint}),
        host_config=host,
    )


def _user_id(service: Service) -> int | None:
    """Return the number of the user of a service, None if only the image knows it."""
    name = service.user.partition(":")[0] or "0"
    number = "0" if name == "root" else name
    return int(number) if number.isdecimal() else None


def _disk_volumes(service: Service) -> list[str]:
    """Return the folders of a service that are volumes on disk.

    Files can only be put into a read-only container through a volume.
    """
    folders = {posixpath.dirname(path) for path in service.files}
    if _user_id(service) is None:
        folders.update(service.volumes)
    return sorted(folders)


def _folders_in_memory(service: Service) -> dict[str, str]:
    """Return the tmpfs folders of a service, which belong to its user.

    The engine gives them the mode of the folder in the image.  If only the image knows the
    user, they are volumes instead: those have the owner of the folder in the image.
    """
    user = _user_id(service)
    if user is None:
        return {}
    return dict.fromkeys(
        service.volumes, f"exec,mode=1777,uid={user},size={service.limits.disk}"
    )


def hosts_archive() -> tuple[str, bytes]:
    """Return a folder, and a tar with ``/etc/hosts`` for a container without a network.

    The engine leaves that file empty.
    """
    return archives({"/etc/hosts": b"127.0.0.1 localhost\n::1 localhost\n"})[0]


def archives(files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """Return a tar with the files of each folder, which every user can read."""
    tars = []
    for folder in sorted({posixpath.dirname(path) for path in files}):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, content in sorted(files.items()):
                if posixpath.dirname(path) == folder:
                    member = tarfile.TarInfo(posixpath.basename(path))
                    member.mode, member.size = 0o444, len(content)
                    archive.addfile(member, io.BytesIO(content))
        tars.append((folder, packed.getvalue()))
    return tars
