#!/usr/bin/env bash
# Which runs do the sections "Optimisers" and "From five digits to ten" of details/digits-and-optimisers.md stand on?
#
#     results/optimisers.sh RUNS > results/optimisers.csv       # `timestep` in the path; runs go to the folder RUNS
#
# 200 runs on the embedded digits, seeds 0 to 4, a quarter of an hour on two cores.
set -euo pipefail
runs=${1:?a folder for the runs}
echo "runs,seed,epochs,top1,best_top1,ema_top1,seconds"

# train WHAT SEED FLAGS...: one run, one line.
train() {
    local what=$1 seed=$2
    shift 2
    timestep train --seed "$seed" --no-report --json --out "$runs" --name "$what-s$seed" "$@" 2>/dev/null |
        python3 -c '
import json, sys
average = ""
for line in sys.stdin:
    event = json.loads(line)
    if event["event"] == "epoch":
        average = (event.get("ema") or {}).get("top1", "")
    if event["event"] == "end":
        print(*sys.argv[1:], event["epoch"], event["test"]["top1"], event["best"]["top1"], average,
              round(event["seconds"], 1), sep=",")' "$what" "$seed"
}

for s in 0 1 2 3 4; do
    train sgd "$s" --set train.ema=0.99
    train adamw "$s" --optimiser adamw --lr 0.003 --set optimiser.weight_decay=0.05 --set train.ema=0.99
    train lion "$s" --optimiser lion --lr 0.0003 --set optimiser.weight_decay=0.1
    train sgd-constant "$s" --lr 0.05 --set schedule.name=constant --set train.ema=0.99

    train half "$s" --set data.classes=0,1,2,3,4
    half=$runs/half-s$s
    for e in 1 2 3 5 10; do
        train "scratch-$e" "$s" --epochs "$e"
        train "init-$e" "$s" --epochs "$e" --init "$half"
        train "freeze-$e" "$s" --epochs "$e" --init "$half" --freeze stem,layer1
        train "head-$e" "$s" --epochs "$e" --init "$half" --freeze stem,layer1,layer2,layer3
    done
    for lr in 0.02 0.05; do
        for e in 1 2 3; do
            train "scratch-lr$lr-$e" "$s" --epochs "$e" --lr "$lr"
            train "init-lr$lr-$e" "$s" --epochs "$e" --lr "$lr" --init "$half"
        done
    done
    few=(--epochs 20 --batch 16 --set data.limit=100)
    train few-scratch "$s" "${few[@]}"
    train few-init "$s" "${few[@]}" --init "$half"
    train few-freeze "$s" "${few[@]}" --init "$half" --freeze stem,layer1
done
