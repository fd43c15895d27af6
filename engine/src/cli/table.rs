//! Columns of text, as wide as their widest cell.

/// One line per row; cells are padded, the last one of a row is not.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["NAME", "VERSION"], ["Grüße", "1"], ["a", "10.0"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "NAME   VERSION\nGrüße  1\na      10.0\n");
        assert_eq!(table(&[]), "");
    }
}
