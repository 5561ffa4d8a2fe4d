//! `train --live`: a page on this machine that shows the run while it goes on.
//!
//! It listens on the loopback address only, and answers nobody who does not know the token in the address: other pages in the same browser cannot
//! read it, and a name that was made to point here (DNS rebinding) is refused by its `Host`. What it sends is the log of the run
//! as it grows (`events.jsonl`), as server-sent events.

use super::page;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use timestep_study::watch::log;

/// The longest request that is read: a browser's has some hundred bytes.
const REQUEST: u64 = 16 << 10;
/// Most connections at the same time.
const MOST: usize = 16;
/// Between two looks at the log.
const LOOK: Duration = Duration::from_millis(200);
/// A connection that has nothing to say says so, to notice that nobody listens.
const QUIET: Duration = Duration::from_secs(10);
/// How long the end of a run may take to reach those who watch.
const LAST: Duration = Duration::from_secs(2);

/// A page that shows a run, until it is finished.
pub struct Live {
    shared: Arc<Shared>,
    address: String,
}

/// What the connections know.
struct Shared {
    token: String,
    hosts: [String; 2],
    folder: Mutex<Option<PathBuf>>,
    over: AtomicBool,
    connections: AtomicUsize,
}

impl Live {
    /// Listens on a port of the loopback address; 0 is any that is free.
    ///
    /// # Errors
    /// [`std::io::Error`] if the port is taken or not allowed, if there are no random numbers for the token, or no thread.
    pub fn start(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let port = listener.local_addr()?.port();
        let token = random()?;
        let shared = Arc::new(Shared {
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            token,
            folder: Mutex::new(None),
            over: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
        });
        let address = format!("http://127.0.0.1:{port}/{}/", shared.token);
        let own = shared.clone();
        // It ends with the program.
        std::thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || serve(&listener, &own))?;
        Ok(Self { shared, address })
    }

    /// Where the page is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Shows the run in this folder from now on.
    pub fn show(&self, folder: &Path) {
        *self.shared.folder() = Some(folder.to_owned());
    }
}

/// Those who watch get the end of the run before the program ends.
impl Drop for Live {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        let end = Instant::now() + LAST;
        while self.shared.connections.load(Ordering::SeqCst) > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Shared {
    fn folder(&self) -> std::sync::MutexGuard<'_, Option<PathBuf>> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 128 random bits in hexadecimal digits.
fn random() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Answers everybody, each on a thread of its own.
fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming().flatten() {
        let own = shared.clone();
        let taken = shared.connections.fetch_add(1, Ordering::SeqCst);
        let answer = move || {
            // Whoever went away cannot be told.
            drop(match taken < MOST {
                true => answer(stream, &own),
                false => refuse(stream, "503 Service Unavailable"),
            });
            own.connections.fetch_sub(1, Ordering::SeqCst);
        };
        if std::thread::Builder::new().spawn(answer).is_err() {
            shared.connections.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Page,
    Events,
    /// Something else, with the status of the answer.
    Nothing(&'static str),
}

/// Reads a request: its first line, and the one header that matters.
fn asked(mut request: impl BufRead, token: &str, hosts: &[String]) -> Asked {
    let mut first = String::new();
    if request.read_line(&mut first).is_err() {
        return Asked::Nothing("400 Bad Request");
    }
    let mut host = None;
    loop {
        let mut line = String::new();
        match request.read_line(&mut line) {
            Ok(n) if n > 0 && !line.trim_end().is_empty() => {}
            // The end of the head, or of what is read of it.
            Ok(_) if line.ends_with('\n') => break,
            _ => return Asked::Nothing("400 Bad Request"),
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            host = Some(value.trim().to_ascii_lowercase());
        }
    }
    if !host.is_some_and(|host| hosts.contains(&host)) {
        return Asked::Nothing("403 Forbidden");
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next(), words.next().unwrap_or_default());
    if method != Some("GET") {
        return Asked::Nothing("405 Method Not Allowed");
    }
    let known = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    match known {
        Some((given, "")) if same(given, token) => Asked::Page,
        Some((given, "events")) if same(given, token) => Asked::Events,
        _ => Asked::Nothing("404 Not Found"),
    }
}

/// Whether two texts are the same, in a time that does not say where they differ.
fn same(a: &str, b: &str) -> bool {
    let differ = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && differ == 0
}

/// Headers of every answer: nothing is kept, embedded or read by others.
const HEADERS: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\
                       Cross-Origin-Resource-Policy: same-origin\r\nX-Frame-Options: DENY\r\nConnection: close\r\n";

fn answer(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    let request = BufReader::new((&stream).take(REQUEST));
    match asked(request, &shared.token, &shared.hosts) {
        Asked::Nothing(status) => refuse(stream, status),
        Asked::Page => {
            let nonce = random()?;
            let text = page(&nonce);
            let policy = format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            );
            write!(
                stream,
                "HTTP/1.1 200 OK\r\n{HEADERS}Content-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\
                 Content-Security-Policy: {policy}\r\n\r\n{text}",
                text.len()
            )
        }
        Asked::Events => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\n{HEADERS}Content-Type: text/event-stream\r\n\r\n"
            )?;
            events(&mut stream, shared)
        }
    }
}

fn refuse(mut stream: TcpStream, status: &str) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{HEADERS}Content-Length: 0\r\n\r\n"
    )
}

