#!/usr/bin/env bash
# The whole life of a small model in less than an hour, on Fashion-MNIST (Debian's package dataset-fashion-mnist, or FROM): pictures,
# autoencoder, the classifier whose features the evaluation takes, a class-conditional DiT on the latents, evaluation, pictures.
# Stop it at any time and start it again: each run goes on where it was. All of it is in out/fashion and data/.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
out=out/fashion # the configuration of the DiT names its autoencoder there

[ -d data/fashion ] || ./dit4j data fashion-mnist ${FROM:+--from "$FROM"} --out data/fashion
for run in autoencoder classifier dit; do
  ./dit4j train "configs/fashion-$run.json" --out "$out/$run" --resume
done
./dit4j evaluate --model "$out/dit/model" --data data/fashion/train --features "$out/classifier/model" --count 1000 --out "$out/report"
./dit4j generate --class ankle-boot --model "$out/dit/model" --count 9 -o "$out/boots.png"
