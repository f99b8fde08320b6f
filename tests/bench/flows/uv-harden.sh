#!/bin/sh
# uv pins requirements with their hashes, in a container of the build base, $BASE: for its
# Python.  $UV is the program, $CACHE the folder of what uv keeps from run to run.
set -eu
docker run --rm --label "$LABEL" --user "$(id -u):$(id -g)" \
    --volume "$UV:/bin/uv:ro" --volume "$CACHE:/cache" --volume "$PWD:/src" --workdir /src \
    --env UV_CACHE_DIR=/cache \
    --env "UV_DEFAULT_INDEX=${PIP_INDEX_URL:-https://pypi.org/simple}" \
    --env "SSL_CERT_FILE=${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}" \
    "$BASE" uv pip compile --upgrade --generate-hashes \
    --output-file requirements.strict.txt requirements.loose.txt
