//! Is the Python module what a person would write? Its text; `bench/exports.py` runs it.

use crate::subject::Small;
use timestep_export::{ExportError, pytorch, timm};
use timestep_nets::{NetworkConfig, read_safetensors};

fn python(small: &Small) -> String {
    pytorch(&small.subject(), "pets.safetensors")
        .expect("a module")
        .python
}

#[test]
fn steps_that_do_the_same_share_a_class() {
    let small = Small::of("lm-resnet-20", 32, 16);
    let python = python(&small);
    for expected in [
        "WEIGHTS = \"pets.safetensors\"",
        "CLASSES = [\"kind \\\"0\\\"\",",
        "class Step2(nn.Module):\n    \"\"\"layer1.step2 to layer3.step3, 6 in all.\"\"\"",
        "self.memory_k = nn.Parameter(torch.zeros(1))",
        "(1.0 - self.memory_k) * u + self.memory_k * v + ",
        "self.layer2 = nn.ModuleList([Step3(16, 32), *[Step2(32) for _ in range(2)]])",
        "u2 = self.layer1[1](u1, u0)",
        "return self.fc(F.relu(self.bn(u9)).mean((2, 3)))",
    ] {
        assert!(python.contains(expected), "{expected}\n{python}");
    }
    assert!(!python.contains("Step4"), "three kinds of steps\n{python}");
}

#[test]
fn numbers_of_channels_are_kept_where_steps_need_them() {
    let python = python(&Small::of("resnet-20", 32, 16));
    assert!(python.contains("self.c1 = c1"), "{python}");
    assert!(python.contains("(0, 0, 0, 0, 0, self.c1))"), "{python}");
    for mark in ['\u{2039}', '\u{203a}'] {
        assert!(!python.contains(mark), "{python}");
    }
}

#[test]
fn transformers_bring_the_norm_attention_and_positions_and_others_do_not() {
    let macaron = python(&Small::of("macaron-6", 8, 64));
    for expected in [
        "class ChannelNorm(nn.LayerNorm):",
        "F.scaled_dot_product_attention(",
        // A word of Python is no name of an argument or a field.
        "**{\"in\": nn.Conv2d(c1, c3, 1)},",
        "x3 = attention(self.stage1.attention[\"in\"](self.stage1.attention.norm(x2)), 2)",
        "x2 = u + 0.5 * self.stage0.feed_forward.out(x1)",
        "self.register_buffer(\"positions\", positions(64, 4, 4), persistent=False)",
        "u0 = self.conv1(images) + self.positions",
        "self.layer1 = nn.ModuleList([*[Step1(64, 128, 192) for _ in range(6)]])",
        "return self.fc(self.norm(u6).mean((2, 3)))",
    ] {
        assert!(macaron.contains(expected), "{expected}\n{macaron}");
    }
    let lie = python(&Small::of("transformer-6", 8, 64));
    let sum = "x3 = F.relu(self.stage1.feed_forward[\"in\"](self.stage1.feed_forward.norm(x2)))";
    assert!(lie.contains(sum), "{lie}");
    let plain = python(&Small::of("resnet-20", 8, 4));
    for word in ["ChannelNorm", "attention", "positions"] {
        assert!(!plain.contains(word), "{word}\n{plain}");
    }
}

#[test]
fn every_array_of_the_weights_is_a_layer_of_the_module() {
    let small = Small::of("shake-shake-26-2x32d", 9, 4);
    let module = pytorch(&small.subject(), "w.safetensors").expect("a module");
    let weights = read_safetensors(&module.weights).expect("weights");
    assert_eq!(weights.arrays.len(), small.network.specs().len());
    assert!(weights.metadata.is_empty(), "a file for other programs");
}

#[test]
fn timm_gets_what_it_has_and_nothing_else() {
    let small = Small::of("resnet-50", 64, 0);
    let folder = timm(&small.subject(), &small.network).expect("timm has it");
    assert_eq!(folder.architecture, "resnet50");
    for expected in [
        "\"num_classes\": 5",
        "\"label_names\"",
        "\"input_size\": [\n      3,\n      64,",
    ] {
        assert!(
            folder.config.contains(expected),
            "{expected}\n{}",
            folder.config
        );
    }
    let refused = |small: &Small| match timm(&small.subject(), &small.network) {
        Err(ExportError::NotThere { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    assert!(refused(&Small::of("lm-resnet-50", 64, 8)).contains("kind of step"));
    let narrow = Small::of("resnet-50", 64, 8);
    assert!(refused(&narrow).contains("settings"));
    let renamed = Small::build(&NetworkConfig {
        name: "resnet-50".into(),
        ..Small::of("resnet-20", 32, 4).network.config().clone()
    });
    assert!(refused(&renamed).contains("settings"));
}
