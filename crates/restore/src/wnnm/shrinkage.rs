//! What is left of one singular value? The closed form of the weighted nuclear norm step, in `f64`.

/// The singular value that is left of `s`: `(s - ε + √Δ) / 2` with `Δ = (s - ε)² - 4 (C - ε s)`, 0 where `Δ < 0`.
///
/// It is the limit of `x ← max(s - C / (x + ε), 0)`, and with it the minimum of `½ (x - s)² + C ln(x + ε)` over the `x`
/// that this leads to. `weight` is `C = c √n σ²` and `epsilon` is `ε`, in the units of `s²` and `s`. The same is
/// done by [`Wnnm`](super::Wnnm) with `ε = 0`, in vectors.
///
/// Source: S. Gu and others, CVPR 2014; the limit follows by solving `x = s - C / (x + ε)`.
#[must_use]
pub fn shrink(s: f64, weight: f64, epsilon: f64) -> f64 {
    let root = (s - epsilon) * (s - epsilon) - 4.0 * (weight - epsilon * s);
    if root < 0.0 {
        return 0.0;
    }
    (0.5 * (s - epsilon + root.sqrt())).max(0.0)
}
