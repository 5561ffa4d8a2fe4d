//! What is a network with more or fewer steps, of another size? The same differential equation, sampled otherwise.
//!
//! A segment that takes `N` steps covers `N` cells of its time; the weights of a step are those in the middle of its cell. With
//! `M` steps the cells are `N/M` as long, and so is the step size `h`. What is sampled are functions of time: weights, scales
//! and running statistics, linear between the middles of the old cells and constant beyond the first and the last, so that
//! their mean over the segment stays what it was, or constant in each old cell. A transition's own step is one step, with
//! the weights that it has.
//!
//! A learned coefficient is a function of time as well, and depends on the step size: see
//! [`refined`](timestep_numerics::analysis::refined()).

use crate::{Granularity, NetError, Network, Parameters, Role};
use std::collections::BTreeMap;
use timestep_engine::ParamId;
use timestep_numerics::analysis::refined;

/// What weights are between the middles of the cells of the steps that have them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Linear.
    #[default]
    Linear,
    /// Those of the cell: the equation stays the same, and only its steps are finer.
    Constant,
}

/// What happens to learned coefficients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coefficients {
    /// They are changed so that the modified equation stays the same up to `u''`, where the scheme has one for each step.
    #[default]
    Rescaled,
    /// They stay, and with them the equation up to `u'` alone.
    Kept,
}

/// How a network is sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// What weights are in between.
    pub interpolation: Interpolation,
    /// What happens to coefficients.
    pub coefficients: Coefficients,
}

/// A network with other steps.
#[derive(Debug)]
pub struct Resampled {
    /// The network.
    pub network: Network,
    /// Its numbers.
    pub parameters: Parameters,
    /// What happened to its coefficients; `None` if it has none.
    pub coefficients: Option<Coefficients>,
}

/// Two parameters of one kind in successive steps of a segment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Successive {
    /// That of the earlier step.
    pub earlier: ParamId,
    /// That of the later one.
    pub later: ParamId,
    /// Time between the middles of the steps.
    pub distance: f64,
}

impl Network {
    /// Steps of each segment: those that its transition takes, and those that follow.
    #[must_use]
    pub fn own_steps(&self) -> Vec<(usize, usize)> {
        let segments = self.segments().iter();
        segments
            .map(|s| (s.steps.taken, s.steps.steps.len()))
            .collect()
    }

    /// Steps of each segment if those that follow its transition are `factor` times as many: rounded, and at least one where
    /// there is one.
    #[must_use]
    pub fn steps_times(&self, factor: f64) -> Vec<usize> {
        let scaled =
            |own: usize| ((own as f64 * factor).round() as usize).max(usize::from(own > 0));
        let all = self.own_steps().into_iter();
        all.map(|(taken, own)| taken + scaled(own)).collect()
    }

    /// Has each step one coefficient, one number for all channels?
    #[must_use]
    pub fn has_single_coefficients(&self) -> bool {
        let facts = self.scheme().coefficient;
        self.config().scheme.coefficient == Granularity::Scalar
            && facts.is_some_and(|facts| facts.older.is_empty())
    }

    /// Why it cannot be resampled, if it cannot.
    fn not_sampled(&self, steps: &[usize]) -> Option<String> {
        if !self.body().uniform {
            return Some(format!(
                "`{}` is not made of segments of one block and one scheme",
                self.config().name
            ));
        }
        let own = self.own_steps();
        if steps.len() != own.len() {
            return Some(format!(
                "it has {} segments, and {} were given",
                own.len(),
                steps.len()
            ));
        }
        for (index, ((taken, own), steps)) in own.iter().zip(steps).enumerate() {
            let number = index + 1;
            match (*steps).checked_sub(*taken) {
                None | Some(0) if *own > 0 => {
                    return Some(format!(
                        "segment {number} needs at least {} step(s): {}one that keeps the shape",
                        taken + 1,
                        if *taken > 0 {
                            "its transition's and "
                        } else {
                            ""
                        },
                    ));
                }
                Some(more) if *own == 0 && more > 0 => {
                    return Some(format!(
                        "segment {number} has no step that keeps the shape, which others could be sampled from"
                    ));
                }
                _ => {}
            }
        }
        None
    }

