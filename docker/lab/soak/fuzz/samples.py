"""Valid texts of each format, with the planted secret where secrets stand, and their words."""

from __future__ import annotations

import base64
import hashlib

from lab.soak.fuzz.promise import PLANTED

_SECRET = PLANTED.encode()
_HASH = b"--hash=sha256:" + b"0f" * 32
_OWN = b"own.example.com/team/python311:2026-11-23T04-50-49-169150"
_DIGEST = b"sha256:" + b"ab" * 32
_KEY = bytes(range(32))
_PUBLIC = f"ship-pub-{_KEY.hex()}{hashlib.sha256(_KEY).hexdigest()[:8]}".encode()
_PRINT = hashlib.sha256(_KEY).hexdigest()[:16].encode()

REQUIREMENTS = (
    b"# notes\nklein>=24.8\nrequests[socks] >= 2, != 2.1 ; python_version < '4' # why\n",
    b"six\\\n  >=1\n-r more.txt\n-c limits.txt\nattrs\n",
    b"--index-url https://user:" + _SECRET + b"@pypi.example.com/simple\nsix\n",
    b"-e git+https://" + _SECRET + b"@example.com/a.git#egg=a\nsix\n",
    b"a @ https://u:" + _SECRET + b"@example.com/a-1.tar.gz#md5=00 ; os_name == 'posix'\nsix\n",
    b"six==1.0 --hash=md5:" + _SECRET + b"\nattrs\n",
    b"\xef\xbb\xbf# -*- coding: utf-8 -*-\r\nsix~=1.0\r\n",
    b"token: " + _SECRET + b"\n[section]\npassword=" + _SECRET + b"\n",
    b"six === 1.0+local ; (os_name=='a' or extra in 'b') and platform_machine not in 'c'\n",
)
REQUIREMENT_WORDS = (
    b" ; os_name == \"C:\\\"",
    b"-r ", b"-c ", b"-e ", b"-i ", b"--index-url ", b"--requirement=", b"--no-binary :all:",
    b"--trusted-host x", b"--hash=sha256:", b"--hash=md5:", b"--hash sha512:", _HASH,
    b"git+https://", b"file:///etc/passwd", b"/etc/passwd", b"../../x", b"./x.whl", b"a.tar.gz",
    b"${HOME}", b"$HOME", b"#md5=00", b" ; ", b"python_version", b"extra", b"and", b"or",
    b"not in", b"in", b"==", b"===", b"~=", b"!=", b">=", b"1.*", b"1!2", b"1.0a1", b" @ ",
    b",",
    b"six", b"[x,y]", b"\nsix==1 ", b"# via", b"\n#: package .\n", b"# loose: a sha256:",
    b"# python: ", b"-*- coding: latin-1 -*-", b"# coding:", b"https://u:" + _SECRET + b"@h/",
    b"<(", b"|", b"&&",
)  # fmt: skip
STRICT = (
    b"# written by `buildbot-ship harden`: review it, check it in, do not edit it\n"
    b"# loose: requirements.loose.txt sha256:" + b"1a" * 32 + b"\n"
    b"# python: 3.11.2 cpython-311-x86_64-linux-gnu linux-x86_64\n# base: " + _OWN + b"\n"
    b"# tools: pip 26.3\n# no-binary: six\n# sdist: six==1\n"
    b"six==1 \\\n    " + _HASH + b" \\\n    " + _HASH + b"\n    # via klein\n",
    b"klein[x]==24.8.0 ; os_name == 'posix' " + _HASH + b"\nsix===1.0 " + _HASH + b"\n",
    b"six==1 --hash=sha512:"
    + _SECRET
    + b"\n-e "
    + _SECRET
    + b"\nhttps://a:"
    + _SECRET
    + b"@b/\n",
    b"six==1 " + _HASH + b"\n    # via\n    #   -r a.txt\n    #   klein\n",
)
LOCK = (
    b"#: sdist six==1 sha256:" + b"0a" * 32 + b"\nsetuptools==84.2.1 " + _HASH + b"\n"
    b"#: package .\nsetuptools==84.2.1 \\\n  " + _HASH + b"\nwheel==1 " + _HASH + b"\n",
    b"#: package ./" + _SECRET + b" x\nsix==1 " + _HASH + b"\n--find-links " + _SECRET + b"\n",
    b"#: package sub/folder\n",
)
DOCKERFILES = (
    b"# escape=\\\nFROM " + _OWN + b' AS app\nCOPY app.pex /\nENTRYPOINT ["/app.pex"]\n',
    b"ARG B=" + _OWN + b"\nFROM $B\nARG V=1\nENV A=$V B=${A:-x} C='a b' D=\"${B:+$A}\"\n"
    b'LABEL a=b c="d e"\nUSER 1000:1000\nWORKDIR /srv\nEXPOSE 80 8000-8010/udp\n',
    b"FROM " + _OWN + b'\nHEALTHCHECK --interval=1m30s --retries=3 CMD ["a", "b"]\n'
    b'VOLUME ["/a", "/b"]\nSTOPSIGNAL SIGTERM\nCMD a && b \\\n  # no\n  c\n',
    b"# syntax=docker/dockerfile:1\n# escape=`\nFROM " + _OWN + b"@" + _DIGEST + b"\n"
    b"COPY --chown=a:b --chmod=755 a/*.py b[!c]? `\n  /srv/\nRUN x <<EOF\ny\nEOF\n",
    b"FROM " + _OWN + b" AS one\nRUN pip install x\nFROM one\nCOPY --from=one /a /b\nADD c d\n",
    b"FROM " + _OWN + b"\nENV TOKEN=" + _SECRET + b" x\nLABEL " + _SECRET + b"\n"
    b"ADD https://u:" + _SECRET + b"@example.com/x /\nCOPY " + _SECRET + b" ../..\n",
    b"token: " + _SECRET + b"\n" + _SECRET + b'\n[x]\nkey = "' + _SECRET + b"\n",
    b"# syntax=docker/dockerfile:1\nFROM " + _OWN + b" AS a\nRUN --mount=type=bind,source=x,"
    b"target=/y --mount=type=cache,from=a,target='/z' <<-'E' cat <<\"F\"\n1\n\tE\n2\nF\n"
    b"COPY --chmod=755 <<" + _SECRET + b" /a\n" + _SECRET + b"\nCOPY --from=b.test/c:1 a /\n",
    b"\xef\xbb\xbfFROM " + _OWN + b'\r\nENTRYPOINT ["a"]\r\nONBUILD RUN a\r\nSHELL ["a"]\r\n',
)
DOCKERFILE_WORDS = (
    b"FROM ${0:+0}", b"\nCOPY \xc2\xa0", b"# check= \n", b"--from=-1 ",
    b"\nENV E=\"\"\nCOPY a $E\n",
    b"\nFROM ", b" AS ", b"\nCOPY ", b"\nENV ", b"\nARG ", b"\nLABEL ", b"\nRUN ", b"\nCMD ",
    b"\nHEALTHCHECK ", b"\nEXPOSE ", b"\nUSER ", b"\nWORKDIR ", b"\nVOLUME ", b"\nADD ",
    b"\nSTOPSIGNAL ", b"\nENTRYPOINT ", b"--from=", b"--chown=", b"--chmod=", b"--platform=",
    b"--interval=", b"--retries=", b"# escape=`\n", b"# syntax=x\n", b"${A:-", b"${A:+", b"${A",
    b"$A", b"}", b"\\\n", b"`\n", b"<<EOF", b"\nEOF\n", b"<<-'E'",
    b"--mount=type=", b"secret", b"from=", b"source=", b"[\"", b"\"]", b",", b"scratch", _OWN,
    b"@" + _DIGEST,
    b"[::1]:5000/a:b", b"[:::]/a:b", b"localhost:99999/a:b", b"1-65535", b"65536", b"SIGTERM",
    b"../..", b"/", b".", b"app.pex", b"a/b", b"loop", b"*", b"[!a-]", b"[z-a]", b"\\*",
)  # fmt: skip
IGNORED = (
    b"# no\n*\n!a/b\n**/*.pyc\n/c/\nd/**/e\n",
    b"[a-z]?*.[!x]\n!!\n\\#x\na/../b\n./c\n",
    b"**/node_modules\n*.{a,b}\n**x**/y\n",
)
IGNORED_WORDS = (
    b"**", b"**/", b"/**/", b"*", b"?", b"[a-z]", b"[^a]", b"[", b"]", b"[z-a]", b"!", b"\n!",
    b"\\", b"a", b"/", b"..", b"*a", b"a*", b"**a", b"[!]]",
)  # fmt: skip
RECIPIENTS = (
    b"# who\nrepository: example.com/team/app\nalice " + _PUBLIC + b"\n",
    b"repository: a\nbob ship-key-" + _SECRET + b"\nalice " + _PUBLIC + b" # why\n",
    b"repository: a\n" + _SECRET + b" " + _SECRET + b"\n",
)
_BOX = base64.b64encode(bytes(200))
SEALED = (
    b"ship-sealed: 1\nname: token\nrepository: example.com/team/app\n"
    b"alice " + _PRINT + b" " + _BOX + b"\nbob 0123456789abcdef " + _BOX + b"\n",
    b"ship-sealed: 1\nname: token\nrepository: a\n" + _SECRET + b"\n",
)
SECRET_WORDS = (
    b"repository: ", b"name: ", b"ship-sealed: 1", b"ship-sealed: 2", b"ship-pub-",
    b"ship-key-",
    b"alice ", b"\n", b"=", b"==", _PUBLIC, _PRINT, _BOX, b"00", b"#", b": ",
)  # fmt: skip
PLAIN = (
    b"PASSWORD = '" + _SECRET + b"'\nurl = https://u:" + _SECRET + b"@example.com/\n",
    b"-----BEGIN PRIVATE KEY-----\n" + b"Ab1+" * 16 + b"\n-----END PRIVATE KEY-----\n",
    b'x = 1\ntoken: "' + b"a1B2c3D4e5F6g7H8" + b'"  # ship: allow-secret\nAKIA' + b"A1" * 8,
)
PLAIN_WORDS = (
    b"password", b"secret=", b"token: ", b"api_key", b"=> ", b":= ", b"'", b"://", b"a+", b"@",
    b":", b"-----BEGIN ", b"PRIVATE KEY", b"-----", b"AKIA", b"ghp_", b"a1", b"A1b2", b"\\n",
    b"a.", b"/a", b"$2a$", b"0-",
)  # fmt: skip
REFERENCES = (
    _OWN, b"python:3.11", b"localhost/a", b"[::1]:5000/a/b:c", b"a/b@" + _DIGEST,
    b"registry.example.com:5000/team/a__b--c.d:x@" + _DIGEST,
    b"https://user:" + _SECRET + b"@registry.example.com/team/app:1",
)  # fmt: skip
REFERENCE_WORDS = (
    b"/", b":", b"@", b".", b"_", b"__", b"-", b"a", b"A", b"0", b"[", b"]", b"::", b":5000",
    b":99999", b"localhost", b"sha256:", _DIGEST, b"..", b"library/", b"docker.io/", b"a-",
    b"a.",
)  # fmt: skip
