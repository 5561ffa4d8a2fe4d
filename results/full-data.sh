#!/usr/bin/env bash
# LM-ResNet-20 beside pre-activation ResNet-20 on all 50,000 images of CIFAR-10, seeds of ten epochs each.
#
#     results/full-data.sh RUNS CIFAR > results/full-data.csv     # `timestep` on the PATH; CIFAR has train/<class> and test/<class>
#
# Both networks of a seed are trained at the same time, a thread each, seed after seed, so that what is done after an interruption is a fair
# comparison of fewer seeds; called again it goes on. About 12 minutes per seed on two cores. A row is a run; k is the learned
# coefficient of each step that has one, after the last epoch. EPOCHS and SEEDS in the environment make another table.
set -euo pipefail
runs=${1:?a folder for the runs} cifar=${2:?a folder with train and test}
epochs=${EPOCHS:-10} seeds=${SEEDS:-0 1 2 3 4} networks="preresnet-20 lm-resnet-20"

finished() {
    grep -qs '"event":"end","reason":"epochs"' "$1/events.jsonl"
}

# one NETWORK SEED: trains, or goes on.
one() {
    local run=$runs/$1-s$2
    finished "$run" && return
    if [ -d "$run" ]; then
        timestep train --resume "$run" --threads 1 --no-report --quiet >&2
    else
        timestep train "cifar10/$1" --data image-folder --data-dir "$cifar" --epochs "$epochs" --set schedule.name=one-cycle \
            --set schedule.warmup_epochs=0 --seed "$2" --threads 1 --no-report --quiet --out "$runs" --name "$1-s$2" >&2
    fi
}

for seed in $seeds; do
    pids=()
    for network in $networks; do
        one "$network" "$seed" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid"
    done
done

echo "network,seed,epochs,train_loss,train_top1,test_loss,top1,k"
for seed in $seeds; do
    for network in $networks; do
        finished "$runs/$network-s$seed" || continue
        python3 - "$network" "$seed" "$runs/$network-s$seed" <<'PY'
import json, sys

network, seed, run = sys.argv[1:]
last = [event for event in map(json.loads, open(f"{run}/events.jsonl")) if event["event"] == "epoch"][-1]
train, test = last["train"], last["test"]
k = " ".join(f"{value:.4f}" for segment in last["memory_k"] for value in segment if value is not None)
print(network, seed, last["epoch"], round(train["loss"], 4), round(train["top1"], 4), round(test["loss"], 4), test["top1"], k, sep=",")
PY
    done
done