    /// The parameters of successive steps of a segment that are functions of its time: weights, biases, scales and shifts.
    #[must_use]
    pub fn successive(&self) -> Vec<Successive> {
        if !self.body().uniform {
            return Vec::new();
        }
        let mut all = Vec::new();
        for (index, (taken, own)) in self.own_steps().into_iter().enumerate() {
            let steps = StepsOf::read(self, index, taken, own);
            for ids in steps.by_name.values() {
                for pair in ids.windows(2) {
                    let [(a, earlier), (b, later)] = [pair[0], pair[1]];
                    let role = self.specs()[earlier.index()].role;
                    if b != a + 1 || !matches!(role, Role::Weight | Role::Bias | Role::Norm) {
                        continue;
                    }
                    let h = |n: usize| self.config().h_of(index, taken + n);
                    all.push(Successive {
                        earlier,
                        later,
                        distance: 0.5 * (h(a) + h(b)),
                    });
                }
            }
        }
        // In the order of the table, which is not that of names.
        all.sort_by_key(|pair| pair.earlier);
        all
    }
}

/// The parameters of the steps of a segment, by what they are called in their step.
struct StepsOf {
    by_name: BTreeMap<String, Vec<(usize, ParamId)>>,
}

impl StepsOf {
    fn read(network: &Network, index: usize, taken: usize, own: usize) -> Self {
        let mut by_name: BTreeMap<String, Vec<(usize, ParamId)>> = BTreeMap::new();
        for (spec, id) in network.specs().iter().zip(network.specs().ids()) {
            if let Some((segment, step, rest)) = place(&spec.name)
                && segment == index
                && (taken..taken + own).contains(&step)
            {
                by_name
                    .entry(rest.to_owned())
                    .or_default()
                    .push((step - taken, id));
            }
        }
        by_name.values_mut().for_each(|ids| ids.sort());
        Self { by_name }
    }
}

/// Segment and step (from 0), and what is behind them: `layer2.3.conv1.weight` is `conv1.weight` of step 3 of segment 1.
fn place(name: &str) -> Option<(usize, usize, &str)> {
    let (layer, rest) = name.strip_prefix("layer")?.split_once('.')?;
    let (step, rest) = rest.split_once('.')?;
    Some((
        layer.parse::<usize>().ok()?.checked_sub(1)?,
        step.parse().ok()?,
        rest,
    ))
}

/// Where a new step lies between old ones: from the first to the second, as a share of the way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Between {
    first: usize,
    second: usize,
    share: f64,
}

impl Between {
    /// The middle of new step `n` among the old steps that there are, in order.
    fn of(n: usize, ratio: f64, there: &[usize], interpolation: Interpolation) -> Self {
        let middle = (n as f64 + 0.5) * ratio;
        let (least, most) = (there[0] as f64, there[there.len() - 1] as f64);
        let at = match interpolation {
            Interpolation::Linear => middle - 0.5,
            // A middle on the border of two cells belongs to the second.
            Interpolation::Constant => (middle + 1e-9).floor(),
        };
        let at = at.clamp(least, most);
        let find = |step: f64| there.iter().position(|t| *t as f64 >= step).unwrap_or(0);
        let second = find(at);
        let first = if there[second] as f64 > at {
            second - 1
        } else {
            second
        };
        let gap = (there[second] - there[first]) as f64;
        Self {
            first,
            second,
            share: if gap > 0.0 {
                (at - there[first] as f64) / gap
            } else {
                0.0
            },
        }
    }

    fn number(self, first: f64, second: f64) -> f64 {
        first + self.share * (second - first)
    }
}

/// A segment while it is sampled.
struct Segment<'n> {
    network: &'n Network,
    parameters: &'n Parameters,
    index: usize,
    taken: usize,
    /// Old steps after the transition's own, and new ones.
    own: (usize, usize),
    manner: Manner,
    old: StepsOf,
}

