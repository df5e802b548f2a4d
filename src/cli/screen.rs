//! The screens of a review.

use std::fmt;

use serde_json::{Value, json};
use undream::{Proposal, Verb};

use super::call::Eye;
use super::exit::Outcome;
use super::page::Page;
use super::proposal::{Sight, write_full};

/// What can be typed beneath a proposal.
pub(crate) const KEYS: &str =
    "[a]pprove [r]eject [e]dit [s]kip [b]ack [v]iew whole [m]erge [q]uit [?] help";
/// What can be typed at the end.
pub(crate) const LAST_KEYS: &str = "[m]erge what is approved [b]ack [q]uit";
/// What the keys do.
pub(crate) const HELP: &str = "\
a  approve, with what it needs          r  reject, with a reason if you give one
e  take it with another text ($EDITOR)  s  or Enter, right: leave it open, go on
b  or left: the one before              v  the whole proposal, in the pager
m  merge what is approved so far        q  leave; every decision is kept";

/// How many quotes a screen shows: enough to decide on most, and all of it fits.
pub(crate) const QUOTES_MAX: usize = 3;
/// How many rows stand beneath a proposal: its keys, and the line that is typed.
const ROWS_BENEATH: usize = 3;
/// The fewest rows that are shown, however small the terminal.
const ROWS_MIN: usize = 8;

/// How far a review has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    approved: usize,
    rejected: usize,
    merged: usize,
    /// Merged, and taken back since or there before.
    gone: usize,
    /// Proposed anew by a newer dream, or on the branch already.
    overtaken: usize,
    pub(crate) open: usize,
    /// Approved and not yet merged.
    pub(crate) to_merge: usize,
}

impl Tally {
    pub(crate) fn of(proposals: &[Proposal]) -> Self {
        let mut tally = Self::default();
        for proposal in proposals {
            match proposal.choice() {
                None if proposal.is_open() => tally.open += 1,
                None => tally.overtaken += 1,
                Some(choice) if choice.verb == Verb::Reject => tally.rejected += 1,
                Some(choice) => {
                    tally.approved += 1;
                    tally.merged += usize::from(choice.merged);
                    tally.gone += usize::from(choice.reverted || choice.unchanged);
                    tally.to_merge += usize::from(!choice.merged);
                }
            }
        }
        tally
    }

    /// Whether something that was merged can be taken back.
    pub(crate) fn stands(self) -> bool {
        self.merged > self.gone
    }

    pub(crate) fn to_json(self, dream: u64) -> Value {
        json!({
            "dream": dream, "approved": self.approved, "rejected": self.rejected,
            "merged": self.merged, "open": self.open, "overtaken": self.overtaken,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} approved, {} rejected, {} open", self.approved, self.rejected, self.open)?;
        if self.merged > 0 {
            write!(f, ", {} merged", self.merged)?;
        }
        if self.overtaken > 0 { write!(f, ", {} overtaken", self.overtaken) } else { Ok(()) }
    }
}

/// The line at the top.
pub(crate) fn head(eye: &Eye, dream: u64, tally: &Tally) -> String {
    format!("{}  {tally}\n\n", eye.paint.name(&format!("dream {dream}")))
}

/// A proposal in full.
pub(crate) fn proposal(
    eye: &Eye,
    sight: &Sight<'_>,
    proposal: &Proposal,
    place: &str,
) -> Outcome<String> {
    let mut page = Page::Memory(Vec::new());
    write_full(&mut page, eye, sight, proposal)?;
    Ok(format!("{} {}\n{}", proposal.effect().name(), eye.paint.dim(place), page.into_text()))
}

/// As much of `text` as fits above the remark and the keys; the rest is one key away.
pub(crate) fn fit(text: &str, size: Option<(usize, usize)>, remark: Option<&str>) -> String {
    let Some((rows, columns)) = size else { return text.to_owned() };
    let beneath = ROWS_BENEATH + remark.map_or(0, |remark| rows_of(remark, columns));
    let room = rows.saturating_sub(beneath).max(ROWS_MIN);
    if rows_of(text, columns) <= room {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut taken = 1;
    for line in text.lines() {
        taken += rows_of(line, columns);
        if taken > room {
            break;
        }
        shown.push_str(line);
        shown.push('\n');
    }
    shown + "... there is more: v\n"
}

/// How many rows of the terminal a text takes.
fn rows_of(text: &str, columns: usize) -> usize {
    let row = |line: &str| console::measure_text_width(line).div_ceil(columns.max(1)).max(1);
    text.lines().map(row).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_cut_at_a_line_and_said() {
        let text = "one\ntwo two two\n".repeat(10);
        assert_eq!(fit(&text, None, None), text);
        assert_eq!(fit(&text, Some((40, 80)), None), text);
        let cut = fit(&text, Some((12, 6)), None);
        assert_eq!(cut, "one\ntwo two two\none\ntwo two two\none\n... there is more: v\n");
        let beside = fit(&text, Some((13, 6)), Some("a remark"));
        assert!(rows_of(&beside, 6) + 2 + ROWS_BENEATH <= 16, "{beside}");
    }
}
