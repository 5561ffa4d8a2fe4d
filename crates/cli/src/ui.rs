//! Where does text go? Data to standard output, talk to standard error; nothing else prints.

use crate::failure::{Failure, USAGE};
use serde_json::{Map, Value, json};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;
use timestep_files::{Action, FileError};
use timestep_study::codes::Code;
use timestep_train::plain::visible;

/// The first write to standard output that failed, but for a reader that went away.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// The failure of standard output, if a part of it was lost.
pub(crate) fn lost() -> Option<Failure> {
    let error = LOST.get()?;
    // The original is kept: it may be asked for again.
    let copy = match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error.kind().into(),
    };
    let error = FileError::new(Action::Write, "standard output", copy);
    let failure = Failure::from(error);
    Some(Failure {
        message: failure.message.replace('`', ""),
        hint: Some(
            "a part of the output is missing; what was written to files is complete".to_owned(),
        ),
        ..failure
    })
}

/// Keeps the failure of a write to standard output. A closed pipe (`| head`) is none: its reader has enough.
fn note_loss(done: io::Result<()>) {
    if let Err(error) = done
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Only the first matters.
        drop(LOST.set(error));
    }
}

/// How a command speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ui {
    /// One JSON object a line on standard output.
    pub(crate) json: bool,
    /// Nothing on standard error but failures.
    pub(crate) quiet: bool,
    /// Colours on standard error.
    pub(crate) colour: bool,
}

impl Ui {
    /// Is a person watching standard error?
    pub(crate) fn live(self) -> bool {
        !self.quiet
            && std::io::stderr().is_terminal()
            && std::env::var_os("TIMESTEP_NO_PROGRESS").is_none()
    }

    /// Prints data, with control characters written out. What cannot be written makes the command fail at its end
    /// ([`lost`]), but for a closed pipe (`| head`).
    pub(crate) fn data(self, text: &str) {
        let text = &*visible(text);
        let mut out = std::io::stdout().lock();
        let done = out.write_all(text.as_bytes()).and_then(|()| {
            if text.ends_with('\n') {
                Ok(())
            } else {
                out.write_all(b"\n")
            }
        });
        note_loss(done.and_then(|()| out.flush()));
    }

    /// Prints one JSON object with the version first. `value` is an object.
    pub(crate) fn object(self, value: Value) {
        let mut object = Map::new();
        object.insert("v".into(), json!(1));
        if let Value::Object(fields) = value {
            object.extend(fields);
        }
        self.data(&Value::Object(object).to_string());
    }

    /// Says something to the person.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            say(&visible(text));
        }
    }

    /// Reports a failure: to the person, and as JSON if that was asked for.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            self.object(json!({
                "event": "error",
                "code": failure.code,
                "error": failure.error.key(),
                "message": failure.message,
                "hint": failure.hint,
            }));
        }
        let [red, cyan, plain] = codes(self.colour);
        say(&format!(
            "{red}error[{}]:{plain} {}",
            failure.error.key(),
            visible(failure.message.trim_end())
        ));
        if let Some(hint) = &failure.hint {
            say(&format!("{cyan}hint:{plain} {}", visible(hint)));
        }
        say(&format!(
            "{cyan}see:{plain} timestep explain {}",
            failure.error.key()
        ));
    }
}

/// What makes a terminal write red, cyan and plain again; nothing without colours.
fn codes(colour: bool) -> [&'static str; 3] {
    match colour {
        true => ["\x1b[1;31m", "\x1b[1;36m", "\x1b[0m"],
        false => [""; 3],
    }
}

/// Says that the command line cannot be read, in the words of its parser, or prints the help that was asked
/// for; the number is the exit code. `json` as in [`Ui`]: there is no `Ui` before the line is read.
pub(crate) fn misread(error: &clap::Error, json: bool) -> u8 {
    let code = u8::try_from(error.exit_code()).unwrap_or(USAGE);
    let help = error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if help || !error.use_stderr() {
        note_loss(error.print().and_then(|()| io::stdout().flush()));
        let ui = Ui {
            json: false,
            quiet: false,
            colour: false,
        };
        return lost().map_or(code, |failure| {
            ui.failure(&failure);
            failure.code
        });
    }
    let styled = error.render();
    let plain = styled.to_string();
    let shown = visible(&plain);
    let key = Code::Usage.key();
    if json {
        let said = plain.split("\n\nUsage:").next().unwrap_or_default();
        let (message, hint) = match said.split_once("\n\n  tip: ") {
            Some((message, tip)) => (message, Some(tip.trim())),
            None => (said, None),
        };
        let message = message.strip_prefix("error:").unwrap_or(message).trim();
        let ui = Ui {
            json,
            quiet: false,
            colour: false,
        };
        ui.object(
            json!({"event": "error", "code": code, "error": key, "message": message, "hint": hint}),
        );
    }
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let [red, cyan, off] = codes(colour);
    say(shown
        .replacen("error:", &format!("{red}error[{key}]:{off}"), 1)
        .replacen("\n  tip:", &format!("\n  {cyan}tip:{off}"), 1)
        .trim_end());
    code
}

/// A line on standard error, in which nothing of outside is left as it was; unlike `eprintln!` it does not panic when that is closed.
fn say(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
