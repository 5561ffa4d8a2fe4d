//! Do budgets keep their word, and folders their budget?

use super::*;
use crate::tables::{TABLE2, TABLES};

#[test]
fn a_budget_changes_what_it_says_and_nothing_else() {
    let quick = Budget::quick();
    let ours = quick
        .recipe("cifar10/lm-resnet-20", &[], 3)
        .expect("resolves")
        .recipe;
    let theirs = Layers::load("cifar10/lm-resnet-20")
        .resolve()
        .expect("resolves")
        .recipe;
    assert_eq!((ours.train.epochs, ours.train.seed), (2, 3));
    assert_eq!(ours.data.name, "digits");
    assert_eq!(ours.network, theirs.network);
    assert_eq!(ours.optimiser, theirs.optimiser);
    let full = Budget::full()
        .recipe("cifar10/lm-resnet-20", &[], 0)
        .expect("resolves")
        .recipe;
    assert_eq!(full, theirs);
}

#[test]
fn every_row_resolves_at_every_budget() {
    for table in TABLES {
        for recipe in table.rows.iter().filter_map(|row| row.recipe) {
            for budget in [Budget::quick(), Budget::full()] {
                let resolved = budget.recipe(recipe, &[], 1);
                let resolved = resolved.unwrap_or_else(|e| panic!("{recipe}: {e}"));
                assert!(
                    resolved.warnings.is_empty(),
                    "{recipe}: {:?}",
                    resolved.warnings
                );
            }
        }
    }
}

#[test]
fn another_budget_needs_another_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Reproduction::open(&TABLE2, Budget::quick(), folder.path()).expect("empty");
    first.begin().expect("writes");
    let seeds = Budget {
        seeds: 3,
        ..Budget::quick()
    };
    Reproduction::open(&TABLE2, seeds, folder.path()).expect("more seeds are no other budget");
    let error = Reproduction::open(&TABLE2, Budget::full(), folder.path());
    assert!(matches!(error, Err(TrainError::OtherBudget { .. })));
}

#[test]
fn unfinished_rows_wait_and_other_networks_have_no_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = Reproduction::open(&TABLE2, Budget::quick(), folder.path()).expect("empty");
    let found = ReproducedTable::of(&table);
    let waiting = |row: &&ReproducedRow| row.state == Some("waiting");
    assert_eq!(
        found.rows.iter().filter(waiting).count(),
        table.tasks().len()
    );
    let dense = found
        .rows
        .iter()
        .find(|row| (row.network, row.data) == ("DenseNet", "CIFAR-100"));
    let dense = dense.expect("a row of another project");
    assert_eq!((dense.layers, dense.published_error), ("100", Some(19.25)));
    assert_eq!((dense.error, dense.state), (None, None));
    assert!(
        found
            .budget
            .contains("`digits` instead of the published data")
    );
}

#[test]
fn errors_are_percentages_with_their_spread() {
    let done = |top1| {
        Progress::Done(TestMetrics {
            loss: 0.0,
            top1,
            top5: 1.0,
        })
    };
    assert_eq!(error_of(&[Progress::Waiting]), None);
    let (mean, spread) = error_of(&[done(0.9), done(0.92), Progress::Begun]).expect("two");
    assert!((mean - 9.0).abs() < 1e-9);
    assert!((spread.expect("of two") - 2.0_f64.sqrt()).abs() < 1e-9);
}

#[test]
fn no_two_runs_of_a_table_share_a_folder() {
    for table in TABLES {
        let folder = tempfile::tempdir().expect("a folder");
        let table = Reproduction::open(table, Budget::quick(), folder.path()).expect("empty");
        let mut folders: Vec<_> = table.tasks().into_iter().map(|task| task.folder).collect();
        let all = folders.len();
        folders.sort();
        folders.dedup();
        assert_eq!(folders.len(), all, "{}", table.table.key);
    }
}
