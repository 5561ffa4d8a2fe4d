#!/bin/sh
# Networks with half, twice and four times their steps, trained with and without the penalty on depth.
# Usage: results/continuous-limit.sh RUNS > results/continuous-limit.csv
#   digits, five seeds of two networks
# Usage: results/continuous-limit.sh RUNS CIFAR > results/continuous-limit-cifar10.csv
#   10,000 images of a folder with CIFAR-10 as pictures, two seeds of one network
set -e
runs=${1:?a folder for the runs}
cifar=$2
timestep=${TIMESTEP:-cargo run --release --quiet --}
if [ -z "$cifar" ]; then
  networks="preresnet-20 lm-resnet-20"
  seeds="0 1 2 3 4"
  ways="linear/interpolated linear/measured constant/interpolated"
  recipe=digits
  short=
else
  networks=preresnet-20
  seeds="0 1"
  ways="linear/interpolated linear/measured"
  recipe=cifar10
  short="--data image-folder --data-dir $cifar --set data.limit=10000 --epochs 5
    --set schedule.name=one-cycle --set schedule.warmup_epochs=0"
fi
for network in $networks; do
  for penalty in 0 0.1; do
    $timestep train "$recipe/$network" --seeds "$(echo $seeds | wc -w)" --set "train.depth_penalty=$penalty" $short \
      --out "$runs" --name "$network-$penalty" --quiet >/dev/null
  done
done
head=
# Weights are those of the last epoch: which epoch is best is chosen on the test images.
for way in $ways; do
  for network in $networks; do
    for rule in rescaled kept; do
      coefficients="--coefficients $rule"
      if [ $network = preresnet-20 ]; then
        [ $rule = rescaled ] || continue
        coefficients=
      fi
      for penalty in 0 0.1; do
        for seed in $seeds; do
          file=$runs/$network-$penalty-s$seed/weights/last.safetensors
          table=$($timestep analyze convergence "$file" --interpolation "${way%/*}" --statistics "${way#*/}" $coefficients \
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
