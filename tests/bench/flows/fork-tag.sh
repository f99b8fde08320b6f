#!/bin/sh
# The article's fork-tagging: $ORIGINAL and its -slim become $IMAGE and its -slim, under $TAG.
set -eu
for ext in "" -slim; do
    docker pull "$ORIGINAL$ext"
    docker tag "$ORIGINAL$ext" "$IMAGE$ext:$TAG"
    docker push "$IMAGE$ext:$TAG"
done
