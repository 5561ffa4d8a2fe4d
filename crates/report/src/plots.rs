//! Plots.
/// s
pub struct Series {
    /// l
    pub label: String,
    /// s
    pub segments: Vec<Vec<Option<f64>>>,
}
/// m
pub fn momentum(_series: &[Series]) -> String { String::new() }
