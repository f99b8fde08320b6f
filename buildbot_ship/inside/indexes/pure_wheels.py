"""Install locked wheels of pure Python from a package index, with the standard library only.

The first job on a base has no tool yet.  pip, which comes with Python, needs three seconds of a
processor to start on a base without bytecode, and less than one for its work.  Whatever is
unusual here raises Unusual, and then pip installs: an index without JSON, a login, a wheel that
is not pure, an error of the network.  Format of a listing:
https://packaging.python.org/specifications/simple-repository-api/.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import ssl
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urljoin

JSON = "application/vnd.pypi.simple.v1+json"
ENTRY = re.compile(
    r"^([a-z0-9-]+)==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})+)", re.MULTILINE
)
DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
PARALLEL = 8
FAULTS = (OSError, HTTPException, ValueError, LookupError, TypeError, zipfile.BadZipFile)
"""What the network, and a listing or a wheel of another form, may raise."""
MAX_BYTES = 64 * 1024 * 1024


class Unusual(Exception):
    """This is a case for pip."""


def install(lock: str, index: str, site_packages: Path, seconds: float) -> None:
    """Install every package of *lock* into *site_packages*; raise Unusual before any change.

    *index* is the URL of the index.  Each answer must come within *seconds*.
    """
    entries = [(name, set(DIGEST.findall(hashes))) for name, hashes in ENTRY.findall(lock)]
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )

    def get(url: str, **headers: str) -> Any:
        if not url.startswith(("https://", "http://")):
            raise Unusual("the URL of a file is not one of HTTP")
        request = urllib.request.Request(url, headers=headers)  # noqa: S310  # see above
        return opener.open(request, timeout=seconds)

    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            wheels = list(pool.map(lambda entry: fetch(get, index, *entry), entries))
        members = [modules(wheel) for wheel in wheels]
    except FAULTS as error:
        raise Unusual(str(error)) from None
    for wheel, names in zip(wheels, members, strict=True):
        wheel.extractall(site_packages, names)


def fetch(get: Callable[..., Any], index: str, name: str, hashes: set[str]) -> zipfile.ZipFile:
    """Return the wheel of pure Python that has one of *hashes*."""
    with get(f"{index.rstrip('/')}/{name}/", Accept=JSON) as answer:
        if answer.headers.get_content_type() != JSON:
            raise Unusual("the index has no listings in JSON")
        url = choose(json.load(answer)["files"], hashes, answer.url)
    with get(url) as answer:
        data = answer.read(MAX_BYTES)
    if hashlib.sha256(data).hexdigest() not in hashes:
        raise Unusual(f"{name} has another hash")
    return zipfile.ZipFile(io.BytesIO(data))


def choose(files: list[Mapping[str, Any]], hashes: set[str], base: str) -> str:
    """Return the URL of the file for every Python 3 that has one of *hashes*."""
    for file in files:
        fits = str(file["filename"]).endswith("py3-none-any.whl")
        if fits and file["hashes"].get("sha256") in hashes:
            return urljoin(base, str(file["url"]))
    raise Unusual("no wheel of pure Python")


def modules(wheel: zipfile.ZipFile) -> list[str]:
    """Return the members to extract, without scripts: jobs import the tools.

    Raises Unusual if that is not all that the installation takes.
    """
    names = []
    for name in wheel.namelist():
        path = PurePosixPath(name)
        in_data = path.parts[0].endswith(".data")
        if ".." in path.parts or path.is_absolute() or (in_data and path.parts[1] != "scripts"):
            raise Unusual(f"{name} needs an installer")
        if not in_data:
            names.append(name)
    return names
