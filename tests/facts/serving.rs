//! The server as people run it, and commands beside it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use super::{
    commands::{fingerpost, run, text},
    id, pantry,
};

/// Where a server says that it is.
fn address_of(server: &mut Child) -> String {
    let mut first = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next());
    address.unwrap_or_else(|| panic!("{first}")).to_owned()
}

/// Everything that a server answers, head and body.
fn asked(address: &str, path: &str) -> String {
    asked_with(address, path, "")
}

fn asked_with(address: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_visitor_who_asks_too_often_is_told_to_wait_and_a_monitor_never() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = fingerpost(folder.path(), &["serve"])
        .env("FINGERPOST_REQUESTS_PER_MINUTE", "20")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let address = address_of(&mut server);
    let refused: Vec<String> =
        (0..60).map(|_| asked(&address, "/services")).filter(|answer| answer.starts_with("HTTP/1.1 429 ")).collect();
    let said = refused.last().map(|answer| answer.to_lowercase().contains("\nretry-after: "));
    let monitored: Vec<String> = (0..60).flat_map(|_| ["/healthz", "/readyz"]).map(|path| asked(&address, path)).collect();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!(said, Some(true), "{refused:?}");
    let limited = monitored.iter().find(|answer| answer.starts_with("HTTP/1.1 429 "));
    assert_eq!(limited, None);
}

#[test]
fn the_server_says_where_it_is_answers_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let feed = folder.path().join("feed.ndjson");
    std::fs::write(&feed, pantry().to_string()).unwrap();
    let mut server = fingerpost(folder.path(), &["serve"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let address = address_of(&mut server);
    let ask = |path: &str| asked(&address, path);
    let wait_for = |path: &str, wanted: &str| {
        for _ in 0..200 {
            if ask(path).contains(wanted) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("{path} never said {wanted}: {}", ask(path));
    };
    wait_for("/readyz", "200 OK");
    assert!(ask("/healthz").contains("alive"));
    // A command beside the running server; the server follows.
    assert_eq!(text(&run(folder.path(), &["import", feed.to_str().unwrap()])).0, 0);
    wait_for("/services?search=secretword", "\"total_items\":0");
    wait_for(&format!("/services/{}", id("pantry")), "Meadow larder");
    // What a copy depends on does not depend on the answer.
    let varies = |answer: &str| {
        let head = answer.split("\r\n\r\n").next().unwrap_or_default().to_lowercase();
        let mut said: Vec<String> = head.lines().filter_map(|line| Some(line.strip_prefix("vary: ")?.to_owned())).collect();
        said.sort();
        said.join(", ")
    };
    let whole = ask("/services");
    let etag = whole.lines().find(|line| line.to_lowercase().starts_with("etag: ")).unwrap()[6..].to_owned();
    let known = asked_with(&address, "/services", &format!("If-None-Match: {etag}\r\n"));
    assert!(known.starts_with("HTTP/1.1 304 "), "{known}");
    assert_eq!(varies(&known), varies(&whole), "{known}");
    assert!(varies(&whole).contains("accept-encoding"), "{whole}");
    assert_eq!(
        text(&run(folder.path(), &["record", "place", &id("centre").to_string(), "--policy", "withheld", "--why", "a threat"])).0,
        0
    );
    wait_for(&format!("/locations/{}", id("centre")), "410 Gone");
    assert!(ask("/metrics").contains("http_requests_total"));
    assert_eq!(text(&run(folder.path(), &["doctor"])).0, 0);
    let pid = server.id();
    assert!(Command::new("kill").arg(pid.to_string()).status().unwrap().success());
    let output = server.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("secretword"), "searches are not logged: {log}");
}

#[test]
fn a_server_that_waits_for_its_database_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = fingerpost(folder.path(), &["serve"])
        .env("FINGERPOST_DATABASE_URL", "postgres://postgres@127.0.0.1:1/nowhere")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    while !said.contains("the database does not answer yet") {
        assert!(log.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let began = std::time::Instant::now();
    assert!(Command::new("kill").arg(server.id().to_string()).status().unwrap().success());
    assert_eq!(server.wait().unwrap().code(), Some(0), "not killed by the signal, which a container would not let through");
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn the_doctor_asks_the_server_itself_which_is_a_problem_only_where_one_has_to_run() {
    let folder = tempfile::tempdir().unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let doctor = |more: &[&str]| {
        let arguments = [&["doctor", "--quick", "--json"][..], more].concat();
        let (code, out, said) = text(&fingerpost(folder.path(), &arguments).env("FINGERPOST_LISTEN", &listen).output().unwrap());
        let found: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{said}"));
        let server = found["findings"].as_array().unwrap().iter().find(|one| one["what"] == "server").unwrap();
        (code, server["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(doctor(&[]), (0, "good".to_owned()), "nobody has said that a server runs");
    assert_eq!(doctor(&["--server"]), (1, "bad".to_owned()));
    // Something takes calls, and never answers.
    let silent = TcpListener::bind(&listen).unwrap();
    assert_eq!(doctor(&[]), (0, "careful".to_owned()));
    assert_eq!(doctor(&["--server"]), (1, "bad".to_owned()));
    drop(silent);
    let mut server = fingerpost(folder.path(), &["serve"])
        .env("FINGERPOST_LISTEN", &listen)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let address = address_of(&mut server);
    let is_ready = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(25));
        asked(&address, "/readyz").contains("200 OK")
    });
    let healthy = doctor(&["--server"]);
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!((is_ready, healthy), (true, (0, "good".to_owned())));
}
