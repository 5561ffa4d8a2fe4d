//! Where is a function on a grid below a level? Closed outlines, by marching squares.

use std::collections::BTreeMap;

/// A side of a cell between two neighbouring grid points, by the lower of the two: `(x, y, up)`.
type Side = (usize, usize, bool);

/// The outlines of `value < 0`, each a closed polygon with the inside on its left.
///
/// `value(i, j)` belongs to the point `(x[i], y[j])`. Beyond the grid everything counts as outside,
/// so a region that leaves the grid is cut off along its edge.
pub(crate) fn outlines(
    x: &[f64],
    y: &[f64],
    value: impl Fn(usize, usize) -> f64,
) -> Vec<Vec<(f64, f64)>> {
    // A ring of outside points around the grid, at the coordinates of its edge.
    let (nx, ny) = (x.len() + 2, y.len() + 2);
    let at = |axis: &[f64], i: usize| axis[i.clamp(1, axis.len()) - 1];
    let inner = |i: usize, j: usize| i > 0 && j > 0 && i < nx - 1 && j < ny - 1;
    let v = |i: usize, j: usize| {
        if inner(i, j) {
            value(i - 1, j - 1)
        } else {
            1.0
        }
    };

    let mut next: BTreeMap<Side, Side> = BTreeMap::new();
    for j in 0..ny - 1 {
        for i in 0..nx - 1 {
            // Corners and sides counter-clockwise; side n runs from corner n to corner n + 1.
            let corners = [v(i, j), v(i + 1, j), v(i + 1, j + 1), v(i, j + 1)];
            let sides = [
                (i, j, false),
                (i + 1, j, true),
                (i, j + 1, false),
                (i, j, true),
            ];
            let inside = corners.map(|c| c < 0.0);
            let centre = corners.iter().sum::<f64>() < 0.0;
            for leaving in (0..4).filter(|n| inside[*n] && !inside[(n + 1) % 4]) {
                // The outline enters where the walk around the cell comes back in: at the next such
                // side if the inside corners of a saddle are connected, else at the previous one.
                let mut back = (1..4).map(|d| if centre { leaving + d } else { leaving + 4 - d });
                let entering = back
                    .find(|n| !inside[n % 4] && inside[(n + 1) % 4])
                    .unwrap_or(leaving);
                next.insert(sides[leaving], sides[entering % 4]);
            }
        }
    }

    let crossing = |(i, j, up): Side| {
        let (k, l) = if up { (i, j + 1) } else { (i + 1, j) };
        let (a, b) = (v(i, j), v(k, l));
        let t = a / (a - b);
        let between = |from: f64, to: f64| from + t * (to - from);
        (between(at(x, i), at(x, k)), between(at(y, j), at(y, l)))
    };
    let mut polygons = Vec::new();
    while let Some((start, mut side)) = next.pop_first() {
        let mut polygon = vec![crossing(start)];
        while side != start {
            polygon.push(crossing(side));
            // Each side that is crossed has one way on; a grid of NaN could break the chain.
            let Some(on) = next.remove(&side) else { break };
            side = on;
        }
        polygons.push(polygon);
    }
    polygons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(n: usize) -> Vec<f64> {
        (0..n)
            .map(|i| -2.0 + 4.0 * i as f64 / (n - 1) as f64)
            .collect()
    }

    /// Twice the signed area; positive if counter-clockwise.
    fn area(polygon: &[(f64, f64)]) -> f64 {
        let after = polygon.iter().cycle().skip(1);
        polygon
            .iter()
            .zip(after)
            .map(|(p, q)| p.0 * q.1 - q.0 * p.1)
            .sum::<f64>()
            / 2.0
    }

    #[test]
    fn a_disc_has_one_outline_with_its_area() {
        let x = axis(101);
        let discs = outlines(&x, &x, |i, j| x[i].hypot(x[j]) - 1.0);
        assert_eq!(discs.len(), 1);
        assert!((area(&discs[0]) - std::f64::consts::PI).abs() < 0.01);
    }

    #[test]
    fn a_ring_has_two_outlines_and_two_discs_stay_apart() {
        let x = axis(101);
        let ring = outlines(&x, &x, |i, j| (x[i].hypot(x[j]) - 1.0).abs() - 0.5);
        let total: f64 = ring.iter().map(|p| area(p)).sum();
        assert_eq!(ring.len(), 2);
        assert!((total - 2.0 * std::f64::consts::PI).abs() < 0.02, "{total}");
        let two = outlines(&x, &x, |i, j| (x[i].abs() - 1.0).hypot(x[j]) - 0.8);
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn what_leaves_the_grid_is_cut_off_at_its_edge() {
        let x = axis(5);
        let all = outlines(&x, &x, |_, _| -1.0);
        assert_eq!(all.len(), 1);
        assert!((area(&all[0]) - 16.0).abs() < 1e-9);
        assert!(outlines(&x, &x, |_, _| 1.0).is_empty());
    }
}
