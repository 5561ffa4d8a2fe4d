//! How are operations on pixels as tokens written? With the channels last for a norm, as products of matrices for attention.

use super::super::parts::Attribute;
use super::Nodes;

/// Rows and columns of matrices exchanged.
const TURNED: [usize; 4] = [0, 1, 3, 2];

impl Nodes<'_> {
    /// Layer normalisation over the channels of each pixel: ONNX has it for axes that come last.
    pub(super) fn layer_norm(
        &mut self,
        input: usize,
        [scale, shift]: [usize; 2],
        epsilon: f64,
        label: &str,
    ) -> String {
        let [input, scale, shift] = [input, scale, shift].map(|node| self.names[node].clone());
        let last = self.transpose(&input, &[0, 2, 3, 1], &format!("{label}.last"));
        let attributes = [
            ("axis", Attribute::Int(3)),
            ("epsilon", Attribute::Float(epsilon as f32)),
        ];
        let normed = self.put(
            "LayerNormalization",
            &[&last, &scale, &shift],
            &format!("{label}.normed"),
            &attributes,
        );
        self.transpose(&normed, &[0, 3, 1, 2], label)
    }

    /// `softmax(qᵀ k / √d) vᵀ` of every head, where queries, keys and values are the thirds of the channels.
    pub(super) fn attention(
        &mut self,
        input: usize,
        heads: usize,
        node: usize,
        label: &str,
    ) -> String {
        let [_, channels, height, width] = self.graph.dims(node);
        let (depth, pixels) = (channels / heads, height * width);
        // 0 keeps the extent of the batch.
        let by_head = self.list(&[0, 3 * heads as i64, depth as i64, pixels as i64]);
        let input = self.names[input].clone();
        let all = self.put(
            "Reshape",
            &[&input, &by_head],
            &format!("{label}.heads"),
            &[],
        );
        let [q, k, v] = ["queries", "keys", "values"].map(|word| format!("{label}.{word}"));
        let third = |this: &mut Self, n: usize, label: &str| {
            let bounds = [[(n * heads) as i64], [((n + 1) * heads) as i64], [1]];
            let [first, last, axis] = bounds.map(|list| this.list(&list));
            this.put("Slice", &[&all, &first, &last, &axis], label, &[])
        };
        let queries = third(self, 0, &q);
        let keys = third(self, 1, &k);
        let values = third(self, 2, &v);
        let queries = self.transpose(&queries, &TURNED, &q);
        let root = self.number(1.0 / (depth as f64).sqrt());
        let queries = self.put("Mul", &[&queries, &root], &q, &[]);
        let scores = self.put(
            "MatMul",
            &[&queries, &keys],
            &format!("{label}.scores"),
            &[],
        );
        let weights = self.put(
            "Softmax",
            &[&scores],
            &format!("{label}.weights"),
            &[("axis", Attribute::Int(3))],
        );
        let values = self.transpose(&values, &TURNED, &v);
        let means = format!("{label}.means");
        let seen = self.put("MatMul", &[&weights, &values], &means, &[]);
        let seen = self.transpose(&seen, &TURNED, &means);
        let image = self.list(&[0, channels as i64, height as i64, width as i64]);
        self.put("Reshape", &[&seen, &image], label, &[])
    }

    fn transpose(&mut self, input: &str, order: &[usize], label: &str) -> String {
        self.put(
            "Transpose",
            &[input],
            label,
            &[("perm", Attribute::Ints(order))],
        )
    }
}
