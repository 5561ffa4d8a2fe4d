//! Which classes of a data set are used? All, or those that are named.

use crate::{DataError, Dataset, Split};
use std::sync::Arc;

impl Dataset {
    /// The images of these classes alone, in the order of the set; a label is then a position in
    /// `classes`, in the order given.
    ///
    /// # Errors
    /// [`DataError::BadOption`] for a class that the set does not have or that is named twice, and for
    /// fewer than two.
    pub fn of_classes(&self, classes: &[String]) -> Result<Self, DataError> {
        let refused = |value: String, expected: String| DataError::BadOption {
            option: "data.classes",
            value,
            expected,
        };
        if classes.len() < 2 {
            return Err(refused(classes.join(","), "at least two classes".into()));
        }
        let mut place = vec![None; self.classes.len()];
        for (new, name) in classes.iter().enumerate() {
            let old = self.classes.iter().position(|class| class == name);
            let Some(old) = old.filter(|old| place[*old].is_none()) else {
                let all = self.classes.join(", ");
                return Err(refused(name.clone(), format!("each one of {all}, once")));
            };
            // A position in a list of classes, as every label is.
            place[old] = Some(new as u16);
        }
        Ok(Self {
            classes: classes.to_vec(),
            train: self.train.of_labels(&place)?,
            test: self.test.of_labels(&place)?,
            ..self.clone()
        })
    }
}

impl Split {
    /// The images whose label has a new one in `place`, with that.
    fn of_labels(&self, place: &[Option<u16>]) -> Result<Self, DataError> {
        let new = |label: &u16| place.get(usize::from(*label)).copied().flatten();
        let kept: Vec<u32> = (0_u32..)
            .zip(self.labels())
            .filter(|(_, label)| new(label).is_some())
            .map(|(image, _)| image)
            .collect();
        let labels = self.labels().iter().filter_map(new).collect();
        let mut part = self.subset(&kept)?;
        part.relabel(Arc::new(labels));
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use crate::{DataError, OpenOptions, open};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn some_classes_keep_their_images_and_get_new_labels() {
        let all = open("digits", &OpenOptions::default()).expect("embedded");
        let some = all.of_classes(&names(&["7", "2"])).expect("two of ten");
        assert_eq!(some.classes, ["7", "2"]);
        for (whole, part) in [(&all.train, &some.train), (&all.test, &some.test)] {
            let counts = whole.class_counts(10);
            assert_eq!(part.class_counts(2), [counts[7], counts[2]]);
            // The first seven is the same picture.
            let at = |labels: &[u16], label: u16| {
                labels
                    .iter()
                    .position(|l| *l == label)
                    .expect("there is one") as u32
            };
            let (old, new) = (at(whole.labels(), 7), at(part.labels(), 0));
            assert_eq!(
                whole.fetch(&[old]).expect("in memory"),
                part.fetch(&[new]).expect("in memory")
            );
        }
        assert_ne!(all.fingerprint(), some.fingerprint());
        // Put in order, all of them are the set itself.
        let same = all.of_classes(&all.classes).expect("all");
        assert_eq!(same.fingerprint(), all.fingerprint());
    }

    #[test]
    fn classes_that_are_not_there_are_refused() {
        let all = open("digits", &OpenOptions::default()).expect("embedded");
        for wrong in [&["3", "11"][..], &["3", "3"], &["3"], &[]] {
            let error = all.of_classes(&names(wrong)).expect_err("refused");
            assert!(matches!(error, DataError::BadOption { .. }), "{error}");
        }
    }
}
