//! Which weights did the scripts of `tests/golden/pytorch` get? Those of a generator that the fixtures keep alive.
//!
//! Networks draw their first weights in another way by now. The fixtures are about what is computed from weights, not
//! about the weights, so these are still drawn as when the fixtures were made: by ChaCha with eight rounds
//! (Bernstein 2008), and by Box and Muller's pairs of normal numbers.

use timestep_nets::{Init, Network, Parameters, Spec};

/// One quarter of a round.
fn quarter(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (sum, term, turned, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        state[sum] = state[sum].wrapping_add(state[term]);
        state[turned] = (state[turned] ^ state[sum]).rotate_left(by);
    }
}

/// The numbers of one parameter.
struct Numbers {
    /// Constants, key, counter and nonce.
    start: [u32; 16],
    block: [u32; 16],
    taken: usize,
}

impl Numbers {
    /// The numbers of a name under a seed: the key has the seed and the name's FNV-1a.
    fn new(seed: u64, name: &str) -> Self {
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let key = [seed, hash, u64::from_le_bytes(*b"ts-init\0"), 0];
        let mut start = [0; 16];
        start[..4].copy_from_slice(&[0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574]);
        for (i, word) in key.into_iter().enumerate() {
            start[4 + 2 * i] = word as u32;
            start[5 + 2 * i] = (word >> 32) as u32;
        }
        Self {
            start,
            block: [0; 16],
            taken: 16,
        }
    }

    fn next_u32(&mut self) -> u32 {
        if self.taken == 16 {
            let mut state = self.start;
            for _ in 0..4 {
                for i in 0..4 {
                    quarter(&mut state, [i, 4 + i, 8 + i, 12 + i]);
                }
                for i in 0..4 {
                    let turned = |row: usize| 4 * row + (i + row) % 4;
                    quarter(&mut state, [i, turned(1), turned(2), turned(3)]);
                }
            }
            self.block = std::array::from_fn(|i| state[i].wrapping_add(self.start[i]));
            // No parameter is so large that the counter's upper half begins.
            self.start[12] += 1;
            self.taken = 0;
        }
        self.taken += 1;
        self.block[self.taken - 1]
    }

    /// A uniform number of (0, 1), from 53 bits.
    fn unit(&mut self) -> f64 {
        let [low, high] = [(); 2].map(|()| u64::from(self.next_u32()));
        let bits = (low | high << 32) >> 11;
        (bits as f64 + 0.5) * (1.0 / (1_u64 << 53) as f64)
    }
}

fn draw(spec: &Spec, seed: u64) -> Vec<f32> {
    let mut numbers = Numbers::new(seed, &spec.name);
    let mut values = Vec::with_capacity(spec.len() + 1);
    while values.len() < spec.len() {
        match spec.init {
            Init::Constant(value) => values.push(value as f32),
            Init::Uniform(low, high) => values.push((low + (high - low) * numbers.unit()) as f32),
            Init::Normal(std) => {
                let radius = (-2.0 * numbers.unit().ln()).sqrt();
                let angle = std::f64::consts::TAU * numbers.unit();
                values.push((std * radius * angle.cos()) as f32);
                values.push((std * radius * angle.sin()) as f32);
            }
        }
    }
    values.truncate(spec.len());
    values
}

/// The first weights of a network as the fixtures have them.
pub(crate) fn weights(network: &Network, seed: u64) -> Parameters {
    let values = network.specs().iter().flat_map(|spec| draw(spec, seed));
    Parameters::new(network.specs().clone(), values.collect())
}