impl Segment<'_> {
    /// Length of a new step in old ones.
    fn ratio(&self) -> f64 {
        if self.own.1 == 0 {
            1.0
        } else {
            self.own.0 as f64 / self.own.1 as f64
        }
    }

    /// The numbers of the parameter called `rest` in new step `n`.
    fn sample(&self, n: usize, rest: &str) -> Option<Vec<f32>> {
        let ids = self.old.by_name.get(rest)?;
        let there: Vec<usize> = ids.iter().map(|(step, _)| *step).collect();
        let between = Between::of(n, self.ratio(), &there, self.manner.interpolation);
        let values = |place: usize| self.parameters.value(ids[place].1);
        let pairs = values(between.first).iter().zip(values(between.second));
        let number = |(a, b): (&f32, &f32)| between.number(f64::from(*a), f64::from(*b)) as f32;
        Some(pairs.map(number).collect())
    }

    /// The old step size where new step `n` is.
    fn old_h(&self, n: usize) -> f64 {
        let there: Vec<usize> = (0..self.own.0).collect();
        let between = Between::of(n, self.ratio(), &there, self.manner.interpolation);
        let h = |step: usize| self.network.config().h_of(self.index, self.taken + step);
        between.number(h(between.first), h(between.second))
    }

    /// Size and coefficients (newest state first) of new step `n`, given those that were sampled.
    fn step(
        &self,
        n: usize,
        sampled: &[f64],
        rule: Coefficients,
    ) -> Result<(f64, Vec<f64>), NetError> {
        let ratio = self.ratio();
        let scheme = self.network.scheme();
        let rescaled = |k: f64| refined(scheme.written(), k, ratio);
        // The first step after a transition's own, which has the size 1 and left the state before it farther behind.
        let behind = self.taken > 0 && n == 0;
        let (control, coefs) = match (sampled, rule) {
            ([k], Coefficients::Rescaled) => {
                let found = rescaled(*k)?;
                (
                    found.control,
                    vec![if behind { found.behind } else { found.k }],
                )
            }
            // A first step has no coefficient of its own; what follows has.
            ([], Coefficients::Rescaled) if scheme.coefficient.is_some() && self.own.1 > 1 => {
                match self.sample_coefficient(n) {
                    Some(k) => (rescaled(k)?.first, Vec::new()),
                    None => (ratio, Vec::new()),
                }
            }
            _ => {
                let mut coefs = sampled.to_vec();
                if let Some(k) = coefs.get_mut(n).filter(|_| self.taken > 0) {
                    let there = n as f64 * ratio;
                    *k *= (there + ratio) / (there + 1.0);
                }
                (ratio, coefs)
            }
        };
        Ok((self.old_h(n) * control, coefs))
    }

    /// The coefficient that steps near new step `n` have, if any has one.
    fn sample_coefficient(&self, n: usize) -> Option<f64> {
        let facts = self.network.scheme().coefficient?;
        self.sample(n, facts.name)?.first().map(|k| f64::from(*k))
    }
}

