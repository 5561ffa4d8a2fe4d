//! Which branches meet at a join in training? Drop-path, local or along one column.
//!
//! Half of the mini-batches drop locally: each input of each join is left out with probability `p`, and
//! one at random stays if all would go. The other half keep a single column of the whole network, the
//! same at every join (Larsson et al. 2017, section 2.2).

use crate::Pass;
use timestep_numerics::noise::DropPath as Law;

/// Drop-path at the joins of a step.
#[derive(Clone, Debug)]
pub(crate) struct DropPath {
    /// Names the random numbers.
    pub(crate) name: String,
    /// Probability that a branch is left out of a join.
    pub(crate) share: f64,
    /// Columns of the fractal.
    pub(crate) columns: usize,
}

impl DropPath {
    /// The branches that a join keeps; `None` if nothing is dropped here. Branches that end at a join
    /// are columns `0 .. branches`, the deepest one first.
    pub(crate) fn kept(&self, pass: &Pass, stage: usize, branches: usize) -> Option<Vec<usize>> {
        let draws = pass.random()?;
        let mut whole = draws.whole("drop-path");
        if let Some(column) = Law::global(self.columns, &mut whole) {
            // One column for the whole network. Joins that it does not reach are inside deeper
            // columns, whose results the joins that it reaches leave out.
            return Some(vec![if column < branches { column } else { 0 }]);
        }
        let mut own = draws.whole(&format!("{}.join{stage}", self.name));
        let law = Law { share: self.share };
        Some(law.local(branches, &mut own))
    }
}
