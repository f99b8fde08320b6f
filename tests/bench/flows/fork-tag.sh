#!/bin/sh
# The article's fork-tagging of one base: $ORIGINAL becomes $IMAGE:$TAG.
set -eu
docker pull "$ORIGINAL"
docker tag "$ORIGINAL" "$IMAGE:$TAG"
docker push "$IMAGE:$TAG"
