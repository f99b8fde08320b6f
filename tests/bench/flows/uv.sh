#!/bin/sh
# One Dockerfile, $DOCKERFILE, that BuildKit builds; and the push.  $CLIENT is a docker command
# that has BuildKit.
set -eu
commit=$(git rev-parse HEAD)
DOCKER_BUILDKIT=1 "$CLIENT" build --progress plain \
    --build-arg PIP_CERT --build-arg PIP_INDEX_URL \
    --tag "$IMAGE:$commit" --file "$DOCKERFILE" .
docker push "$IMAGE:$commit"
