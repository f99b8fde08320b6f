"""What the build of an own package gets to see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.scripts import scripts_folder

INSIDE = scripts_folder()
RUN = """\
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from wheels import source_of
entry, job, place = json.loads(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
print(source_of(entry, job, place).relative_to(place))
"""
SETUP = "tree/libs/one/setup.py"


def see(folder: Path, archival: str | None) -> tuple[str, dict[str, str]]:
    """Return where the package lies, and the content of every file that is there."""
    job, place = folder / "job", folder / "place"
    for path in (SETUP, "tree/libs/two/setup.py", "archival"):
        (job / path).parent.mkdir(parents=True, exist_ok=True)
        (job / path).write_text(f"{path}\n")
    fields = {"title": "package", "source": "tree/libs/one", "repository": None}
    entry = json.dumps({**fields, "archival": archival})
    argv = [sys.executable, "-c", RUN, str(INSIDE), entry, str(job), str(place)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    files = (path for path in place.rglob("*") if path.is_file())
    return done.stdout.strip(), {str(f.relative_to(place)): f.read_text() for f in files}


def test_a_package_is_built_without_those_that_are_built_beside_it(tmp_path: Path) -> None:
    assert see(tmp_path, None) == ("tree/libs/one", {SETUP: f"{SETUP}\n"})


def test_what_git_archive_would_tell_lies_where_tools_look_for_it(tmp_path: Path) -> None:
    _, files = see(tmp_path, "archival")
    assert files == {
        SETUP: f"{SETUP}\n",
        "tree/.git_archival.txt": "archival\n",
        "tree/libs/.git_archival.txt": "archival\n",
        "tree/libs/one/.git_archival.txt": "archival\n",
    }
