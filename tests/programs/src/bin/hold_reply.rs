//! Sends a request, says that the head of the reply is there, and holds the body unread for ever: `{"url": "http://127.0.0.1:8080/endless"}`.

use std::thread;
use std::time::Duration;

use pocket_tool::http;
use serde_json::Value;

fn main() {
    let input: Value = programs::input();
    let reply = http::get(input["url"].as_str().expect("a URL")).send();
    match &reply {
        Ok(reply) => eprintln!("it holds a reply: {}", reply.status()),
        Err(error) => eprintln!("{error}"),
    }
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}
