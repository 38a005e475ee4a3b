//! JSON text whose numbers are kept digit by digit.

/// As many significant digits as an `f64` always holds.
const DIGITS_OF_F64: usize = 15;

/// Whether it has a number that [`serde_json::Value`] may not hold exactly: one beyond 64 bits, or a fraction of many digits.
pub(crate) fn has_long_numbers(json: &str) -> bool {
    numbers(json).any(|number| {
        let is_held = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
        let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
        let digits = mantissa.trim_start_matches(['-', '0', '.']).bytes();
        !is_held && digits.filter(u8::is_ascii_digit).count() > DIGITS_OF_F64
    })
}

/// The same JSON on one line, without white space between its parts.
pub(crate) fn compact(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for (part, is_text) in parts(json) {
        if is_text {
            text.push_str(part);
        } else {
            text.extend(part.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')));
        }
    }
    text
}

fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let outside = parts(json).filter(|(_, is_text)| !is_text).map(|(part, _)| part);
    outside.flat_map(|part| {
        part.split(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .filter(|word| word.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
    })
}

/// What lies in quotes (with them), and what lies between.
fn parts(json: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = json;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_text = rest.starts_with('"');
        let end = if is_text {
            end_of_text(rest)
        } else {
            rest.find('"').unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at_checked(end)?;
        rest = after;
        Some((part, is_text))
    })
}

/// Where a text in quotes ends, after its closing quote.
fn end_of_text(json: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _any if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _other => {}
        }
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_not_held_exactly_are_found_outside_of_text_only() {
        for long in [
            "12345678901234567890123",
            "[1, -9223372036854775809]",
            "{\"a\": 0.12345678901234567890}",
            "1.0000000000000000001e5",
        ] {
            assert!(has_long_numbers(long), "{long}");
        }
        for held in [
            "18446744073709551615",
            "[-9223372036854775808, 0.1, 1e300]",
            "\"12345678901234567890123\"",
            "{\"\\\"12345678901234567890123\": true}",
            "0.000000000000000000000001",
        ] {
            assert!(!has_long_numbers(held), "{held}");
        }
    }

    #[test]
    fn white_space_goes_between_the_parts_and_stays_in_text() {
        assert_eq!(
            compact(" { \"a \\\" b\" :\n[ 1 , 2.50 ] }\n"),
            "{\"a \\\" b\":[1,2.50]}"
        );
        assert_eq!(compact("\"open"), "\"open");
    }
}
