//! The way of images as arrays for NumPy.

use super::WayThroughSegment;
use timestep_nets::foreign::{ForeignError, npz};
use timestep_nets::{SegmentTrace, TraceRow};

/// Norms, paths and mean features as the bytes of an `.npz` file; what is not there is NaN.
///
/// # Errors
/// [`ForeignError::Write`] if the archive cannot be made.
pub fn arrays(
    traces: &[SegmentTrace],
    ways: &[WayThroughSegment],
) -> Result<Vec<u8>, ForeignError> {
    let mut all: Vec<(String, Vec<usize>, Vec<f32>)> = Vec::new();
    if let Some(way) = ways.first() {
        let images: Vec<f32> = way.images.iter().map(|n| *n as f32).collect();
        let labels: Vec<f32> = way.labels.iter().map(|l| *l as f32).collect();
        all.push(("images".into(), vec![images.len()], images));
        all.push(("labels".into(), vec![labels.len()], labels));
    }
    for (trace, way) in traces.iter().zip(ways) {
        let name = |what: &str| format!("segment{}.{what}", trace.segment);
        let (states, images) = (trace.rows.len(), way.labels.len());
        let of = |get: fn(&TraceRow) -> Option<f64>| -> Vec<f32> {
            let value = |r| get(r).unwrap_or(f64::NAN) as f32;
            trace.rows.iter().map(value).collect()
        };
        for (what, get) in [
            ("step", (|r| Some(r.step as f64)) as fn(&TraceRow) -> _),
            ("state", |r| Some(r.state)),
            ("increment", |r| r.increment),
            ("slope", |r| r.slope),
            ("cosine", |r| r.cosine),
        ] {
            all.push((name(what), vec![states], of(get)));
        }
        let features = trace.means.iter().flatten().flatten();
        all.push((
            name("features"),
            vec![trace.means.len(), images, trace.channels],
            features.map(|v| *v as f32).collect(),
        ));
        let paths = way.paths.iter().flatten().flat_map(|p| [p.0, p.1]);
        all.push((
            name("paths"),
            vec![images, trace.means.len(), 2],
            paths.map(|v| v as f32).collect(),
        ));
    }
    let borrowed: Vec<(&str, &[usize], Vec<f32>)> = all
        .iter()
        .map(|(name, shape, values)| (&**name, &**shape, values.clone()))
        .collect();
    npz(&borrowed)
}
