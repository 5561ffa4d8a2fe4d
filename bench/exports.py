"""Do exported networks compute what this program computes? All families, in ONNX Runtime, PyTorch and timm.

    cargo run --release --workspace --example exports -- /tmp/exports
    pip install numpy onnx onnxruntime torch timm
    python bench/exports.py /tmp/exports

The first command writes every network in every format, with images and our logits; this one checks each ONNX file
(structure, types, shapes), and compares logits for 1 and 7 images. The largest difference may be 1e-4 of the largest
logit, or 1e-4 where that is below 1. It ends with 1 if one is larger.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import timm
import torch

BOUND = 1e-4


def numbers(path, shape):
    return np.fromfile(path, dtype="<f4").reshape(shape)


def module(folder):
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    return model


def check(folder):
    worst = {}
    path = folder / "model.onnx"
    onnx.checker.check_model(str(path), full_check=True)
    onnx.checker.check_model(str(folder / "whole.onnx"), full_check=True)
    file = onnx.load(str(path))
    properties = {p.key: p.value for p in file.metadata_props}
    classes, mean, std = (json.loads(properties[key]) for key in ["classes", "mean", "std"])
    _, channels, height, width = (d.dim_value for d in file.graph.input[0].type.tensor_type.shape.dim)
    theirs = onnxruntime.InferenceSession(str(path))
    whole = onnxruntime.InferenceSession(str(folder / "whole.onnx"))
    python = module(folder)
    network = python.load()
    other = None
    if (folder / "timm/config.json").exists():
        other = timm.create_model(f"local-dir:{folder / 'timm'}", pretrained=True).eval()
    for batch in [1, 7]:
        images = numbers(folder / f"images-{batch}.f32", (batch, channels, height, width))
        logits = numbers(folder / f"logits-{batch}.f32", (batch, len(classes)))

        def compare(name, found, ours=logits):
            scale = max(1.0, float(np.abs(ours).max()))
            error = float(np.abs(found - ours).max()) / scale
            worst[name] = max(worst.get(name, 0.0), error if np.isfinite(found).all() else np.inf)

        compare("onnx", theirs.run(None, {"images": images})[0])
        with torch.no_grad():
            compare("torch", network(torch.from_numpy(images)).numpy())
            if other is not None:
                compare("timm", other(torch.from_numpy(images)).numpy())
        pixels = images * np.float32(std).reshape(1, -1, 1, 1) + np.float32(mean).reshape(1, -1, 1, 1)
        powers = np.exp(logits - logits.max(1, keepdims=True))
        shares = powers / powers.sum(1, keepdims=True)
        # A probability changes by at most half of what its logit changes by.
        compare("whole", whole.run(None, {"pixels": pixels})[0], shares)
        compare("predict", network.predict(torch.from_numpy(pixels)).numpy(), shares)
        worst["logit"] = max(worst.get("logit", 0.0), float(np.abs(logits).max()))
    return worst


def main():
    folder = Path(sys.argv[1])
    failed = []
    columns = ["logit", "onnx", "torch", "whole", "predict", "timm"]
    print(f"{'network':32}" + "".join(f"{c:>10}" for c in columns), flush=True)
    for one in sorted(p for p in folder.iterdir() if (p / "logits-7.f32").exists()):
        worst = check(one)
        print(f"{one.name:32}" + "".join(f"{worst[c]:10.2g}" if c in worst else f"{'-':>10}" for c in columns), flush=True)
        if any(worst[c] > BOUND for c in columns[1:] if c in worst):
            failed.append(one.name)
    print("beyond the bound: " + ", ".join(failed) if failed else "all within the bound")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
