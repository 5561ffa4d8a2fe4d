//! How is one file received over HTTP, and continued after an interruption?

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::{HeaderMap, StatusCode, header};

use super::Progress;
use crate::error::DataError;

/// A connection that breaks is taken up again this often, as long as each try brings something.
const TRIES: usize = 5;

/// Settings of every request. There is no limit on the whole, for slow lines, but on silence.
pub(super) fn agent() -> ureq::Agent {
    // Also after a redirect: a checksum is no reason to let others read or change what is asked for.
    config().https_only(true).build().into()
}

pub(super) fn config() -> ureq::config::ConfigBuilder<ureq::typestate::AgentScope> {
    let silence = Some(Duration::from_secs(60));
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        // Otherwise a server may compress on the way, and neither length nor checksum fit.
        .accept_encoding("identity")
        .timeout_connect(Some(Duration::from_secs(30)))
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
}

/// How one request ended.
enum End {
    /// The file is complete.
    Complete,
    /// What is on disk does not fit what the server has: begin anew.
    Restart,
    /// The connection broke, with this message.
    Cut(String),
}

/// Receives `url` into `part`, going on where an earlier attempt stopped. Returns how many bytes
/// were there already and were used.
pub(super) fn download(
    agent: &ureq::Agent,
    url: &str,
    part: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64, DataError> {
    let open = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(part);
    let mut file = open.map_err(|e| DataError::io("create", part, e))?;
    let fail = |problem: String, kept| DataError::Download {
        url: url.to_owned(),
        problem,
        kept,
    };
    match file.try_lock() {
        // A file system without locks: two downloads at once would end in a wrong checksum.
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(fail(
                "another program is downloading it to the same folder".into(),
                0,
            ));
        }
    }
    let mut resumed_from = length(&file, part)?;
    let mut restarted = false;
    let mut tries = 0;
    loop {
        let before = length(&file, part)?;
        let mut from_start = false;
        let end = request(agent, url, &mut file, part, &mut from_start, progress)?;
        if from_start {
            resumed_from = 0;
        }
        match end {
            End::Complete => return Ok(resumed_from),
            End::Restart if !restarted => {
                restarted = true;
                resumed_from = 0;
                file.set_len(0)
                    .map_err(|e| DataError::io("write", part, e))?;
            }
            End::Restart => return Err(fail("the server sends another part than asked".into(), 0)),
            End::Cut(problem) => {
                tries += 1;
                let after = length(&file, part)?;
                if tries >= TRIES || after <= before {
                    return Err(fail(problem, after));
                }
            }
        }
    }
}

fn length(file: &File, path: &Path) -> Result<u64, DataError> {
    Ok(file
        .metadata()
        .map_err(|e| DataError::io("read", path, e))?
        .len())
}

/// One request, and all that it brings. `from_start` is set when the server sends the whole file,
/// whether or not a part of it was there.
fn request(
    agent: &ureq::Agent,
    url: &str,
    file: &mut File,
    part: &Path,
    from_start: &mut bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<End, DataError> {
    let mut have = length(file, part)?;
    let fail = |problem: String, kept| DataError::Download {
        url: url.to_owned(),
        problem,
        kept,
    };
    let mut get = agent.get(url);
    if have > 0 {
        get = get.header(header::RANGE, format!("bytes={have}-"));
    }
    let response = get.call().map_err(|e| fail(e.to_string(), have))?;
    let (status, headers) = (response.status(), response.headers());
    let total = match status {
        StatusCode::OK => {
            *from_start = true;
            have = 0;
            file.set_len(0)
                .map_err(|e| DataError::io("write", part, e))?;
            number(headers, header::CONTENT_LENGTH.as_str())
        }
        StatusCode::PARTIAL_CONTENT => match content_range(headers) {
            Some((Some(start), total)) if start == have => total,
            _ => return Ok(End::Restart),
        },
        // Nothing left to send: the file is complete, or is not the server's.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => {
            let complete = content_range(headers).is_some_and(|(_, total)| total == Some(have));
            return Ok(if complete {
                End::Complete
            } else {
                End::Restart
            });
        }
        other => return Err(fail(format!("the server answered {other}"), have)),
    };
    file.seek(SeekFrom::Start(have))
        .map_err(|e| DataError::io("write", part, e))?;
    progress(Progress::Download {
        received: have,
        total,
    });
    let mut body = response
        .into_body()
        .into_with_config()
        .limit(u64::MAX)
        .reader();
    let mut buffer = vec![0u8; 1 << 16];
    loop {
        let n = match body.read(&mut buffer) {
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => {
                return Ok(End::Cut(format!(
                    "the connection broke after {have} bytes ({e})"
                )));
            }
        };
        if n == 0 {
            break;
        }
        file.write_all(&buffer[..n])
            .map_err(|e| DataError::io("write", part, e))?;
        have += n as u64;
        progress(Progress::Download {
            received: have,
            total,
        });
    }
    match total {
        Some(total) if have < total => Ok(End::Cut(format!(
            "the connection ended after {have} of {total} bytes"
        ))),
        _ => Ok(End::Complete),
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// `bytes 100-199/1000` is (100, 1000); `bytes */1000` has no start, `bytes 0-9/*` no total.
fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let value = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = range
        .split_once('-')
        .and_then(|(start, _)| start.trim().parse().ok());
    Some((start, total.trim().parse().ok()))
}
