//! The library's door.

use pocket_runtime::{CallOptions, Input, Rule};
use pocket_tests::{Embedder, Recorder};
use serde_json::Value;

use crate::{
    Door,
    table::{Denial, Granted, filled, hold},
};

/// Makes a `Pocket` for each row, of which it is the embedding program.
struct Library {
    port: u16,
}

impl Door for Library {
    async fn call(&self, denial: &Denial, input: Value) -> Value {
        let embedder = Embedder::new();
        let rule = |text: &str| filled(text, self.port).parse::<Rule>().expect("the grant is a rule");
        let entry = denial
            .grants
            .iter()
            .fold(embedder.program(denial.guest), |entry, granted| match granted {
                Granted::Allow(text) => entry.allow(rule(text)),
                Granted::AllowPrivate(text) => entry.allow(rule(text).private()),
            });
        let pocket = embedder.builder().tool(entry).build().await.expect("it can be built");
        let called = pocket
            .call(denial.guest, Input::Json(input), CallOptions::default())
            .await
            .expect("it is there");
        called.to_json()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_is_denied_it_is_denied_through_the_library() {
    let server = Recorder::start().await;
    let library = Library { port: server.port() };
    hold(&library, &server).await;
}
