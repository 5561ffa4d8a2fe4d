//! Was this process started as one of several? The variables that launchers set say so.

/// Says which MPI library is opened; `off`: none, every process works by itself.
pub const SWITCH: &str = "TIMESTEP_MPI";

/// Who starts several processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// `mpirun` of Open MPI.
    OpenMpi,
    /// `mpiexec` of MPICH, Intel MPI, MVAPICH, and whoever else speaks PMI.
    Mpich,
    /// `srun` of Slurm.
    Slurm,
}

impl Launcher {
    /// Its name in sentences.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Launcher::OpenMpi => "Open MPI's mpirun",
            Launcher::Mpich => "mpiexec",
            Launcher::Slurm => "srun",
        }
    }

    /// The variables of rank and size.
    fn variables(self) -> [&'static str; 2] {
        match self {
            Launcher::OpenMpi => ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"],
            Launcher::Mpich => ["PMI_RANK", "PMI_SIZE"],
            // Not SLURM_NTASKS, which a batch script has too that starts nothing.
            Launcher::Slurm => ["SLURM_PROCID", "SLURM_STEP_NUM_TASKS"],
        }
    }
}

/// How this process was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launch {
    /// By whom.
    pub launcher: Launcher,
    /// Its number.
    pub rank: usize,
    /// How many were started with it.
    pub size: usize,
}

/// How this process was started, if it is one of several.
#[must_use]
pub fn launch() -> Option<Launch> {
    of(|name| std::env::var(name).ok())
}

fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Launch> {
    if variable(SWITCH).is_some_and(|value| value == "off") {
        return None;
    }
    let launchers = [Launcher::OpenMpi, Launcher::Mpich, Launcher::Slurm];
    launchers.into_iter().find_map(|launcher| {
        let number = |name| variable(name)?.parse().ok();
        let [rank, size] = launcher.variables().map(number);
        let (rank, size) = (rank?, size?);
        (size > 1 && rank < size).then_some(Launch {
            launcher,
            rank,
            size,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(all: &[(&str, &str)]) -> Option<Launch> {
        of(|name| {
            let found = all.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn launchers_are_known_by_their_variables() {
        let open = [("OMPI_COMM_WORLD_RANK", "1"), ("OMPI_COMM_WORLD_SIZE", "4")];
        let found = with(&open).expect("four processes");
        assert_eq!(
            (found.launcher, found.rank, found.size),
            (Launcher::OpenMpi, 1, 4)
        );
        let found = with(&[("PMI_RANK", "0"), ("PMI_SIZE", "2")]).expect("two");
        assert_eq!((found.launcher, found.size), (Launcher::Mpich, 2));
        let slurm = [("SLURM_PROCID", "3"), ("SLURM_STEP_NUM_TASKS", "8")];
        assert_eq!(with(&slurm).expect("eight").rank, 3);
        // A batch script, one process, nonsense, and whoever wants none of it.
        assert_eq!(with(&[("SLURM_PROCID", "0"), ("SLURM_NTASKS", "8")]), None);
        assert_eq!(with(&[("PMI_RANK", "0"), ("PMI_SIZE", "1")]), None);
        assert_eq!(with(&[("PMI_RANK", "7"), ("PMI_SIZE", "2")]), None);
        assert_eq!(with(&[("PMI_RANK", "x"), ("PMI_SIZE", "2")]), None);
        assert_eq!(with(&[open[0], open[1], (SWITCH, "off")]), None);
    }
}
