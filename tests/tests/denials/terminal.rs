//! The terminal's door.

use pocket_runtime::Code;
use pocket_tests::{PocketCommand, Recorder, folder_of};
use serde_json::{Value, json};

use crate::{
    Door,
    table::{Denial, Granted, filled, hold},
};

/// Runs the binary for each row, in one project.
struct Terminal {
    port: u16,
    pocket: PocketCommand,
}

impl Door for Terminal {
    async fn call(&self, denial: &Denial, input: Value) -> Value {
        let manifest = json!({
            "tool": { "name": denial.guest, "description": "A tool of the tests." },
            "component": "tool.wasm",
        });
        let package = folder_of(&self.pocket.project(), denial.guest, &manifest);
        let mut arguments = vec!["run".to_owned(), package.display().to_string(), input.to_string()];
        for granted in denial.grants {
            let (flag, rule) = match granted {
                Granted::Allow(rule) => ("--allow", rule),
                Granted::AllowPrivate(rule) => ("--allow-private", rule),
            };
            arguments.extend([flag.to_owned(), filled(rule, self.port)]);
        }
        arguments.push("--json".to_owned());
        // The server answers meanwhile.
        let ended = self.pocket.start(arguments).ended().await;
        let shape: Value = serde_json::from_str(&ended.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {} {}", denial.name, ended.stdout, ended.stderr));
        let code = [Code::Ok, Code::Denied]
            .into_iter()
            .find(|code| shape["code"] == code.as_str());
        assert_eq!(
            Some(ended.code),
            code.map(|code| i32::from(code.exit())),
            "{}: {shape}",
            denial.name
        );
        shape
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_is_denied_it_is_denied_at_the_terminal() {
    let server = Recorder::start().await;
    let terminal = Terminal {
        port: server.port(),
        pocket: PocketCommand::new(),
    };
    hold(&terminal, &server).await;
}
