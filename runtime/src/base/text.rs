//! Text from strangers, made safe to show.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Whether a character could change how the text around it looks without being seen itself: controls, bidi marks,
/// zero-width and other format characters, line and paragraph separators, private and unassigned ones.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

/// The text with every invisible character but line breaks and tabs written as `\u{..}`.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\n' | '\t') || !is_invisible(c) {
            out.push(c);
        } else {
            out.extend(c.escape_unicode());
        }
    }
    out
}

/// The same on one line: line breaks and tabs are escaped too.
#[must_use]
pub fn shown_on_one_line(text: &str) -> String {
    shown(text).replace('\n', "\\n").replace('\t', "\\t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_escapes_and_bidi_marks_are_seen() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b\nc"), "a\\u{1b}[31m\\u{202e}b\nc");
        assert_eq!(shown_on_one_line("a\nb"), "a\\nb");
        assert_eq!(shown("zażółć ✓ 日本"), "zażółć ✓ 日本");
    }
}
