//! What a restorer learned, in words.

use super::Answer;
use super::page::{Page, head};
use timestep_study::diffusion::LearnedDiffusion;

impl Answer for LearnedDiffusion {
    fn text(&self, page: &mut Page) {
        page.line(&self.title);
        let mut rows = head([
            "step",
            "λ",
            "k",
            "step size 1/(1+k)",
            "largest |φ|",
            "slope at 0",
        ]);
        let number = |x: Option<f64>| x.map_or("·".to_owned(), |x| format!("{x:.4}"));
        for step in &self.steps {
            // At the first step u is the noisy picture itself, so its λ does nothing.
            let lambda = (step.step > 1).then_some(step.lambda);
            rows.push(vec![
                step.step.to_string(),
                number(lambda),
                number(step.k),
                number(step.step_size.or(Some(1.0))),
                format!("{:.3}", step.largest_influence),
                format!("{:.5}", step.mean_slope),
            ]);
        }
        page.table(&rows);
        if let Some(growth) = self.growth {
            page.line(format!(
                "learned sequence of k: largest growth of an error {growth:.3}"
            ));
        }
    }
}
