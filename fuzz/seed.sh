#!/bin/sh
# Fills the corpora with inputs to begin from; what is there already stays. Needs perl for the hex.
set -eu
cd "$(dirname "$0")"
for folder in seeds/*; do
    mkdir -p "corpus/$(basename "$folder")"
    cp "$folder"/* "corpus/$(basename "$folder")/"
done
mkdir -p corpus/object
for vector in ../tests/format/objects/*.hex; do
    # The bytes follow the first empty line.
    sed '1,/^$/d' "$vector" | perl -ne 'chomp; print pack "H*", $_' \
        >"corpus/object/$(basename "$vector" .hex)"
done
