//! Reads contacts from CSV as it arrives, with commas, semicolons or tabs. Whatever its length, no more is held of it
//! than one line and what the network brought.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::contact_export::FORMULA;
use crate::service::contact_imports::Row;

/// Of one line.
const LONGEST: usize = 64 << 10;
const MOST_COLUMNS: usize = 64;

/// Why the rest of a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the first line must name the columns, phoneNumber among them")]
pub struct NoHeader;

/// A line by its number, from one, and what it says.
pub type Read = (u64, Result<Row, String>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Phone,
    Name,
    Email,
    Company,
    Notes,
    Tags,
}

impl Column {
    /// Case, spaces and lines between words do not count.
    fn of(name: &str) -> Option<Self> {
        let letters: String = name.chars().filter(|letter| letter.is_alphanumeric()).collect();
        match letters.to_lowercase().as_str() {
            "phonenumber" | "phone" | "mobile" | "telephone" => Some(Self::Phone),
            "name" | "fullname" => Some(Self::Name),
            "email" | "emailaddress" => Some(Self::Email),
            "company" => Some(Self::Company),
            "notes" | "note" => Some(Self::Notes),
            "tags" => Some(Self::Tags),
            _ => None,
        }
    }
}

pub struct CsvReader {
    /// Made when the first bytes show what stands between columns.
    core: Option<Reader>,
    /// What each column is, once the first line was read.
    columns: Option<Vec<Option<Column>>>,
    output: Vec<u8>,
    filled: usize,
    ends: Vec<usize>,
    ended: usize,
    /// The line that comes next, and the one on which the record began that is being read.
    line: u64,
    begun: Option<u64>,
    is_long: bool,
}

impl CsvReader {
    pub fn fresh() -> Self {
        Self {
            core: None,
            columns: None,
            output: vec![0; LONGEST],
            filled: 0,
            ends: vec![0; MOST_COLUMNS],
            ended: 0,
            line: 1,
            begun: None,
            is_long: false,
        }
    }

    /// Adds the lines that are complete with these bytes.
    pub fn read(&mut self, mut bytes: &[u8], rows: &mut Vec<Read>) -> Result<(), NoHeader> {
        while !bytes.is_empty() {
            bytes = self.begin(bytes);
            if bytes.is_empty() {
                return Ok(());
            }
            let (result, taken) = self.step(bytes);
            bytes = bytes.get(taken..).unwrap_or_default();
            self.judge(result, rows)?;
        }
        Ok(())
    }

    pub fn finish(mut self, rows: &mut Vec<Read>) -> Result<(), NoHeader> {
        while self.begun.is_some() {
            let (result, _) = self.step(&[]);
            if result == ReadRecordResult::End {
                break;
            }
            self.judge(result, rows)?;
        }
        if self.columns.is_none() { Err(NoHeader) } else { Ok(()) }
    }

    /// Empty lines before a record are none.
    fn begin<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.begun.is_some() {
            return bytes;
        }
        let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let (blank, rest) = bytes.split_at(blank);
        self.line += lines(blank);
        if !rest.is_empty() {
            self.begun = Some(self.line);
        }
        rest
    }

    fn step(&mut self, bytes: &[u8]) -> (ReadRecordResult, usize) {
        let core = self.core.get_or_insert_with(|| ReaderBuilder::new().delimiter(delimiter(bytes)).build());
        let output = self.output.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.ended..).unwrap_or_default();
        let (result, taken, written, ended) = core.read_record(bytes, output, ends);
        self.line += lines(bytes.get(..taken).unwrap_or_default());
        self.filled += written;
        self.ended += ended;
        (result, taken)
    }

    fn judge(&mut self, result: ReadRecordResult, rows: &mut Vec<Read>) -> Result<(), NoHeader> {
        match result {
            ReadRecordResult::InputEmpty | ReadRecordResult::End => Ok(()),
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                // The rest of the line is passed over.
                (self.is_long, self.filled, self.ended) = (true, 0, 0);
                Ok(())
            }
            ReadRecordResult::Record => self.record(rows),
        }
    }

    fn record(&mut self, rows: &mut Vec<Read>) -> Result<(), NoHeader> {
        let (line, is_long) = (self.begun.take().unwrap_or(self.line), std::mem::take(&mut self.is_long));
        let (filled, ended) = (std::mem::take(&mut self.filled), std::mem::take(&mut self.ended));
        let text = std::str::from_utf8(self.output.get(..filled).unwrap_or_default());
        let cells = match text {
            Ok(_) if is_long => Err(format!("the line is longer than {LONGEST} bytes or has too many columns")),
            Err(_) => Err("the line is not UTF-8".to_owned()),
            Ok(text) => Ok(cells(text, self.ends.get(..ended).unwrap_or_default())),
        };
        let Some(columns) = &self.columns else {
            let columns: Vec<_> = cells.map_err(|_| NoHeader)?.into_iter().map(Column::of).collect();
            if !columns.contains(&Some(Column::Phone)) {
                return Err(NoHeader);
            }
            self.columns = Some(columns);
            return Ok(());
        };
        rows.push((line, cells.map(|cells| row(columns, &cells))));
        Ok(())
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

/// What stands between columns: whatever is most often in the first line.
fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| first.iter().map(|byte| usize::from(*byte == wanted)).sum::<usize>();
    [b'\t', b';', b','].into_iter().max_by_key(|wanted| count(*wanted)).unwrap_or(b',')
}

