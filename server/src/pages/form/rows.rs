//! Rows of a list, one more or one less: a form that was sent for that comes back with all that was typed.

use super::{MOST_ROWS, MOST_ROWS_IN_ALL};
use crate::browser::Fields;

/// Whether a form that was sent has no more rows than one is shown with again: lists within lists could have very many.
pub(in crate::pages) fn fit(typed: &Fields) -> bool {
    let counts = typed.iter().filter(|(name, _)| name.starts_with('#'));
    let rows = counts.filter_map(|(_, count)| count.parse::<usize>().ok());
    rows.fold(0_usize, usize::saturating_add) <= MOST_ROWS_IN_ALL
}

/// One row more for the list of this name; gives the row's name.
pub(in crate::pages) fn add(typed: &mut Fields, list: &str) -> Option<String> {
    let count = typed.entry(format!("#{list}")).or_default();
    let rows: usize = count.parse().unwrap_or(0);
    if rows >= MOST_ROWS {
        return None;
    }
    *count = (rows + 1).to_string();
    Some(format!("{list}/{rows}"))
}

/// The row of this name away, and those after it one up.
pub(in crate::pages) fn remove(typed: &mut Fields, row: &str) {
    let Some((list, gone)) = row.rsplit_once('/') else {
        return;
    };
    let (Ok(gone), Some(rows)) = (gone.parse::<usize>(), rows_of(typed, list)) else {
        return;
    };
    if gone >= rows {
        return;
    }
    let before = std::mem::take(typed);
    for (name, value) in before {
        if let Some(name) = renamed(&name, list, gone) {
            typed.insert(name, value);
        }
    }
    typed.insert(format!("#{list}"), (rows - 1).to_string());
}

fn rows_of(typed: &Fields, list: &str) -> Option<usize> {
    typed.get(&format!("#{list}"))?.parse().ok()
}

/// What a field is called once a row is gone; nothing where it is the row's own.
fn renamed(name: &str, list: &str, gone: usize) -> Option<String> {
    let (mark, place) = match name.strip_prefix(['?', '#', ':']) {
        Some(place) => (name.get(..1).unwrap_or_default(), place),
        None => ("", name),
    };
    let Some(rest) = place.strip_prefix(list).and_then(|rest| rest.strip_prefix('/')) else {
        return Some(name.to_owned());
    };
    let end = rest.find(['/', '|']).unwrap_or(rest.len());
    let (row, within) = rest.split_at(end);
    match row.parse::<usize>() {
        Ok(row) if row == gone => None,
        Ok(row) if row > gone => Some(format!("{mark}{list}/{}{within}", row - 1)),
        _before => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn a_row_is_added_and_taken_away_with_all_that_is_in_it() {
        let mut typed = fields([
            ("#/a", "3"),
            ("/a/0/x", "zero"),
            ("/a/1/x", "one"),
            ("?/a/1/y", "on"),
            ("/a/2/x", "two"),
            ("#/a/2/z", "1"),
            (":/a/2", "0"),
            ("/a/2|0", "w"),
            ("/ab/1", "other"),
        ]);
        remove(&mut typed, "/a/1");
        let rest = fields([
            ("#/a", "2"),
            ("/a/0/x", "zero"),
            ("/a/1/x", "two"),
            ("#/a/1/z", "1"),
            (":/a/1", "0"),
            ("/a/1|0", "w"),
            ("/ab/1", "other"),
        ]);
        assert_eq!(typed, rest);
        for nothing in ["/a/2", "/a/x", "", "/b/0"] {
            remove(&mut typed, nothing);
            assert_eq!(typed, rest, "{nothing}");
        }
        assert_eq!(add(&mut typed, "/a").as_deref(), Some("/a/2"));
        assert_eq!(add(&mut typed, "/c").as_deref(), Some("/c/0"), "a list without any");
        typed.insert("#/a".to_owned(), MOST_ROWS.to_string());
        assert_eq!(add(&mut typed, "/a"), None);
        assert!(fit(&typed));
        for list in 0..10 {
            typed.insert(format!("#/a/{list}/b"), MOST_ROWS.to_string());
        }
        assert!(!fit(&typed), "there are too many in all");
    }
}
