//! How wide an answer may be.

use console::Term;

/// How wide it is where nothing says how wide the terminal is.
const WIDTH: usize = 100;
/// On a narrower terminal lines wrap.
const WIDTH_MIN: usize = 80;
/// No line is easier to read beyond this.
const WIDTH_MAX: usize = 200;

/// The columns of the terminal, or those that `COLUMNS` names where stdout is none.
pub(crate) fn width(terminal: bool) -> usize {
    let shown = Term::stdout().size_checked().filter(|_| terminal);
    let named = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let columns = shown.map(|(_, columns)| usize::from(columns)).or_else(named);
    columns.unwrap_or(WIDTH).clamp(WIDTH_MIN, WIDTH_MAX)
}
