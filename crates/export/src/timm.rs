//! How does timm get a network? As a folder of the weights and a configuration, where timm has the architecture itself.

use crate::{ExportError, Subject};
use serde_json::json;
use timestep_nets::{Metadata, Network, preset, to_safetensors};

/// A network that timm has too.
struct Known {
    /// Our name.
    name: &'static str,
    /// timm's.
    timm: &'static str,
    /// Numbers that the last layer takes.
    features: usize,
    /// Names of the first and the last layer.
    ends: [&'static str; 2],
    /// Width of the margin that is cut off test images, as timm trains it.
    crop: f64,
}

/// The first and the last layer of ResNets.
const RESNET: [&str; 2] = ["conv1", "fc"];

const KNOWN: [Known; 10] = [
    known("resnet-18", "resnet18", 512),
    known("resnet-34", "resnet34", 512),
    known("resnet-50", "resnet50", 2048),
    known("resnet-101", "resnet101", 2048),
    known("resnet-152", "resnet152", 2048),
    known("resnext-50-32x4d", "resnext50_32x4d", 2048),
    known("resnext-101-32x4d", "resnext101_32x4d", 2048),
    known("se-resnet-50", "seresnet50", 2048),
    known("se-resnet-101", "seresnet101", 2048),
    Known {
        ends: ["conv2d_1a.conv", "classif"],
        crop: 0.8975,
        ..known("inception-resnet-v2", "inception_resnet_v2", 1536)
    },
];

const fn known(name: &'static str, timm: &'static str, features: usize) -> Known {
    Known {
        name,
        timm,
        features,
        ends: RESNET,
        crop: 0.875,
    }
}

/// Names of the networks that timm has too, ours and timm's.
#[must_use]
pub fn timm_names() -> Vec<(&'static str, &'static str)> {
    KNOWN.iter().map(|known| (known.name, known.timm)).collect()
}

/// The files of a folder that `timm.create_model("local-dir:FOLDER")` takes.
#[derive(Clone, Debug)]
pub struct TimmFolder {
    /// timm's name of the architecture.
    pub architecture: &'static str,
    /// `config.json`.
    pub config: String,
    /// `model.safetensors`.
    pub weights: Vec<u8>,
}

/// The folder of a network.
///
/// # Errors
/// [`ExportError::NotThere`] if timm has no such architecture.
pub fn timm(subject: &Subject<'_>, network: &Network) -> Result<TimmFolder, ExportError> {
    let not_there = |why: &str| ExportError::NotThere {
        library: "timm",
        network: subject.name.to_owned(),
        why: why.to_owned(),
    };
    let Some(known) = KNOWN.iter().find(|known| known.name == subject.name) else {
        return Err(not_there("its kind of step is not there"));
    };
    let config = network.config();
    let published = preset(known.name)?.config(config.input, config.classes);
    if published.architecture() != config.architecture() {
        return Err(not_there(
            "its settings are not the published ones, which are the only ones that timm has",
        ));
    }
    let shape = config.input;
    let [first, last] = known.ends;
    let config = json!({
        "architecture": known.timm,
        "num_classes": config.classes,
        "num_features": known.features,
        "model_args": { "in_chans": shape.channels },
        "pretrained_cfg": {
            "tag": "timestep",
            "custom_load": false,
            "input_size": [shape.channels, shape.height, shape.width],
            "fixed_input_size": false,
            "interpolation": "bicubic",
            "crop_pct": known.crop,
            "crop_mode": "center",
            "mean": subject.mean,
            "std": subject.std,
            "num_classes": config.classes,
            "pool_size": null,
            "first_conv": first,
            "classifier": last,
            "label_names": subject.classes,
        },
    });
    let config = serde_json::to_string_pretty(&config).expect("text, numbers and lists of them");
    Ok(TimmFolder {
        architecture: known.timm,
        config: config + "\n",
        weights: to_safetensors(subject.parameters, &Metadata::new())?,
    })
}
