//! Is what was recorded freed, and when? On the way back, from the end.

use crate::present::engines;
use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use timestep_engine::{End, Engine, Features, Parameters, Recording, Specs, Tape, Wanted, ops};

fn open(engine: &dyn Engine, wanted: Wanted) -> Rc<dyn Tape> {
    let none = Parameters::new(Arc::new(Specs::default()), Vec::new());
    let recording = Recording {
        wanted,
        statistics: true,
    };
    engine.open(&none, &recording)
}

/// Records a copy of features; `held` lives as long as the record, `asked` is called on the way back.
fn copy(u: &Features, held: Rc<()>, asked: impl FnOnce() + 'static) -> Features {
    let tape = u.tape();
    let plain = u.onto(&tape.fork(&Recording::default()), false);
    let back = move |gradients: &[Option<_>], _: &mut dyn timestep_engine::GradientSink| {
        let _held = &held;
        asked();
        vec![gradients[0].clone()]
    };
    let results = tape.splice(&[u.value()], &[plain.value()], Box::new(back));
    Features::new(tape, results[0].clone())
}

#[test]
fn operations_are_freed_one_after_the_other() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Leaves);
        let u = Features::new(&tape, tape.features([1, 2, 2, 2], &[1.0; 8], true));
        let (first, second) = (Rc::new(()), Rc::new(()));
        let (early, late): (Weak<()>, Weak<()>) = (Rc::downgrade(&first), Rc::downgrade(&second));
        let later = late.clone();
        let in_order = Rc::new(Cell::new(false));
        let told = in_order.clone();
        let v = copy(&u, first, move || told.set(later.upgrade().is_none()));
        let w = copy(&ops::relu(&v), second, || {});
        drop(v);
        assert!(early.upgrade().is_some() && late.upgrade().is_some());
        tape.backward(&[End::Features(w.value(), w.value())], &mut ());
        assert!(in_order.get(), "{}: the later one went first", facts.name);
        assert!(early.upgrade().is_none(), "{}: freed", facts.name);
        assert!(tape.gradient(u.value()).is_some(), "{}", facts.name);
        assert_eq!(format!("{tape:?}"), "tape of 0 operations");
    }
}

#[test]
fn a_pass_without_gradients_records_nothing() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Nothing);
        let u = Features::new(&tape, tape.features([1, 2, 2, 2], &[1.0; 8], true));
        let held = Rc::new(());
        let weak = Rc::downgrade(&held);
        let v = copy(&ops::relu(&u), held, || {});
        let sum = ops::combine(&[(1.0.into(), &v), (2.0.into(), &u)]);
        assert_eq!(sum.read(), [3.0; 8], "{}", facts.name);
        assert_eq!(format!("{tape:?}"), "tape of 0 operations");
        assert!(weak.upgrade().is_none(), "{}: nothing is kept", facts.name);
        assert!(!v.is_recorded(), "{}", facts.name);
    }
}

#[test]
fn a_tape_that_is_dropped_frees_what_was_never_gone_back_through() {
    for facts in engines() {
        let tape = open(&*facts.engine(), Wanted::Leaves);
        let u = Features::new(&tape, tape.features([1, 2, 2, 2], &[1.0; 8], true));
        let held = Rc::new(());
        let weak = Rc::downgrade(&held);
        let v = copy(&u, held, || {});
        drop((u, v, tape));
        assert!(weak.upgrade().is_none(), "{}", facts.name);
    }
}