fn cells<'a>(text: &'a str, ends: &[usize]) -> Vec<&'a str> {
    let mut begin = 0;
    let mut cell = |end: &usize| {
        let cell = text.get(begin..*end).unwrap_or_default();
        begin = *end;
        cell.trim().trim_start_matches('\u{feff}')
    };
    ends.iter().map(&mut cell).collect()
}

fn row(columns: &[Option<Column>], cells: &[&str]) -> Row {
    let mut row = Row::default();
    for (column, cell) in columns.iter().zip(cells) {
        let cell = harmless(cell);
        match column {
            Some(Column::Phone) => cell.clone_into(&mut row.phone_number),
            Some(Column::Name) => cell.clone_into(&mut row.name),
            Some(Column::Email) => cell.clone_into(&mut row.email),
            Some(Column::Company) => cell.clone_into(&mut row.company),
            Some(Column::Notes) => cell.clone_into(&mut row.notes),
            Some(Column::Tags) => row.tags = tags(cell),
            None => {}
        }
    }
    row
}

/// As it was before an export made sure that it is no formula.
fn harmless(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) => rest,
        _ => cell,
    }
}

/// A list as JSON, or words with signs between.
fn tags(cell: &str) -> Vec<String> {
    let listed: Option<Vec<String>> = serde_json::from_str(cell).ok();
    let words = || cell.split([',', ';', '|']).map(|tag| tag.trim().to_owned()).collect();
    let mut tags: Vec<String> = listed.unwrap_or_else(words);
    tags.retain(|tag| !tag.is_empty());
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_in(text: &str, size: usize) -> Result<Vec<Read>, NoHeader> {
        let (mut reader, mut rows) = (CsvReader::fresh(), Vec::new());
        for chunk in text.as_bytes().chunks(size) {
            reader.read(chunk, &mut rows)?;
        }
        reader.finish(&mut rows).map(|()| rows)
    }

    /// The same however the network cuts it.
    fn read(text: &str) -> Vec<Read> {
        let whole = read_in(text, text.len()).unwrap();
        // What stands between columns is seen in the first piece.
        for size in [14, 17, 23] {
            assert_eq!(read_in(text, size).unwrap(), whole, "in pieces of {size}");
        }
        whole
    }

    fn phones(rows: &[Read]) -> Vec<(u64, &str)> {
        rows.iter().map(|(line, row)| (*line, row.as_ref().unwrap().phone_number.as_str())).collect()
    }

    #[test]
    fn lines_are_numbered_as_people_count_them() {
        for end in ["\n", "\r\n"] {
            let text = ["phoneNumber,name", "+1", "", "+2,\"Ann", "of two lines\"", "+3,x", ""].join(end);
            assert_eq!(phones(&read(&text)), [(2, "+1"), (4, "+2"), (6, "+3")], "{end:?}");
        }
        assert_eq!(phones(&read("phoneNumber,name\n+1,x\n+2")), [(2, "+1"), (3, "+2")]);
    }

    #[test]
    fn columns_are_found_by_their_names_in_any_order() {
        let rows =
            read("Tags;E-Mail;Phone Number;odd;Name\n[\"a\",\"b\"];a@b.de;+1;?;\"Ann; \"\"A\"\"\"\nc, d;;+2;;\n");
        let first = rows[0].1.as_ref().unwrap();
        assert_eq!(
            (first.name.as_str(), first.email.as_str(), first.tags.as_slice()),
            ("Ann; \"A\"", "a@b.de", &["a".to_owned(), "b".to_owned()][..])
        );
        assert_eq!(rows[1].1.as_ref().unwrap().tags, ["c", "d"]);
    }

    #[test]
    fn what_was_exported_is_read_back() {
        let rows = read("\u{feff}phoneNumber,name,notes\n+49151,'=1+1,'tis\n");
        let row = rows[0].1.as_ref().unwrap();
        assert_eq!((row.phone_number.as_str(), row.name.as_str(), row.notes.as_str()), ("+49151", "=1+1", "'tis"));
    }

    #[test]
    fn a_bad_line_does_not_spoil_its_neighbours() {
        let long = format!("phoneNumber,name\n+1,{}\n+2,x\n", "y".repeat(LONGEST * 2));
        let rows = read_in(&long, 1_000).unwrap();
        assert!(rows[0].1.as_ref().unwrap_err().starts_with("the line is longer than"));
        assert_eq!((rows[1].0, rows[1].1.as_ref().unwrap().phone_number.as_str()), (3, "+2"));
        let (mut reader, mut rows) = (CsvReader::fresh(), Vec::new());
        reader.read(b"phoneNumber,name\n+1,\xff\n+2,x\n", &mut rows).unwrap();
        assert_eq!(rows[0], (2, Err("the line is not UTF-8".to_owned())));
        assert!(rows[1].1.is_ok());
    }

    #[test]
    fn without_names_nothing_is_read() {
        assert_eq!(read_in("", 1).unwrap_err(), NoHeader);
        assert_eq!(read_in("+1,Ann\n", 7).unwrap_err(), NoHeader);
    }
}
