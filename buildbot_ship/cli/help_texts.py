"""The texts of ``buildbot-ship --help`` and of ``--help`` for each verb."""

from __future__ import annotations

PROGRAM_HELP = """\
Ship Python applications in Docker: copy base images, harden requirements, build wheels
without a network, make a pex and a small runtime image, and push the image under its
commit hash.
"""

VERB_ORDER = """\
Before the first build:
  in your repository        init writes Dockerfiles, and says what to do next
  on your Buildbot master   adopt says what its configuration lacks

Order of the verbs:
  now and then              retag, derive, pin
  requirements changed      harden; then commit its files, or push them with propose
  for every commit          check, build without --to, smoke, push --tested;
                            build runs wheels, pex and image; with --to, also push
  to deploy                 promote
  to check a commit         find (is it published?), verify (is it reproducible?)
  sealed secrets            secrets; for every commit, check-secrets
  something fails           doctor
  once                      completion, for your shell

Exit status: 0 for success; 2 for a wrong option; 3 if doctor found a problem; 70 for a bug of
buildbot-ship; 141 if nobody reads its output; 143 if a signal stopped it.  Every other error
has its own status.
"""

VERB_HELP = {
    "retag": (
        "Copy base images to your own repositories, under a timestamp tag. All copies get "
        "the same tag.\nA tag is never moved.",
        "buildbot-ship retag python:3.14=registry.example.com/team/python314 \\\n"
        "      python:3.14-slim=registry.example.com/team/python314-slim",
    ),
    "derive": (
        "Build your own base images on others, under a timestamp tag. A base is built if its "
        "Dockerfile,\na file that it copies or its own base changed, or if it is old. "
        "Otherwise the engine is not used.\n--no-cache builds it in any case.",
        "buildbot-ship derive psycopg.docker=registry.example.com/team/python314-psycopg",
    ),
    "pin": (
        "Update FROM lines to the newest tags that retag and derive made. Nothing else in the "
        "files changes.\nWithout arguments, it updates every *.docker in the top folder.",
        "buildbot-ship pin build.docker app.docker",
    ),
    "propose": (
        "Push changed files as a branch for review. The branch is ship/TOPIC-NUMBER-DIGEST. "
        "No branch is\never moved, and the same change is not proposed twice.",
        "buildbot-ship propose bases *.docker --message Newer_bases --target main",
    ),
    "harden": (
        "Pin every package with its version and hashes. Resolves requirements.loose.txt in a "
        "throw-away\ncontainer of the base in build.docker, and writes requirements.strict.txt "
        "and\nrequirements.build.txt. Review and commit both files.",
        "buildbot-ship harden --package . --upgrade twisted,klein",
    ),
    "check": (
        "Check that requirements.strict.txt is up to date. Reads the files of the commit, and "
        "changes nothing.\nReports every problem with its file and line. Needs no network, "
        "except to find the Python version\nof a base that is not the one in the header of "
        "the strict file.",
        "buildbot-ship check --package .",
    ),
    "lock": (
        "Export requirements.strict.txt as pylock.toml (PEP 751), which pip, uv and others "
        "install from.\nLooks the files up in the package index, in a throw-away container.",
        "buildbot-ship lock export --output pylock.toml",
    ),
    "secrets": (
        "Seal secrets in the repository for listed recipients.\n"
        "keygen makes a key, seal adds a secret, unseal opens one, rotate seals all again,\n"
        "list shows who can read what, check finds damage and plain secrets in a commit.\n"
        "seal reads standard input or a file, and needs no private key.",
        "buildbot-ship secrets seal api-token --input token.txt",
    ),
    "check-secrets": (
        "Check the sealed secrets of a commit, and search it for plain secrets. The same as "
        "secrets check.\nWith --key-file, every secret is also opened.",
        "buildbot-ship check-secrets",
    ),
    "find": (
        "Check whether a commit is published, built with the same options. Queries the caches "
        "and the registry,\nand builds nothing. The options are those of build.",
        "buildbot-ship find --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath \\\n"
        "      --source https://git.example.com/team/calculator.git \\\n"
        "      --to registry.example.com/team",
    ),
    "wheels": (
        "Build the wheelhouse of a commit. Downloads every file in the strict file and checks "
        "its hash.\nBuilds sdists and your own packages without a network.",
        "buildbot-ship wheels --package .",
    ),
    "pex": (
        "Make a pex from packages in the wheelhouse and their dependencies.",
        "buildbot-ship pex twist.pex twisted,remotemath --module twisted",
    ),
    "image": (
        "Assemble a runtime image. Reads NAME.docker, and loads the image into the engine.",
        "buildbot-ship image remotemath --source https://git.example.com/team/calculator.git",
    ),
    "smoke": (
        "Run images before they are pushed, and check that they work. All containers share a "
        "private\nnetwork under their DNS names. They have a read-only root, no capabilities "
        "and no other network.\nEach option belongs to the last container or check before it.",
        "buildbot-ship smoke --container remotemath --argument=--port=tcp:8080 \\\n"
        "      --container fancycalculator --argument=--listen=tcp:8080 \\\n"
        "      --env REMOTE_MATH=http://remotemath:8080 \\\n"
        "      --url http://fancycalculator:8080/ --text Result:12",
    ),
    "push": (
        "Push an image, with the full commit hash as its tag. Succeeds if the tag already has "
        "the same image,\nand fails if it has another one.",
        "buildbot-ship push remotemath registry.example.com/team/remotemath",
    ),
    "promote": (
        "Set a channel, a tag that may move, to an image that is published. Nothing is built. "
        "To roll back,\npromote the image before.",
        "buildbot-ship promote registry.example.com/team/remotemath \\\n"
        "      0b1c0b1c0b1c0b1c0b1c0b1c0b1c0b1c0b1c0b1c \\\n"
        "      --channel production",
    ),
    "gc": (
        "Remove the leftovers of builds from the engine and the work folder. Removes only "
        "containers and\nimages in the ledger of this worker. With --dry-run, it shows the "
        "plan and removes nothing.",
        "buildbot-ship gc",
    ),
    "build": (
        "Run wheels, pex, image and push in one process. Without --to, the images stay in the "
        "engine for smoke,\nand gc removes them. With --dry-run, it prints the plan. Give "
        "the --source of your master:\notherwise the master cannot publish the same commit "
        "after you.",
        "buildbot-ship build --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath \\\n"
        "      --pex fc-twist.pex=twisted,fancycalculator --image fancycalculator \\\n"
        "      --source https://git.example.com/team/calculator.git \\\n"
        "      --to registry.example.com/team",
    ),
    "verify": (
        "Build a commit a second time and compare every byte. Run it after build or image, "
        "with the same\noptions. The second build uses no cache, and has other folders and "
        "another umask, locale, time zone\nand clock. A failure names the first file that "
        "differs.",
        "buildbot-ship verify --package . --module twisted \\\n"
        "      --pex twist.pex=twisted,remotemath --image remotemath \\\n"
        "      --source https://git.example.com/team/calculator.git",
    ),
}

