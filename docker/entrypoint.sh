#!/bin/sh
# What the container does: bring the gallery up to date with the mounted catalogue, then serve it; without either, serve
# the demo. Arguments are a command to run instead.
set -eu
catalogue=/catalogue
gallery=/data/gallery
mkdir -p "$TMPDIR"

# the one feed at the top of the catalogue, else the catalogue as a folder of photos, else nothing
source_of_products() {
    names=$(ls "$catalogue") || return
    set -- "$catalogue"/*.tsv "$catalogue"/*.csv "$catalogue"/*.jsonl "$catalogue"/*.xml
    feed=
    for file in "$@"; do
        [ -f "$file" ] || continue
        [ -z "$feed" ] || { echo "sketchfind: $feed and $file are both there, expected one feed" >&2; return 2; }
        feed=$file
    done
    [ -z "$names" ] || echo "${feed:-$catalogue}"
}

update_gallery() {
    source=$(source_of_products) || return
    [ -n "$source" ] || return 0
    # a gallery keeps the network it was made with when the image brings a new one
    [ ! -f "$gallery/checkpoint.safetensors" ] || set -- --checkpoint "$gallery/checkpoint.safetensors"
    echo "Building the gallery of $source"
    sketchfind build "$source" --gallery "$gallery" "$@"
}

[ $# -eq 0 ] || exec "$@"
if ! update_gallery; then
    [ -f "$gallery/checkpoint.safetensors" ] || exit 2
    echo "sketchfind: serving the gallery as it is" >&2
fi
if [ ! -d "$gallery" ]; then
    echo "There is nothing in $catalogue: serving the demo"
    exec sketchfind demo --directory /data/demo --host 0.0.0.0 --port 8000
fi
exec sketchfind serve --gallery "$gallery" --host 0.0.0.0 --port 8000
