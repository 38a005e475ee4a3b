//! Lengths of time and amounts of memory as people write them: `30s`, `512MiB`.

use std::time::Duration;

/// Why a text is not a length of time or an amount of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAQuantity {
    /// Not a length of time.
    #[error("write a length of time as a whole number and `ms`, `s`, `m` or `h`: `{0}`")]
    Duration(String),
    /// Not an amount of memory.
    #[error("write an amount of memory as a whole number and `B`, `KiB`, `MiB` or `GiB`: `{0}`")]
    Bytes(String),
}

/// `500ms`, `30s`, `10m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, NotAQuantity> {
    let refused = || NotAQuantity::Duration(text.to_owned());
    let (number, unit) = split(text).ok_or_else(refused)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _other => return Err(refused()),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(refused)
}

/// `64KiB`, `512MiB`, `1GiB`, `100B`: in bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, NotAQuantity> {
    let refused = || NotAQuantity::Bytes(text.to_owned());
    let (number, unit) = split(text).ok_or_else(refused)?;
    let size: u64 = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _other => return Err(refused()),
    };
    number.checked_mul(size).ok_or_else(refused)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_with_a_unit_are_read() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "s",
            "30",
            "-1s",
            "1.5s",
            "1d",
            "99999999999999999999s",
            "18446744073709551615h",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "MiB", "512", "512MB", "18446744073709551615GiB"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