QUESTION_HELP = {
    "init": (
        "Write what a repository needs to ship: build.docker, a Dockerfile for each image, the "
        "loose file\nif nothing else has the requirements, and ship.cfg, a fragment for "
        "master.cfg. Finds packages, web\napplications and console scripts, and runs none of "
        "their code. Never overwrites a file.",
        "buildbot-ship init --registry registry.example.com/team",
    ),
    "adopt": (
        "Say what an existing Buildbot master lacks to ship. Loads its master.cfg as "
        "buildbot checkconfig does,\nso the code in it runs. Changes nothing, and starts no "
        "build.",
        "buildbot-ship adopt /var/lib/buildbot/master",
    ),
    "doctor": (
        "Check everything that a build needs. Each line is ok, warning, problem or skipped; a "
        "problem has\nits cause and its remedy. Checks the engine, disks, the clock, CA "
        "bundles, the package index,\nregistries with their logins and the right to push, git, "
        "the Dockerfiles, the strict file, and\nbases. Changes nothing, here and in "
        "registries. The exit status is 3 if there is a problem.",
        "buildbot-ship doctor --to registry.example.com/team",
    ),
    "affected": (
        "Ask a master which published images contain a package, since when, and through what.",
        "buildbot-ship affected 'urllib3<2.5' --master https://buildbot.example.com/",
    ),
    "completion": (
        "Print a script that completes verbs and options in your shell.",
        "mkdir -p ~/.local/share/bash-completion/completions\n"
        "  buildbot-ship completion bash \\\n"
        "      > ~/.local/share/bash-completion/completions/buildbot-ship",
    ),
}
"""The words of the command line that no worker runs: the text, and an example."""
