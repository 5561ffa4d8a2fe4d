//! What do engines keep that they made of a network's numbers? One value of each type, until the numbers change.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Values that follow from numbers beside which they are kept.
#[derive(Default)]
pub(crate) struct Derived(Mutex<Vec<Arc<dyn Any + Send + Sync>>>);

impl Derived {
    /// The value of a type; made with its default if there is none yet.
    pub(crate) fn of<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find_map(|kept| kept.clone().downcast().ok());
        found.unwrap_or_else(|| {
            let new = Arc::new(T::default());
            all.push(new.clone());
            new
        })
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        let all = self.0.get_mut();
        all.unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Clone for Derived {
    /// Whoever copies numbers is about to change them.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Derived")
    }
}

#[cfg(test)]
mod tests {
    use crate::{ParamId, Parameters, Specs};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[derive(Default)]
    struct Count(AtomicU32);

    #[test]
    fn what_was_derived_is_shared_by_clones_until_numbers_change() {
        let spec = crate::Spec {
            name: "a".into(),
            shape: vec![2],
            role: crate::Role::Weight,
            init: crate::Init::Constant(0.0),
        };
        let specs = Arc::new(Specs::new(vec![spec]));
        let mut p = Parameters::new(specs, vec![1.0, 2.0]);
        let copy = p.clone();
        p.derived::<Count>().0.store(7, Ordering::Relaxed);
        assert_eq!(copy.derived::<Count>().0.load(Ordering::Relaxed), 7);
        p.value_mut(ParamId::new(0))[0] = 3.0;
        assert_eq!(p.derived::<Count>().0.load(Ordering::Relaxed), 0);
        // Whoever shared the old numbers keeps what follows from them.
        assert_eq!(copy.derived::<Count>().0.load(Ordering::Relaxed), 7);
        // The only owner forgets too.
        p.derived::<Count>().0.store(1, Ordering::Relaxed);
        drop(copy);
        p.values_mut();
        assert_eq!(p.derived::<Count>().0.load(Ordering::Relaxed), 0);
    }
}
