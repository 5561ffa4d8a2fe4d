//! How do files hold the decisions? As one object without parts, whose keys and order do not change.
//!
//! Weights files, checkpoints and run folders have it, old ones as well: a key is never renamed or moved, and a new one comes
//! last and with a default.

use super::NetworkConfig;
use super::parts::{
    Activations, BlockConfig, BodyConfig, ControlConfig, Granularity, History, InputShape,
    SchemeConfig, Shortcut, StemConfig, StemKind, Transition,
};
use crate::StrideAt;
use serde::{Deserialize, Serialize};
use timestep_numerics::NoiseSettings;

/// The decisions side by side, in the order of the files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename = "NetworkConfig")]
pub(super) struct Flat {
    name: String,
    block: String,
    scheme: String,
    steps: Vec<usize>,
    width: usize,
    classes: usize,
    input: InputShape,
    shortcut: Shortcut,
    #[serde(default)]
    transition: Transition,
    #[serde(default)]
    stride_at: StrideAt,
    #[serde(default)]
    coefficient: Granularity,
    #[serde(default = "residual")]
    body: String,
    #[serde(default)]
    stem: StemKind,
    #[serde(default)]
    stem_width: usize,
    #[serde(default)]
    widths: Vec<usize>,
    #[serde(default)]
    inner_width: usize,
    #[serde(default)]
    groups: usize,
    #[serde(default)]
    history: History,
    #[serde(default)]
    activations: Activations,
    #[serde(default)]
    dropout: f64,
    #[serde(default)]
    drop_path: f64,
    #[serde(default)]
    noise: NoiseSettings,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    h: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    control: Option<ControlConfig>,
}

/// The body of networks that name none.
fn residual() -> String {
    "residual".to_owned()
}

impl From<NetworkConfig> for Flat {
    fn from(config: NetworkConfig) -> Self {
        Self {
            name: config.name,
            block: config.block.name,
            scheme: config.scheme.name,
            steps: config.body.steps,
            width: config.body.width,
            classes: config.classes,
            input: config.input,
            shortcut: config.body.shortcut,
            transition: config.body.transition,
            stride_at: config.block.stride_at,
            coefficient: config.scheme.coefficient,
            body: config.body.name,
            stem: config.stem.kind,
            stem_width: config.stem.width,
            widths: config.body.widths,
            inner_width: config.block.inner_width,
            groups: config.block.groups,
            history: config.scheme.history,
            activations: config.body.activations,
            dropout: config.block.dropout,
            drop_path: config.body.drop_path,
            noise: config.noise,
            h: config.scheme.h,
            control: config.scheme.control,
        }
    }
}

impl From<Flat> for NetworkConfig {
    fn from(flat: Flat) -> Self {
        Self {
            name: flat.name,
            input: flat.input,
            classes: flat.classes,
            stem: StemConfig {
                kind: flat.stem,
                width: flat.stem_width,
            },
            body: BodyConfig {
                name: flat.body,
                steps: flat.steps,
                width: flat.width,
                widths: flat.widths,
                transition: flat.transition,
                shortcut: flat.shortcut,
                drop_path: flat.drop_path,
                activations: flat.activations,
            },
            block: BlockConfig {
                name: flat.block,
                stride_at: flat.stride_at,
                inner_width: flat.inner_width,
                groups: flat.groups,
                dropout: flat.dropout,
            },
            scheme: SchemeConfig {
                name: flat.scheme,
                coefficient: flat.coefficient,
                history: flat.history,
                h: flat.h,
                control: flat.control,
            },
            noise: flat.noise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by a program that had no parts; every value differs from its default.
    const OLD: &str = concat!(
        r#"{"name":"a name","block":"shake-shake","scheme":"lm","steps":[1,2],"width":12,"classes":7,"#,
        r#""input":{"channels":1,"height":20,"width":24},"shortcut":"shifted-paths","#,
        r#""transition":"project-then-step","stride_at":"first","coefficient":"channel","body":"fractal","#,
        r#""stem":"cifar-linear","stem_width":6,"widths":[12,30],"inner_width":9,"groups":3,"#,
        r#""history":"projected","activations":"reconstructed","dropout":0.25,"drop_path":0.15,"#,
        r#""noise":{"name":"gaussian","per":"image","level":0.3}}"#,
    );

    #[test]
    fn the_old_form_is_read_and_written_back_as_it_was() {
        let config: NetworkConfig = serde_json::from_str(OLD).expect("reads");
        assert_eq!(serde_json::to_string(&config).expect("writes"), OLD);
    }

    /// Files of networks whose steps have the size 1 are those of before.
    #[test]
    fn step_sizes_stand_at_the_end_where_there_are_any() {
        let mut config: NetworkConfig = serde_json::from_str(OLD).expect("reads");
        config.scheme.h = vec![0.5, 0.25];
        let text = serde_json::to_string(&config).expect("writes");
        assert!(text.ends_with(r#"},"h":[0.5,0.25]}"#), "{text}");
        config.scheme.control = Some(ControlConfig::new(0.5));
        let text = serde_json::to_string(&config).expect("writes");
        let control =
            r#""control":{"rtol":0.5,"atol":0.005,"evaluations":1000,"between":"linear"}}"#;
        assert!(text.ends_with(control), "{text}");
        let again: NetworkConfig = serde_json::from_str(&text).expect("reads");
        assert_eq!(again, config);
    }

    #[test]
    fn what_a_file_does_not_say_is_the_default_and_what_nobody_knows_is_refused() {
        let old: serde_json::Value = serde_json::from_str(OLD).expect("reads");
        let mut short = old.as_object().expect("an object").clone();
        let needed = [
            "name", "block", "scheme", "steps", "width", "classes", "input", "shortcut",
        ];
        short.retain(|key, _| needed.contains(&key.as_str()));
        let read = |card: &serde_json::Map<_, _>| {
            serde_json::from_value::<NetworkConfig>(card.clone().into())
        };
        let config = read(&short).expect("reads");
        let mut want = NetworkConfig::new("shake-shake", "lm", config.input, 7);
        want.name = "a name".into();
        want.body.shortcut = Shortcut::ShiftedPaths;
        want.block.stride_at = StrideAt::First;
        assert_eq!(config, want.with_segments(&[1, 2], 12));
        for key in needed {
            let mut less = short.clone();
            less.remove(key);
            assert!(read(&less).is_err(), "{key}");
        }
        short.insert("depth".into(), 3.into());
        let error = read(&short).expect_err("refused").to_string();
        assert!(error.contains("unknown field `depth`"), "{error}");
    }
}
