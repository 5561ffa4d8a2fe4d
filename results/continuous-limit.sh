#!/bin/sh
# Networks with half, twice and four times their steps, trained with and without the penalty on depth: five seeds of each.
# Usage: results/continuous-limit.sh RUNS > results/continuous-limit.csv
set -e
runs=${1:?a folder for the runs}
timestep=${TIMESTEP:-cargo run --release --quiet --}
for network in preresnet-20 lm-resnet-20; do
  for penalty in 0 0.1; do
    $timestep train "digits/$network" --seeds 5 --set "train.depth_penalty=$penalty" \
      --out "$runs" --name "$network-$penalty" --quiet >/dev/null
  done
done
head=
# Weights are those of the last epoch: which epoch is best is chosen on the test images.
for way in "linear interpolated" "linear measured" "constant interpolated"; do
  set -- $way
  for network in preresnet-20 lm-resnet-20; do
    for rule in rescaled kept; do
      coefficients="--coefficients $rule"
      if [ $network = preresnet-20 ]; then
        [ $rule = rescaled ] || continue
        coefficients=
      fi
      for penalty in 0 0.1; do
        for seed in 0 1 2 3 4; do
          file=$runs/$network-$penalty-s$seed/weights/last.safetensors
          table=$($timestep analyze convergence "$file" --interpolation "$1" --statistics "$2" $coefficients \
            --csv - --quiet 2>/dev/null)
          if [ -z "$head" ]; then
            head="penalty,seed,$(printf '%s\n' "$table" | head -n 1 | cut -d, -f2-)"
            printf '%s\n' "$head"
          fi
          printf '%s\n' "$table" | tail -n +2 | cut -d, -f2- | sed "s/^/$penalty,$seed,/"
        done
      done
    done
  done
done
