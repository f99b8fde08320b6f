#!/bin/sh
# The article's commands: an image that builds, run once; the pex out of it; the image that
# ships; the push.  $IMAGE is a repository, $BUILDER the name of one that stays here, $LABEL
# what a container is found by.
set -eu
commit=$(git rev-parse HEAD)
output=$(mktemp -d)
builder="builder-$commit"
trap 'rm -rf "$output"; docker rm --force "$builder" > /dev/null 2>&1 || true' EXIT
trap 'exit 143' TERM

docker build --build-arg PIP_CERT --build-arg PIP_INDEX_URL \
    --tag "$BUILDER:$commit" --file bench/article-build.docker .
docker run --label "$LABEL" --name "$builder" --env PIP_CERT --env PIP_INDEX_URL \
    "$BUILDER:$commit"
docker cp "$builder:/mnt/output/." "$output"
docker rm "$builder"
docker build --tag "$IMAGE:$commit" --file fancycalculator.docker "$output"
docker push "$IMAGE:$commit"