/// A network of `steps` steps in each segment, the transitions' own counted, that samples the equation of this one.
///
/// # Errors
/// [`NetError::NotSampled`] if it cannot be, with the reason; [`NetError::Analysis`] if a coefficient cannot be rescaled.
pub fn resample(
    network: &Network,
    parameters: &Parameters,
    steps: &[usize],
    manner: Manner,
) -> Result<Resampled, NetError> {
    if let Some(why) = network.not_sampled(steps) {
        return Err(NetError::NotSampled(why));
    }
    let config = network.config();
    let theory = network.scheme();
    let rule = match network.has_single_coefficients() {
        true => manner.coefficients,
        false => Coefficients::Kept,
    };
    let segments: Vec<Segment<'_>> = (network.own_steps().into_iter().zip(steps))
        .enumerate()
        .map(|(index, ((taken, own), steps))| Segment {
            network,
            parameters,
            index,
            taken,
            own: (own, steps - taken),
            manner,
            old: StepsOf::read(network, index, taken, own),
        })
        .collect();
    let mut made = config.clone();
    made.body.steps = steps.to_vec();
    made.scheme.h.clear();
    let bare = Network::build(&made)?;
    let mut values = Parameters::new(bare.specs().clone(), vec![0.0; bare.specs().total()]);
    let mut sizes: Vec<Vec<f64>> = Vec::new();
    let mut coefficients: BTreeMap<ParamId, Vec<f32>> = BTreeMap::new();
    for (index, segment) in segments.iter().enumerate() {
        let ids = bare.segments()[index].coefficients();
        let mut own = vec![1.0; segment.taken];
        for n in 0..segment.own.1 {
            let ids = &ids[segment.taken + n];
            let facts = theory.coefficient;
            let sampled: Vec<Vec<f32>> = (0..ids.len())
                .filter_map(|j| segment.sample(n, &facts?.name_of(j)))
                .collect();
            // One number, or one for each channel: all of them go the way of the first, which only `Kept` allows to differ.
            let channels = sampled.iter().map(Vec::len).max().unwrap_or(1);
            let mut by_coefficient = vec![Vec::new(); sampled.len()];
            let mut h = segment.step(n, &[], rule)?.0;
            for channel in 0..if sampled.is_empty() { 0 } else { channels } {
                let of = |all: &Vec<f32>| f64::from(all[channel]);
                let numbers: Vec<f64> = sampled.iter().map(of).collect();
                let (size, found) = segment.step(n, &numbers, rule)?;
                h = size;
                for (all, k) in by_coefficient.iter_mut().zip(found) {
                    all.push(k as f32);
                }
            }
            own.push(h);
            coefficients.extend(ids.iter().copied().zip(by_coefficient));
        }
        sizes.push(own);
    }
    for (spec, id) in bare.specs().iter().zip(bare.specs().ids()) {
        let sampled = place(&spec.name).and_then(|(index, step, rest)| {
            let segment = segments.get(index)?;
            let n = step.checked_sub(segment.taken)?;
            match coefficients.get(&id) {
                Some(numbers) => Some(numbers.clone()),
                None => segment.sample(n, rest),
            }
        });
        let old = || {
            network
                .specs()
                .find(&spec.name)
                .map(|old| parameters.value(old).to_vec())
        };
        let found = sampled
            .or_else(old)
            .filter(|found| found.len() == spec.len());
        let mut found = found.ok_or_else(|| {
            NetError::NotSampled(format!(
                "no step has what `{}` could be sampled from",
                spec.name
            ))
        })?;
        if let Some((index, 0, _)) = place(&spec.name)
            && spec.role == Role::Coefficient
            && index > 0
            && segments[index].taken > 0
        {
            // The step of a transition that goes on with the history of a segment whose steps have another size.
            let before = segments[index - 1].ratio() as f32;
            found.iter_mut().for_each(|k| *k /= before);
        }
        values.value_mut(id).copy_from_slice(&found);
    }
    made.scheme.h = shortest(&sizes);
    if made != *config {
        made.name = format!("{} x {}", made.block.name, theory.key);
    }
    Ok(Resampled {
        network: Network::build(&made)?,
        parameters: values,
        coefficients: theory.coefficient.map(|_| rule),
    })
}

/// The shortest way to write the sizes of the steps of segments: none if all are 1, one for all, one for each segment, or all. Those of
/// transitions, which are 1, need not be said.
fn shortest(sizes: &[Vec<f64>]) -> Vec<f64> {
    let last: Vec<f64> = sizes.iter().filter_map(|s| s.last().copied()).collect();
    let own = |sizes: &Vec<f64>, h: f64| {
        let rest = &sizes[usize::from(sizes[0] == 1.0)..];
        rest.iter().all(|other| *other == h)
    };
    let even = sizes.iter().zip(&last).all(|(sizes, h)| own(sizes, *h));
    match last.first() {
        Some(first) if even && last.iter().all(|h| h == first) => match *first == 1.0 {
            true => Vec::new(),
            false => vec![*first],
        },
        _ if even => last,
        _ => sizes.concat(),
    }
}

#[cfg(test)]
#[path = "resample_tests.rs"]
mod tests;
