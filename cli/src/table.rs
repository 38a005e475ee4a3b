//! Columns of text, as wide as they have to be.

use std::fmt;

/// The longest cell that is shown whole. What is longer helps nobody in a table; `--json` has all of it.
const LONGEST_CELL: usize = 200;

/// Columns of text, as wide as they have to be, under a heading.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(heading: [&str; N]) -> Self {
        Self {
            rows: vec![heading.map(ToOwned::to_owned)],
        }
    }

    pub(crate) fn row(&mut self, row: [String; N]) {
        self.rows.push(row.map(shortened));
    }
}

fn shortened(cell: String) -> String {
    match cell.char_indices().nth(LONGEST_CELL) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell,
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let cells: Vec<String> = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            f.write_str(cells.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_any_length_is_shown_cut() {
        let mut table = Table::new(["A", "B"]);
        table.row(["ü".repeat(100_000), "b".to_owned()]);
        let shown = table.to_string();
        assert_eq!(shown.lines().count(), 2);
        assert!(shown.ends_with("…  b"), "{shown}");
        assert!(shown.chars().count() < 500, "{shown}");
    }
}
