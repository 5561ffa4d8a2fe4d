//! Which instructions do kernels use here? Those of the processor, unless told otherwise.

use crate::simd::Isa;
use std::sync::OnceLock;

/// The environment variable that forces an instruction set.
pub const ISA_VARIABLE: &str = "TIMESTEP_ISA";

/// The environment variable that turns Winograd's method off when it is `0`: convolutions are then
/// computed directly, with the rounding errors of a plain sum.
pub const WINOGRAD_VARIABLE: &str = "TIMESTEP_WINOGRAD";

/// Handle to the kernels compiled for one instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    isa: Isa,
    pub(crate) winograd: bool,
}

impl Kernels {
    /// The kernels of one instruction set; `None` if this processor lacks it.
    #[must_use]
    pub fn new(isa: Isa) -> Option<Self> {
        isa.available().then_some(Self {
            isa,
            winograd: true,
        })
    }

    /// The kernels that suit this processor, or the set that `TIMESTEP_ISA` names (`avx512`,
    /// `avx2`, `portable`). Read once; a name that is unknown or not available here is ignored, and
    /// [`forced`] says so.
    #[must_use]
    pub fn detect() -> Self {
        static KERNELS: OnceLock<Kernels> = OnceLock::new();
        *KERNELS.get_or_init(|| {
            let asked = forced().and_then(Result::ok).and_then(Self::new);
            let best = Isa::ALL.into_iter().find_map(Self::new);
            let found = asked.or(best).unwrap_or(Self {
                isa: Isa::Portable,
                winograd: true,
            });
            let direct = std::env::var(WINOGRAD_VARIABLE).is_ok_and(|v| v == "0");
            found.with_winograd(!direct)
        })
    }

    /// The same kernels, with or without Winograd's method for 3×3 convolutions.
    #[must_use]
    pub fn with_winograd(self, winograd: bool) -> Self {
        Self { winograd, ..self }
    }

    /// The instruction set.
    #[must_use]
    pub fn isa(&self) -> Isa {
        self.isa
    }
}

/// What the environment asks for: a usable set, or the name that is not one.
#[must_use]
pub fn forced() -> Option<Result<Isa, String>> {
    let name = std::env::var(ISA_VARIABLE).ok().filter(|n| !n.is_empty())?;
    let found = Isa::ALL.into_iter().find(|isa| isa.name() == name);
    Some(found.filter(|isa| isa.available()).ok_or(name))
}
