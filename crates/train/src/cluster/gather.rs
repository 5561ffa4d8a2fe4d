//! What do all ranks agree on?

use super::{ClusterError, Communicator};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Checks that every rank has the same, named by what it is.
///
/// # Errors
/// [`ClusterError::Differ`] with the first that differs from that of rank 0.
pub fn check_same(ranks: &dyn Communicator, facts: &[(&str, String)]) -> Result<(), ClusterError> {
    if ranks.size() == 1 {
        return Ok(());
    }
    let own: Vec<&str> = facts.iter().map(|(_, text)| text.as_str()).collect();
    let all = ranks.gather(own.join("\0").into_bytes())?;
    let texts = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
    };
    let first = texts(&all[0]);
    for (rank, other) in all.iter().enumerate() {
        for ((what, _), (one, other)) in facts.iter().zip(first.iter().zip(texts(other))) {
            if *one != other {
                let what = (*what).to_owned();
                return Err(ClusterError::Differ { what, rank });
            }
        }
    }
    Ok(())
}

/// The text of rank 0, on every rank.
///
/// # Errors
/// [`ClusterError::Silent`].
pub fn of_first(ranks: &dyn Communicator, own: &str) -> Result<String, ClusterError> {
    let own = match ranks.rank() {
        0 => own.as_bytes().to_vec(),
        _ => Vec::new(),
    };
    let first = ranks.gather(own)?.swap_remove(0);
    Ok(String::from_utf8_lossy(&first).into_owned())
}

/// What each rank has to tell, in the order of ranks, on every rank.
///
/// # Errors
/// [`ClusterError::Silent`].
///
/// # Panics
/// Never: a launcher starts one program, so what is read was written by the same code, and numbers that are not finite are
/// words in what the program writes.
pub fn of_all<T: Serialize + DeserializeOwned>(
    ranks: &dyn Communicator,
    own: &T,
) -> Result<Vec<T>, ClusterError> {
    let own = serde_json::to_vec(own).expect("text, and numbers that are guarded");
    let all = ranks.meet(own)?.into_iter();
    Ok(all
        .map(|bytes| serde_json::from_slice(&bytes).expect("what this program writes"))
        .collect())
}

/// A short text that differs, almost certainly, where numbers differ in a bit (FNV-1a over their words).
#[must_use]
pub fn digest(values: &[f32]) -> String {
    let hash = values
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, value| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x100_0000_01b3)
        });
    format!("{hash:016x}")
}
