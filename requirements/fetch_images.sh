#!/usr/bin/env bash
# Save the images of the containers in FOLDER, for machines without internet. Their architecture is the engine's own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$1
files=(--file docker-compose.yml --file requirements/images.yml)

if ! docker info >/dev/null 2>&1; then
  echo "The images of the containers were left out: no Docker engine answers."
  exit 0
fi
compose=(docker compose)
"${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)

echo "Building the images of the containers."
"${compose[@]}" "${files[@]}" build --quiet sync_app # the others share its image
# names without spaces, which the loops and commands below split
images=$(sed -n 's/.*image: *\([^ }]*\).*/\1/p' docker-compose.yml requirements/images.yml | sort -u | xargs)
for image in $images; do
  docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image"
done

mkdir -p "$folder"
archive=$folder/images-$(docker version --format '{{.Server.Arch}}').tar.gz
known=$archive.ids # what the archive holds
ids=$(docker image inspect --format '{{.Id}}' $images)
if [[ -f $archive && -f $known && $(<"$known") == "$ids" ]]; then
  echo "$archive is complete."
  exit 0
fi
echo "Saving $images: about a minute."
trap 'rm -f "$archive.part"' EXIT
docker save $images | gzip -1 >"$archive.part"
mv "$archive.part" "$archive"
echo "$ids" >"$known"
echo "$archive has $(($(wc -c <"$archive") / 1048576)) MiB of images."
