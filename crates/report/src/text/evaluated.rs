//! What a classifier is worth, class by class, and what it sees in pictures, in words.

use super::Answer;
use super::page::{Page, head};
use timestep_study::measure::Measured;
use timestep_study::predict::Prediction;

/// Classes up to which each gets a row, and the matrix is shown whole.
const SHOWN: usize = 20;
/// Rows of lists that are cut short.
const FEW: usize = 10;

/// A share with three digits; a dash where there is none.
fn share(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

impl Answer for Measured {
    fn text(&self, page: &mut Page) {
        page.line(format!(
            "top-1 {:.4}   top-5 {:.4}   loss {:.4}   calibration error {:.4}   ({:.0} images/s)",
            self.top1, self.top5, self.loss, self.calibration_error, self.images_per_second
        ));
        if let Some(n) = self.learned_by_heart {
            page.line(format!(
                "these weights learned {n} training images by heart (`train.overfit`), on which their run measured them; these are \
                 other images"
            ));
        }
        page.blank();
        self.each_class(page);
        self.confusions(page);
        self.worst_images(page);
    }
}

/// The parts of the text.
trait Parts {
    fn each_class(&self, page: &mut Page);
    fn confusions(&self, page: &mut Page);
    fn worst_images(&self, page: &mut Page);
}

impl Parts for Measured {
    fn each_class(&self, page: &mut Page) {
        let mut classes: Vec<_> = self.classes.iter().collect();
        let many = classes.len() > SHOWN;
        if many {
            let f1 = |f1: Option<f64>| f1.unwrap_or(f64::INFINITY);
            classes.sort_by(|a, b| f1(a.f1).total_cmp(&f1(b.f1)));
            classes.truncate(FEW);
            page.line(format!("The {FEW} classes with the lowest F1"));
        }
        let mut rows = head(["class", "images", "precision", "recall", "F1"]);
        rows.extend(classes.into_iter().map(|class| {
            vec![
                class.class.clone(),
                class.images.to_string(),
                share(class.precision),
                share(class.recall),
                share(class.f1),
            ]
        }));
        page.table(&rows);
    }

    fn confusions(&self, page: &mut Page) {
        let name = |i: usize| {
            self.classes
                .get(i)
                .map_or("?", |class| class.class.as_str())
        };
        if self.classes.len() <= SHOWN {
            page.blank();
            page.line("Images of a class (row) that were taken for each class (column, in the same order)");
            let numbers = (1..=self.confusion.len()).map(|n| n.to_string());
            let mut rows = vec![
                [String::new()]
                    .into_iter()
                    .chain(numbers)
                    .collect::<Vec<_>>(),
            ];
            for (i, row) in self.confusion.iter().enumerate() {
                let title = format!("{} {}", i + 1, name(i));
                let counts = row
                    .iter()
                    .map(|n| if *n == 0 { "·".into() } else { n.to_string() });
                rows.push([title].into_iter().chain(counts).collect());
            }
            page.table(&rows);
            return;
        }
        let rows = self.confusion.iter().enumerate();
        let mut wrong: Vec<(u64, usize, usize)> = rows
            .flat_map(|(i, row)| row.iter().enumerate().map(move |(j, n)| (*n, i, j)))
            .filter(|(n, i, j)| *n > 0 && i != j)
            .collect();
        wrong.sort_by_key(|(n, i, j)| (std::cmp::Reverse(*n), *i, *j));
        if !wrong.is_empty() {
            page.blank();
            let mut rows = head(["images", "of class", "taken for"]);
            let few = wrong.into_iter().take(FEW);
            rows.extend(few.map(|(n, i, j)| vec![n.to_string(), name(i).into(), name(j).into()]));
            page.table(&rows);
        }
    }

    fn worst_images(&self, page: &mut Page) {
        if self.worst.is_empty() {
            return;
        }
        page.blank();
        page.line("The worst images: those whose own class was least probable");
        let mut rows = head(["image", "class", "with", "taken for", "with"]);
        let percent = |p: f64| format!("{:.1} %", 100.0 * p);
        rows.extend(self.worst.iter().map(|worst| {
            vec![
                (worst.file.clone()).unwrap_or_else(|| format!("test image {}", worst.index)),
                worst.class.clone(),
                percent(worst.of_class),
                worst.predicted.clone(),
                percent(worst.probability),
            ]
        }));
        page.table(&rows);
    }
}

impl Answer for Prediction {
    fn text(&self, page: &mut Page) {
        let top = self.top.iter();
        let top: Vec<String> = top
            .map(|p| format!("{} {:.1} %", p.class, 100.0 * p.probability))
            .collect();
        page.line(format!("{}: {}", self.image, top.join(", ")));
    }
}