/// Sends the log of the run that is shown, from its beginning and as it grows, until the program ends.
fn events(out: &mut impl Write, shared: &Shared) -> std::io::Result<()> {
    let (mut shown, mut read): (Option<PathBuf>, u64) = (None, 0);
    let mut spoke = Instant::now();
    loop {
        // Asked before the log is read: what was written before the end is sent.
        let over = shared.over.load(Ordering::SeqCst);
        let folder = shared.folder().clone();
        let lines = match &folder {
            Some(folder) => {
                let length = std::fs::metadata(log(folder)).map_or(0, |file| file.len());
                if shown.as_ref() != Some(folder) || length < read {
                    write!(out, "event: begin\ndata: {{}}\n\n")?;
                    (shown, read) = (Some(folder.clone()), 0);
                }
                whole_lines(&log(folder), read).unwrap_or_default()
            }
            None => String::new(),
        };
        read += lines.len() as u64;
        for line in lines.lines() {
            write!(out, "data: {line}\n\n")?;
        }
        if !lines.is_empty() {
            out.flush()?;
            spoke = Instant::now();
        }
        if over {
            write!(out, "event: over\ndata: {{}}\n\n")?;
            return out.flush();
        }
        if spoke.elapsed() >= QUIET {
            write!(out, ": nothing new\n\n")?;
            spoke = Instant::now();
        }
        std::thread::sleep(LOOK);
    }
}

/// The whole lines of a file from a position on.
fn whole_lines(path: &Path, from: u64) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let end = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |n| n + 1);
    bytes.truncate(end);
    String::from_utf8(bytes).map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(request: &str) -> Asked {
        let hosts = ["127.0.0.1:80".to_owned(), "localhost:80".to_owned()];
        asked(request.as_bytes(), "secret", &hosts)
    }

    #[test]
    fn only_who_knows_the_token_and_calls_this_machine_by_its_name_is_answered() {
        let get =
            |path: &str, host: &str| of(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(get("/secret/", "127.0.0.1:80"), Asked::Page);
        assert_eq!(get("/secret/events", "localhost:80"), Asked::Events);
        for path in [
            "/",
            "/secre/",
            "/secrets/",
            "/Secret/",
            "/secret",
            "/secret/other",
            "//",
            "",
        ] {
            assert_eq!(
                get(path, "localhost:80"),
                Asked::Nothing("404 Not Found"),
                "{path}"
            );
        }
        for host in ["evil.example", "evil.example:80", "127.0.0.1", ""] {
            assert_eq!(
                get("/secret/", host),
                Asked::Nothing("403 Forbidden"),
                "{host}"
            );
        }
        assert_eq!(
            of("GET /secret/ HTTP/1.1\r\n\r\n"),
            Asked::Nothing("403 Forbidden")
        );
        let post = of("POST /secret/ HTTP/1.1\r\nhost: localhost:80\r\n\r\n");
        assert_eq!(post, Asked::Nothing("405 Method Not Allowed"));
        // Cut off, or no end.
        assert_eq!(
            of("GET /secret/ HTTP/1.1\r\nHost: local"),
            Asked::Nothing("400 Bad Request")
        );
        assert_eq!(of(""), Asked::Nothing("400 Bad Request"));
    }

    #[test]
    fn half_a_line_waits_for_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events.jsonl");
        std::fs::write(&path, "{\"a\":1}\n{\"b\"").expect("written");
        assert_eq!(whole_lines(&path, 0).expect("read"), "{\"a\":1}\n");
        assert_eq!(whole_lines(&path, 8).expect("read"), "");
    }
}
