//! What do modules of networks need whose pixels are tokens? Attention, a norm over channels and places, where they are used.

use crate::positions::PYTHON as POSITIONS;
use crate::{Graph, Op};

/// A norm of PyTorch over the channels of features.
const NORM: &str = r#"

class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel."""

    def forward(self, u):
        return super().forward(u.movedim(1, -1)).movedim(-1, 1)
"#;

/// Attention of PyTorch among the pixels of features.
const ATTENTION: &str = r#"

def attention(u, heads):
    """Softmax attention among the pixels; channels are all queries, all keys, all values."""
    batch, channels, height, width = u.shape
    tokens = u.reshape(batch, 3, heads, channels // (3 * heads), height * width)
    seen = F.scaled_dot_product_attention(*tokens.transpose(3, 4).unbind(1))
    return seen.transpose(2, 3).reshape(batch, channels // 3, height, width)
"#;

/// The classes and functions that a graph needs.
pub(super) fn helpers(graph: &Graph) -> String {
    let uses = |is_it: fn(&Op) -> bool| graph.nodes.iter().any(|node| is_it(&node.op));
    let kinds = [
        (NORM, uses(|op| matches!(op, Op::LayerNorm { .. }))),
        (ATTENTION, uses(|op| matches!(op, Op::Attention { .. }))),
        (POSITIONS, uses(|op| matches!(op, Op::Positions))),
    ];
    (kinds.iter())
        .filter_map(|(text, is_used)| is_used.then_some(*text))
        .collect()
}

/// The lines that give a network the constants of its state.
pub(super) fn buffers(graph: &Graph) -> String {
    let is_places = |node: &usize| matches!(graph.nodes[*node].op, Op::Positions);
    (0..graph.nodes.len())
        .find(is_places)
        .map(|node| {
            let [_, channels, height, width] = graph.dims(node);
            format!(
                "        self.register_buffer(\"positions\", positions({channels}, {height}, {width}), persistent=False)\n"
            )
        })
        .unwrap_or_default()
}
