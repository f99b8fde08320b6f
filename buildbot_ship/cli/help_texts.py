"""What the command line says of itself: of the whole, and of every verb."""

from __future__ import annotations

TOP = """\
Ship Python applications in Docker: owned bases, hardened requirements, wheels built
with no network, a pex, a small runtime image, pushed under its commit.
"""

ORDER = """\
In order: retag, derive and pin, once in a while; harden when requirements change, and
commit what it writes (propose makes a branch of it); then for every commit check, wheels,
pex, image, push (or build, the last four).  verify tells, after image or build, whether
the commit gives the same bytes again; find, whether it is published.

Exit status: 0, or one per kind of error; 2 for options that make no sense, 70 for a bug
of buildbot-ship, 143 when it was told to stop.
"""

ABOUT = {
    "retag": (
        "Copy base images into your own repository under one timestamp tag. "
        "A tag is never moved.",
        "buildbot-ship retag python:3.11=registry.example.com/team/python311 \\\n"
        "      python:3.11-slim=registry.example.com/team/python311-slim",
    ),
    "derive": (
        "Build bases of your own on others, and own them under a timestamp tag. A base is "
        "built when its\nDockerfile, what that copies or what it stands on has changed, or "
        "when it is old; otherwise\nthe engine is left out. --no-cache builds it in any case.",
        "buildbot-ship derive psycopg.docker=registry.example.com/team/python311-psycopg",
    ),
    "pin": (
        "Move FROM lines to the newest own bases. Looks at what retag made, and changes "
        "nothing else\nin the files; without names, in every *.docker of the top folder.",
        "buildbot-ship pin build.docker app.docker",
    ),
    "propose": (
        "Push changed files as a branch for review. The branch is ship/TOPIC-NUMBER-DIGEST; "
        "no branch is ever\nmoved, and what is proposed already is not proposed again.",
        "buildbot-ship propose bases *.docker --message Newer_bases --target main",
    ),
    "harden": (
        "Pin every package, version and hash. Resolves requirements.loose.txt in a "
        "throw-away container from the base\nthat build.docker names, and writes "
        "requirements.strict.txt and requirements.build.txt. Review and commit both.",
        "buildbot-ship harden --package . --upgrade twisted,klein",
    ),
    "check": (
        "Tell whether the strict file still follows from the loose one. Reads the commit, "
        "and\nchanges nothing; what is stale is named by file and line. No network is asked, "
        "but where FROM\nnames another base than the one hardened on: that one is asked for "
        "its Python.",
        "buildbot-ship check --package .",
    ),
    "find": (
        "Tell whether a commit is published, made in the same way. Asks the caches and the "
        "registry,\nand nothing is made. The options are those of build.",
        "buildbot-ship find --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath \\\n"
        "      --to registry.example.com/team",
    ),
    "wheels": (
        "Make the wheelhouse of a commit. Fetches every file that the strict file pins, "
        "by hash,\nand builds what is no wheel with the network off.",
        "buildbot-ship wheels --package .",
    ),
    "pex": (
        "Make a pex of some packages of the wheelhouse, and what they need.",
        "buildbot-ship pex twist.pex twisted,remotemath --module twisted",
    ),
    "image": (
        "Assemble a runtime image. Reads NAME.docker, and loads the image into the engine.",
        "buildbot-ship image remotemath",
    ),
    "push": (
        "Publish an assembled image under the full hash of its commit. A tag that holds "
        "the same\nimage is success; another image under it is refused.",
        "buildbot-ship push remotemath registry.example.com/team/remotemath",
    ),
    "gc": (
        "Remove what dead builds of this worker left in the engine. "
        "What is not in our ledger is\nnever touched.",
        "buildbot-ship gc",
    ),
    "build": (
        "Wheels, pex, image and push, in one process.",
        "buildbot-ship build --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath \\\n"
        "      --pex fc-twist.pex=twisted,fancycalculator --image fancycalculator \\\n"
        "      --to registry.example.com/team",
    ),
    "verify": (
        "Build the commit a second time and compare every byte. What was just built is built "
        "again\nfrom nothing, in other folders, with another umask, locale, time zone, clock; "
        "the first\nfile that differs is named. The options are those of build.",
        "buildbot-ship verify --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath",
    ),
}
