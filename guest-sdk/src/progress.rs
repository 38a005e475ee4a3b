//! How far the call is.

use crate::bindings::pocket::tool::report;

/// Tells the host how far the call is: `done` of `total`, where that is known, and what it is doing.
///
/// ```no_run
/// pocket_tool::progress(3, 10.0, "reading the third page");
/// pocket_tool::progress(250, None, None);
/// ```
pub fn progress<'a>(done: impl Into<f64>, total: impl Into<Option<f64>>, message: impl Into<Option<&'a str>>) {
    report::progress(done.into(), total.into(), message.into());
}
