//! What did a run say? For tests and programs that want the events themselves.

use crate::event::{Event, Sink, SinkError};
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps every event. Clones share what they keep: give one to the run and read the other.
#[derive(Clone, Debug, Default)]
pub struct MemorySink {
    events: Arc<Mutex<Vec<Event>>>,
}

impl MemorySink {
    /// A sink without events.
    pub fn new() -> Self {
        MemorySink::default()
    }

    /// The events so far.
    pub fn events(&self) -> Vec<Event> {
        // A push that panicked left the list whole.
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Sink for MemorySink {
    fn on(&mut self, event: &Event) -> Result<(), SinkError> {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::epoch;
    use super::*;

    #[test]
    fn clones_share_the_events() {
        let sink = MemorySink::new();
        let mut boxed: Box<dyn Sink> = Box::new(sink.clone());
        boxed.on(&epoch(1)).expect("never fails");
        assert_eq!(sink.events(), [epoch(1)]);
    }
}
