#!/usr/bin/env bash
# Trains what ships in models/ again: data set, autoencoder, classifier of the evaluation, and the DiT, on the latents
# of models/emoji/vae. Stop it at any time and start it again: each run goes on where it was. OUT (out/emoji-all) holds the runs.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
out=${1:-out/emoji-all}

[ -f data/emoji64/metadata.jsonl ] || ./dit4j data emoji --out data/emoji64
for run in autoencoder classifier dit; do
  ./dit4j train "configs/emoji-$run.json" --out "$out/$run" --resume
done
./dit4j evaluate --model "$out/dit/model" --data data/emoji64 --count 495 --out "$out/report"
