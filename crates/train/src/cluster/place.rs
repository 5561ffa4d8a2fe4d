//! Which cores has a rank? Those of its machine, divided among the ranks that may use the same ones.

use super::{ClusterError, Communicator};

/// A rank on its machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Machines that ranks are on.
    pub machines: usize,
    /// Ranks on this machine.
    pub local: usize,
    /// Cores of this machine.
    pub cores: usize,
    /// Cores that this process may use; the launcher may have bound it to some.
    pub allowed: usize,
    /// Threads for this rank.
    pub threads: usize,
}

impl Place {
    /// Asks all ranks where they are.
    ///
    /// # Errors
    /// [`ClusterError::Silent`].
    pub fn find(ranks: &dyn Communicator) -> Result<Self, ClusterError> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed:"));
        let mask = mask.unwrap_or_default().trim().to_owned();
        let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cores = cpus.lines().filter(|l| l.starts_with("processor")).count();
        let allowed = std::thread::available_parallelism().map_or(1, usize::from);
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let own = format!("{}\0{mask}", host.trim());
        let all = ranks.gather(own.clone().into_bytes())?;
        let all: Vec<String> = all
            .iter()
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .collect();
        Ok(Self::among(&all, &own, cores, allowed))
    }

    /// The place of the rank that says `own`, of all that say `host\0mask`.
    fn among(all: &[String], own: &str, cores: usize, allowed: usize) -> Self {
        let host = |text: &str| text.split('\0').next().unwrap_or_default().to_owned();
        let mut hosts: Vec<String> = all.iter().map(|text| host(text)).collect();
        let local = hosts.iter().filter(|other| **other == host(own)).count();
        let sharing = all.iter().filter(|other| *other == own).count();
        hosts.sort();
        hosts.dedup();
        Self {
            machines: hosts.len(),
            local,
            cores: cores.max(allowed),
            allowed,
            threads: (allowed / sharing.max(1)).max(1),
        }
    }

    /// Does the launcher leave cores unused that this rank could have?
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.allowed < self.cores && self.threads < self.cores / self.local.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(all: &[&str], own: &str, cores: usize, allowed: usize) -> Place {
        let all: Vec<String> = all.iter().map(ToString::to_string).collect();
        Place::among(&all, own, cores, allowed)
    }

    #[test]
    fn ranks_share_the_cores_that_they_may_use() {
        // Two ranks here, one elsewhere, all may use everything.
        let found = place(&["a\0ff", "a\0ff", "b\0ff"], "a\0ff", 8, 8);
        assert_eq!((found.machines, found.local, found.threads), (2, 2, 4));
        assert!(!found.is_bound());
        // More ranks than cores.
        let found = place(&["a\x003"; 4], "a\x003", 2, 2);
        assert_eq!((found.threads, found.is_bound()), (1, false));
        // Each bound to a core of its own: cores are idle.
        let found = place(&["a\x001", "a\x002"], "a\x002", 8, 1);
        assert_eq!((found.threads, found.is_bound()), (1, true));
        // Each bound to its half.
        let found = place(&["a\x00f0", "a\x00f"], "a\x00f0", 8, 4);
        assert_eq!((found.threads, found.is_bound()), (4, false));
    }
}
