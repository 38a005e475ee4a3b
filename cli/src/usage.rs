//! What was typed and is not understood, told as asked for: in words, or as JSON.

use std::{ffi::OsStr, process::ExitCode};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use pocket_runtime::Code;

use crate::{failure::Failure, terminal::Terminal};

/// Tells why a command line cannot be read, or prints the help or version that it asks for.
pub(crate) fn told(error: clap::Error) -> ExitCode {
    let error = with_tip(error);
    let typed: Vec<_> = std::env::args_os().skip(1).collect();
    if !error.use_stderr() || !asks_for_json(&typed) {
        return match error.print() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => ExitCode::from(Code::Internal.exit()),
            Ok(()) | Err(_) => ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(Code::InvalidInput.exit())),
        };
    }
    let failure = failure(&error);
    Terminal::new(true, false).failure(&failure);
    ExitCode::from(failure.exit())
}

/// Whether `--json` was typed, in a line that as a whole was not understood.
fn asks_for_json(typed: &[impl AsRef<OsStr>]) -> bool {
    typed
        .iter()
        .map(AsRef::as_ref)
        .take_while(|word| *word != OsStr::new("--"))
        .any(|word| word == OsStr::new("--json"))
}

/// With what clap cannot know: where a verb of `auth` is, and how an argument is given.
fn with_tip(mut error: clap::Error) -> clap::Error {
    let typed = |kind| match error.get(kind) {
        Some(ContextValue::String(typed)) => typed.as_str(),
        _other => "",
    };
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand => verb_meant(typed(ContextKind::InvalidSubcommand)),
        ErrorKind::ValueValidation => way_to_give(typed(ContextKind::InvalidArg)),
        _other => None,
    };
    if let Some(tip) = tip {
        let tips = vec![tip.into()];
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(tips));
    }
    error
}

/// The verb that other programs call so.
fn verb_meant(typed: &str) -> Option<&'static str> {
    Some(match typed {
        "login" | "signin" | "sign-in" | "authenticate" => "`pocket auth login PROVIDER` signs in",
        "logout" | "signout" | "sign-out" => "`pocket auth logout PROVIDER` signs out",
        "status" | "accounts" | "whoami" => "`pocket auth status` shows the accounts",
        "providers" => "`pocket auth providers` lists the providers",
        "export" | "import" | "renew" | "rekey" | "reset" => "it is a verb of `pocket auth`: see `pocket auth --help`",
        "install" => "`pocket add SOURCE` adds a tool",
        "call" | "exec" => "`pocket run TOOL INPUT` calls a tool",
        _unknown => return None,
    })
}

fn way_to_give(argument: &str) -> Option<&'static str> {
    if argument.starts_with("--scope") {
        return Some("give each scope its own: `--scope ONE --scope OTHER`");
    }
    if argument.starts_with("--profile") {
        return Some("leave `--profile` out for the profile `default`");
    }
    None
}

fn failure(error: &clap::Error) -> Failure {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return Failure::usage("no verb was typed").hint("`pocket --help` shows the verbs");
    }
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(on_one_line);
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message);
    let (message, values) = match message.split_once(" [") {
        Some((message, values)) => (message, values.strip_suffix(']')),
        None => (message, None),
    };
    let refused = match values {
        Some(values) => Failure::usage(message).hint(values),
        None => Failure::usage(message),
    };
    paragraphs.fold(refused, |failure, paragraph| match paragraph.strip_prefix("tip: ") {
        Some(tips) => tips.split(" tip: ").fold(failure, Failure::hint),
        None if paragraph.is_empty() || paragraph.starts_with("For more") => failure,
        None => failure.hint(paragraph),
    })
}

fn on_one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Args;

    #[test]
    fn json_is_asked_for_only_before_the_words_of_a_tool() {
        assert!(asks_for_json(&["run", "x", "--json"]));
        assert!(!asks_for_json(&["run", "--", "--json"]));
        assert!(!asks_for_json(&["run"]));
    }

    #[test]
    fn what_is_wrong_is_the_message_and_what_would_mend_it_the_hints() {
        let Err(error) = Args::try_parse_from(["pocket", "run", "--jsn"]) else {
            panic!("it was understood");
        };
        let failure = failure(&error);
        assert_eq!(failure.message(), "unexpected argument '--jsn' found");
        let hints = failure.hints();
        assert!(hints.iter().any(|hint| hint.contains("'--json'")), "{hints:?}");
        assert!(
            hints.iter().any(|hint| hint.starts_with("Usage: pocket run")),
            "{hints:?}"
        );
        assert_eq!(failure.exit(), 2);
    }

    #[test]
    fn a_verb_or_value_that_is_not_taken_is_told_with_the_one_that_is() {
        for (line, hint) in [
            ("login slack", "`pocket auth login PROVIDER` signs in"),
            ("auth signin slack", "`pocket auth login PROVIDER` signs in"),
            ("auth login slack --scope ", "`--scope ONE --scope OTHER`"),
            ("auth login slack --profile ", "for the profile `default`"),
        ] {
            let Err(error) = Args::try_parse_from(["pocket"].into_iter().chain(line.split(' '))) else {
                panic!("it was understood: {line}");
            };
            let failure = failure(&with_tip(error));
            let hints = failure.hints();
            assert!(hints.iter().any(|told| told.contains(hint)), "{line}: {hints:?}");
        }
    }
}
