//! `pocket check`: all that is wrong with a package, for its author.

use pocket_runtime::{Fault, Package, Severity, shown_on_one_line};
use serde_json::json;

use crate::{args, failure::Failure, session::Place, terminal::Terminal};

pub(crate) fn check(args: args::Folder, place: &Place, terminal: &Terminal) -> Result<(), Failure> {
    let (settings, _) = place.read()?;
    let folder = std::path::absolute(&args.folder).unwrap_or(args.folder);
    let opened = Package::open_at(&folder, &settings.providers);
    let faults = match &opened {
        Ok(package) => package.notes(),
        Err(error) => error.faults.clone(),
    };
    if terminal.is_json() {
        let valid = opened.is_ok();
        terminal.value(&json!({ "valid": valid, "faults": faults }));
    } else {
        for fault in &faults {
            show(fault, terminal);
        }
    }
    match opened {
        Ok(package) => {
            terminal.done(format_args!("`{}` is a valid package", package.manifest.name));
            Ok(())
        }
        Err(error) => {
            if !terminal.is_json() {
                let errors = faults.iter().filter(|fault| fault.severity == Severity::Error).count();
                terminal.say(format_args!("{errors} to mend"));
            }
            Err(Failure::Printed(error.code()))
        }
    }
}

fn show(fault: &Fault, terminal: &Terminal) {
    let severity = match fault.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    terminal.data(format_args!("{severity}: {}", shown_on_one_line(&fault.to_string())));
    if let Some(hint) = &fault.hint {
        terminal.data(format_args!("  hint: {}", shown_on_one_line(hint)));
    }
}
