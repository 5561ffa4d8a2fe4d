//! How is an answer told to a person? One file for each room of `timestep-study`; [`Ui::answer`] is the one place in
//! which an answer becomes text or JSON.

mod compare;
mod diffusion;
pub(crate) mod learned;
pub(crate) mod machine;
pub(crate) mod names;
mod schemes;
mod spectrum;
mod summary;
mod tables;
mod trace;
mod weak_order;

pub(crate) use schemes::{intervals, with_k};

use crate::page::{Page, width};
use crate::ui::Ui;
use serde::Serialize;
use serde_json::Value;
use timestep_study::json;

/// What a command found out. As JSON it is one object, or a list of objects of which each gets a line.
pub(crate) trait Answer: Serialize {
    /// What a person reads: rounded, with words where the numbers need some.
    fn text(&self, page: &mut Page);
}

impl Ui {
    /// Prints an answer, as text or as JSON.
    pub(crate) fn answer(self, answer: &impl Answer) {
        if self.json {
            self.event(answer);
            return;
        }
        let mut page = Page::new(width());
        answer.text(&mut page);
        if !page.is_empty() {
            self.data(&page.into_text());
        }
    }

    /// Prints a value for programs; a person gets nothing.
    pub(crate) fn event<T: Serialize + ?Sized>(self, value: &T) {
        if !self.json {
            return;
        }
        match json::value(value) {
            Value::Array(all) => all.into_iter().for_each(|one| self.object(one)),
            one => self.object(one),
        }
    }
}
