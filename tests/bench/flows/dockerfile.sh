#!/bin/sh
# One Dockerfile, $DOCKERFILE, that builds and runs in the same image; and the push.
set -eu
commit=$(git rev-parse HEAD)
docker build --build-arg PIP_CERT --build-arg PIP_INDEX_URL \
    --tag "$IMAGE:$commit" --file "$DOCKERFILE" .
docker push "$IMAGE:$commit"
