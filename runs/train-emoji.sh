#!/usr/bin/env bash
# Trains what ships in models/ again: data sets, autoencoder, classifier of the evaluation, the DiT, on the latents of
# models/emoji/vae, and the text-to-image model, first on small pictures. How long each was trained stands on its card.
# Stop it at any time and start it again: each run goes on where it was. OUT (out/emoji-all) holds the runs.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd -P)
cd "$root"
out=${1:-out/emoji-all}

[ -f data/emoji64/metadata.jsonl ] || ./dit4j data emoji --out data/emoji64
for run in autoencoder classifier dit; do
  ./dit4j train "configs/emoji-$run.json" --out "$out/$run" --resume
done
./dit4j evaluate --model "$out/dit/model" --data data/emoji64 --count 495 --out "$out/report"

[ -f data/emoji-yellow/metadata.jsonl ] || ./dit4j data emoji --no-skin-tones --out data/emoji-yellow
for run in emoji-zh-en-32 emoji-zh-en; do # the second starts from out/emoji-zh-en-32/model
  ./dit4j train "configs/$run.json" --out "out/$run" --resume
done
./dit4j evaluate --model out/emoji-zh-en/model --data data/emoji-yellow --count 50 --precision bf16 --out "$out/report-zh-en"
