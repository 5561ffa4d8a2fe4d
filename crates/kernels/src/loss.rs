//! How wrong are logits, and in which direction? Softmax cross-entropy and its gradient in one pass.

/// Mean cross-entropy of `logits` `[batch, classes]` against `labels`, and its gradient.
///
/// With `smoothing = s` the target is `1 - s` on the label plus `s / classes` everywhere. Sums are in
/// `f64`: a batch is a few thousand numbers. The gradient is `(softmax - target) / batch`. A logit
/// that is not finite makes the loss so.
///
/// # Panics
/// If the lengths do not fit or a label is no class.
#[must_use]
pub fn cross_entropy(
    logits: &[f32],
    labels: &[u32],
    classes: usize,
    smoothing: f64,
) -> (f64, Vec<f32>) {
    assert_eq!(
        logits.len(),
        labels.len() * classes,
        "one row of logits a label"
    );
    let batch = labels.len().max(1) as f64;
    let mut loss = 0.0;
    let mut grad = Vec::with_capacity(logits.len());
    let spread = smoothing / classes as f64;
    for (row, label) in logits.chunks_exact(classes).zip(labels) {
        let label = *label as usize;
        assert!(label < classes, "label {label} of {classes} classes");
        let largest = row.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
        let shifted = |v: f32| f64::from(v) - f64::from(largest);
        let total: f64 = row.iter().map(|v| shifted(*v).exp()).sum();
        let log_total = total.ln();
        let mean: f64 = row.iter().map(|v| shifted(*v)).sum::<f64>() / classes as f64;
        loss += log_total - (1.0 - smoothing) * shifted(row[label]) - smoothing * mean;
        grad.extend(row.iter().enumerate().map(|(class, v)| {
            let target = spread + if class == label { 1.0 - smoothing } else { 0.0 };
            (((shifted(*v) - log_total).exp() - target) / batch) as f32
        }));
    }
    (loss / batch, grad)
}

/// Mean cross-entropy of `logits` `[batch, classes]` against a target distribution for each row, and its gradient.
///
/// `targets` is `[batch, classes]`, every row sums to 1: `-Σ t log softmax(z)`, gradient `(softmax - t) / batch`.
///
/// # Panics
/// If the lengths do not fit.
#[must_use]
pub fn soft_cross_entropy(logits: &[f32], targets: &[f64], classes: usize) -> (f64, Vec<f32>) {
    assert_eq!(logits.len(), targets.len(), "a target for each logit");
    let batch = (logits.len() / classes.max(1)).max(1) as f64;
    let mut loss = 0.0;
    let mut grad = Vec::with_capacity(logits.len());
    for (row, targets) in logits
        .chunks_exact(classes)
        .zip(targets.chunks_exact(classes))
    {
        let largest = row.iter().fold(f32::NEG_INFINITY, |m, v| m.max(*v));
        let shifted = |v: f32| f64::from(v) - f64::from(largest);
        let total: f64 = row.iter().map(|v| shifted(*v).exp()).sum();
        let log_total = total.ln();
        for (v, target) in row.iter().zip(targets) {
            loss += target * (log_total - shifted(*v));
            grad.push((((shifted(*v) - log_total).exp() - target) / batch) as f32);
        }
    }
    (loss / batch, grad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_of_one_class_is_a_label() {
        let logits = [0.3_f32, -1.2, 2.0, 0.1, 0.7, -0.4];
        let (hard, slope) = cross_entropy(&logits, &[2, 0], 3, 0.0);
        let (soft, same) = soft_cross_entropy(&logits, &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 3);
        assert!((hard - soft).abs() < 1e-12);
        assert_eq!(slope, same);
        let (even, _) = soft_cross_entropy(&logits, &[0.5, 0.5, 0.0, 0.2, 0.3, 0.5], 3);
        let row = |label: u32, at: usize| cross_entropy(&logits[at..at + 3], &[label], 3, 0.0).0;
        let by_hand = (0.5 * row(0, 0) + 0.5 * row(1, 0)) / 2.0
            + (0.2 * row(0, 3) + 0.3 * row(1, 3) + 0.5 * row(2, 3)) / 2.0;
        assert!((even - by_hand).abs() < 1e-12);
    }

    #[test]
    fn gradient_is_the_slope_of_the_loss() {
        let logits = [0.3_f32, -1.2, 2.0, 0.1, 0.7, -0.4];
        for smoothing in [0.0, 0.1] {
            let (loss, grad) = cross_entropy(&logits, &[2, 0], 3, smoothing);
            assert!(loss > 0.0);
            for i in 0..logits.len() {
                let at = |e: f32| {
                    let mut moved = logits;
                    moved[i] += e;
                    cross_entropy(&moved, &[2, 0], 3, smoothing).0
                };
                let slope = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!(
                    (slope - f64::from(grad[i])).abs() < 1e-5,
                    "{i}: {slope} {}",
                    grad[i]
                );
            }
        }
    }

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_classes_and_large_ones_do_not_overflow() {
        assert!((cross_entropy(&[7.0; 20], &[3, 4], 10, 0.1).0 - 10_f64.ln()).abs() < 1e-12);
        let (loss, grad) = cross_entropy(&[1e4, -1e4], &[0], 2, 0.0);
        assert_eq!((loss, grad), (0.0, vec![0.0, 0.0]));
        assert!(!cross_entropy(&[f32::NAN, 0.0], &[1], 2, 0.0).0.is_finite());
        assert!(
            !cross_entropy(&[f32::INFINITY, 0.0], &[1], 2, 0.0)
                .0
                .is_finite()
        );
    }
}
