//! How much the recall log holds, how much it may hold, and whether it holds what it says.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::engine::recall::row::Recall;
use crate::error::Result;
use crate::limits;
use crate::storage::{Reader, Storage, Writer, codec};

/// The name of the tally among the single values of the file.
const TALLY: &str = "recalls";
/// Rows per transaction when the log is copied.
const SLICE: usize = 4_096;

/// The most that the recall log may hold. Tests make it small.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecallBounds {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) days: i64,
}

impl Default for RecallBounds {
    fn default() -> Self {
        Self {
            rows: limits::RECALLS_MAX,
            bytes: limits::RECALLS_BYTES_MAX,
            days: limits::RECALLS_DAYS_MAX,
        }
    }
}

/// How much the recall log of a database holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RecallSize {
    /// Rows, one per query.
    pub rows: u64,
    /// Bytes of rows.
    pub bytes: u64,
    /// From when on it has every query of a session; `None` if none was ever noted.
    pub since: Option<Time>,
}

/// What is stored of [`RecallSize`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Tally {
    pub(super) since: Time,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl Tally {
    /// What `reader` sees; `None` if the log was never begun.
    pub(super) fn read(reader: &Reader) -> Result<Option<Self>> {
        reader.meta(TALLY)?.map(|bytes| codec::decode("the tally of recalls", &bytes)).transpose()
    }

    pub(super) fn read_in(writer: &Writer) -> Result<Option<Self>> {
        writer.meta(TALLY)?.map(|bytes| codec::decode("the tally of recalls", &bytes)).transpose()
    }

    pub(super) fn write(self, writer: &Writer) -> Result<()> {
        writer.set_meta(TALLY, &codec::encode(&self))
    }

    pub(super) fn enter(&mut self, row: &[u8]) {
        self.rows += 1;
        self.bytes += row.len() as u64;
    }

    /// Takes out a row that was written at `at`: up to then the log is no longer whole.
    pub(super) fn leave(&mut self, at: Time, row: &[u8]) {
        self.rows = self.rows.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(row.len() as u64);
        self.since = self.since.max(Time::from_micros(at.as_micros().saturating_add(1)));
    }

    pub(super) fn size(self) -> RecallSize {
        RecallSize { rows: self.rows, bytes: self.bytes, since: Some(self.since) }
    }

    /// Drops the oldest rows until the log is within bounds.
    pub(super) fn trim(&mut self, writer: &Writer, bounds: RecallBounds, now: Time) -> Result<()> {
        let days = Time::from_seconds(bounds.days.saturating_mul(24 * 3_600)).as_micros();
        let oldest = Time::from_micros(now.as_micros().saturating_sub(days));
        writer.drop_first_recalls(|row| {
            let at = Recall::decode(row)?.at;
            let goes = self.rows > bounds.rows || self.bytes > bounds.bytes || at < oldest;
            if goes {
                self.leave(at, row);
            }
            Ok(goes)
        })
    }
}

/// Tells `find` what is wrong with the recall log: rows that cannot be read, a tally that is off.
pub(crate) fn check(reader: &Reader, mut find: impl FnMut(String, String)) -> Result<()> {
    let (mut rows, mut bytes) = (0, 0);
    reader.visit_recalls(|number, row| {
        rows += 1;
        bytes += row.len() as u64;
        if let Err(error) = Recall::decode(row) {
            find(format!("recall {number}"), error.to_string());
        }
        Ok(())
    })?;
    let tally = Tally::read(reader)?.map_or_else(RecallSize::default, Tally::size);
    if (tally.rows, tally.bytes) != (rows, bytes) {
        let what = format!(
            "says {} rows and {} bytes, but there are {rows} and {bytes}",
            tally.rows, tally.bytes
        );
        find("tally of recalls".to_owned(), what);
    }
    Ok(())
}

/// Copies the recall log, row by row as it is.
pub(crate) fn copy(source: &Reader, target: &Storage) -> Result<()> {
    let Some(tally) = Tally::read(source)? else { return Ok(()) };
    let mut rows: Vec<Vec<u8>> = Vec::new();
    source.visit_recalls(|_, row| {
        rows.push(row.to_vec());
        if rows.len() < SLICE {
            return Ok(());
        }
        append(target, &std::mem::take(&mut rows), None)
    })?;
    append(target, &rows, Some(tally))
}

fn append(target: &Storage, rows: &[Vec<u8>], tally: Option<Tally>) -> Result<()> {
    let writer = target.write(std::time::Duration::ZERO)?;
    writer.append_recalls(rows.iter().map(Vec::as_slice))?;
    if let Some(tally) = tally {
        tally.write(&writer)?;
    }
    writer.commit()
}
