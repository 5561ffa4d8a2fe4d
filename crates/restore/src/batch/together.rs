//! Which pictures are restored at the same time? Reading and writing a picture keeps one thread busy only.

use super::Item;

/// Pixels of a picture that is small enough to be restored beside others.
const SMALL: u64 = 4 << 20;

/// The pictures in order, those that are restored at the same time together: small ones that follow each other, as many as there
/// are threads; one at a time where memory is `limited`.
#[must_use]
pub fn together(items: &[Item], limited: bool) -> Vec<&[Item]> {
    let most = if limited {
        1
    } else {
        rayon::current_num_threads()
    };
    let small = |item: &Item| {
        let found = timestep_picture::header(&item.input, &timestep_picture::Memory::of_machine());
        found.is_ok_and(|h| u64::from(h.width) * u64::from(h.height) <= SMALL)
    };
    let mut all = Vec::new();
    let mut rest = items;
    while !rest.is_empty() {
        let alike = rest
            .iter()
            .take(most)
            .take_while(|item| small(item))
            .count();
        let (now, later) = rest.split_at(if most > 1 { alike.max(1) } else { 1 });
        all.push(now);
        rest = later;
    }
    all
}
