//! What are the networks for 32×32 images made of? One function for each family.

use super::{Home, named, number};
use crate::{Activations, History, NetworkConfig, Shortcut, StemKind, StrideAt, Transition};
use timestep_numerics::NoiseSettings;

/// Three segments of `n` steps, where a basic block has two convolutions and a bottleneck three.
pub(super) fn thirds(name: &str, per_step: usize) -> Vec<usize> {
    vec![(number(name, 0) - 2) / (3 * per_step); 3]
}

/// Post-activation ResNet (He et al. 2015, section 4.2).
pub(super) fn resnet(name: &'static str) -> NetworkConfig {
    let mut network = preresnet(name);
    network.block.name = "postact".into();
    network
}

/// Pre-activation ResNet of basic blocks (He et al. 2016).
pub(super) fn preresnet(name: &'static str) -> NetworkConfig {
    stepped(name, "euler", 2)
}

/// Pre-activation ResNet of bottlenecks (He et al. 2016).
pub(super) fn deep_preresnet(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "preact-bottleneck", "euler");
    network.body.steps = thirds(name, 3);
    network.body.shortcut = Shortcut::SharedProjection;
    network.block.stride_at = StrideAt::First;
    network
}

/// LM-ResNet (Lu et al. 2018): separate projections, one coefficient per step but at restarts.
pub(super) fn lm_resnet(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "preact", "lm");
    network.body.steps = thirds(name, 2);
    network
}

/// LM-ResNet of bottlenecks.
pub(super) fn deep_lm_resnet(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "preact-bottleneck", "lm");
    network.body.steps = thirds(name, 3);
    network
}

/// The same as ResNet-20 to -110 with another scheme; the steps keep their number.
pub(super) fn stepped(name: &'static str, scheme: &str, layers_per_step: usize) -> NetworkConfig {
    // The depth is the last part of a name such as `lm3-resnet-20`.
    let depth = name.rsplit('-').next().unwrap_or(name);
    let mut network = named(name, Home::Cifar, "preact", scheme);
    network.body.steps = thirds(depth, layers_per_step);
    network.body.shortcut = Shortcut::OptionA;
    network.block.stride_at = StrideAt::First;
    network
}

/// Groups and width of the inner convolution from a name such as `resnext-29-8x64d`.
pub(super) fn grouped(name: &'static str, block: &str, scheme: &str) -> NetworkConfig {
    let groups = number(name, 1);
    let mut network = named(name, Home::Cifar, block, scheme);
    network.body.steps = thirds(name, 3);
    network.body.width = 64;
    network.block.inner_width = groups * number(name, 2);
    network.block.groups = groups;
    network
}

/// ResNeXt-29 (Xie et al. 2017, appendix A): post-activation.
pub(super) fn resnext(name: &'static str) -> NetworkConfig {
    grouped(name, "resnext", "euler")
}

/// LM-ResNeXt-29 (Lu et al. 2018): pre-activation, forward Euler at transitions.
pub(super) fn lm_resnext(name: &'static str) -> NetworkConfig {
    grouped(name, "preact-resnext", "lm")
}

/// The same with history through the transitions, as the published parameter counts have it.
pub(super) fn lm_resnext_history(name: &'static str) -> NetworkConfig {
    let mut network = lm_resnext(name);
    network.scheme.history = History::Projected;
    network
}

/// Wide ResNet (Zagoruyko, Komodakis 2016): depth `6n + 4`, `k` times as wide.
pub(super) fn wide(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "preact", "euler");
    network.stem.width = 16;
    network.body.steps = vec![(number(name, 0) - 4) / 6; 3];
    network.body.width = 16 * number(name, 1);
    network.body.shortcut = Shortcut::SharedProjection;
    network
}

/// A Wide ResNet that trains in minutes on a processor (ours, published nowhere): the stem has the width of the first segment and halves height and width, so that
/// a step costs a quarter.
pub(super) fn fast_wide(name: &'static str) -> NetworkConfig {
    let mut network = wide(name);
    network.stem.kind = StemKind::Strided;
    network.stem.width = 0;
    network
}

/// Shake-Shake 26 (Gastaldi 2017): four blocks of two branches in each segment.
pub(super) fn shake_shake(name: &'static str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "shake-shake", "euler");
    network.stem.kind = StemKind::CifarLinear;
    network.stem.width = 16;
    network.body.steps = vec![4; 3];
    network.body.width = number(name, 2);
    network.body.shortcut = Shortcut::ShiftedPaths;
    network.noise = NoiseSettings::named("shake-shake");
    network
}

/// RevNet of basic blocks (Gomez et al. 2017, Table 1); a step is two blocks.
pub(super) fn revnet(name: &'static str) -> NetworkConfig {
    let steps = (number(name, 0) - 2) / 12;
    let mut network = named(name, Home::Cifar, "preact", "reversible");
    network.stem.kind = StemKind::CifarNormed;
    network.body.steps = vec![steps; 3];
    network.body.width = 32;
    network.body.widths = vec![32, 64, if steps == 3 { 112 } else { 128 }];
    network.body.transition = Transition::ReversibleStep;
    network.body.shortcut = Shortcut::PooledOptionA;
    network.body.activations = Activations::Reconstructed;
    network.block.stride_at = StrideAt::First;
    network
}

/// Pre-activation ResNet whose steps of one shape are parabolic (Ruthotto, Haber 2020).
pub(super) fn parabolic(name: &'static str) -> NetworkConfig {
    let mut network = preresnet(name);
    network.block.name = "parabolic".into();
    network
}

/// RevNet whose pairs of one shape are Hamiltonian (Chang et al. 2018).
pub(super) fn hamiltonian(name: &'static str) -> NetworkConfig {
    let mut network = revnet(name);
    network.block.name = "hamiltonian".into();
    network
}

/// Transformer on patches: attention, then feed-forward in each step (Dosovitskiy et al. 2021, with the positions and the head of Beyer
/// et al. 2022), of a size that trains on a processor.
pub(super) fn transformer(name: &'static str) -> NetworkConfig {
    on_patches(name, "lie")
}

/// The same with feed-forward in halves around attention (Lu et al. 2019).
pub(super) fn macaron(name: &'static str) -> NetworkConfig {
    on_patches(name, "strang")
}

fn on_patches(name: &'static str, scheme: &str) -> NetworkConfig {
    let mut network = named(name, Home::Cifar, "transformer", scheme);
    network.stem.kind = StemKind::Patches;
    network.body.steps = vec![number(name, 0)];
    network.body.width = 128;
    network
}

/// RevNet of bottlenecks.
pub(super) fn deep_revnet(name: &'static str) -> NetworkConfig {
    let mut network = revnet(name);
    network.body.steps = vec![(number(name, 0) - 2) / 18; 3];
    network.body.widths = vec![32, 64, 128];
    network.body.shortcut = Shortcut::PlainProjection;
    network.block.name = "preact-bottleneck".into();
    network
}

/// FractalNet (Larsson et al. 2017): five blocks; 20 layers with three columns, 40 with four.
pub(super) fn fractalnet(name: &'static str) -> NetworkConfig {
    let scheme = if number(name, 0) == 40 {
        "fractal4"
    } else {
        "fractal3"
    };
    let mut network = named(name, Home::Cifar, "conv-norm-relu", scheme);
    network.body.name = "fractal".into();
    network.body.steps = vec![1; 5];
    network.body.width = 64;
    network.body.widths = vec![64, 128, 256, 512, 512];
    network.body.drop_path = 0.15;
    network.block.dropout = 0.4;
    network
}
