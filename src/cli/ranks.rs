//! `search --against`: the ranks of a search then and now.

use std::io::Write;

use serde_json::json;
use undream::{Cause, Commit, Comparison, Snapshot, Store};

use super::call::{Call, Eye};
use super::exit::Outcome;
use super::json as shape;
use super::paint::escape;
use super::time::ago;

/// Shows what a search finds now and what it found then.
pub(crate) fn answer(call: &Call, store: &Store, now: &Snapshot, found: &Comparison) -> Outcome {
    if call.json() {
        let ranks = found.ranks.iter().map(|one| {
            json!({
                "key": one.key.as_str(),
                "then": one.then,
                "now": one.now,
                "change": one.change.as_ref().map(|commit| shape::commit(commit)),
            })
        });
        let reviews = found.reviews.iter().map(|commit| shape::commit(commit));
        return call.print_json(&json!({
            "commit": now.id().map(|id| id.to_string()),
            "ranks": ranks.collect::<Vec<_>>(),
            "reviews": reviews.collect::<Vec<_>>(),
        }));
    }
    if found.ranks.is_empty() {
        call.note("Nothing found, now or then.");
    }
    let eye = call.eye(store)?;
    let mut page = call.long_page();
    for one in &found.ranks {
        let rank =
            |rank: Option<usize>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
        let ranks = format!("{:>3} -> {:<3}", rank(one.then), rank(one.now));
        let ranks = match (one.then, one.now) {
            (Some(then), Some(now)) if then == now => eye.paint.dim(ranks),
            (Some(then), Some(now)) if then < now => eye.paint.removed(ranks),
            (Some(_), None) => eye.paint.removed(ranks),
            _ => eye.paint.added(ranks),
        };
        let change = match &one.change {
            Some(commit) => format!("  {}  {}", eye.id(commit.id().object())?, changer(commit)),
            None => String::new(),
        };
        writeln!(page, "{ranks}  {}{change}", eye.paint.name(one.key.as_str()))?;
    }
    for review in &found.reviews {
        writeln!(page, "between  {}", reviewed(&eye, review)?)?;
    }
    Ok(page.finish()?)
}

/// Who or what made a change.
fn changer(commit: &Commit) -> String {
    match commit.cause() {
        Cause::Pick { dream, proposal, .. } => format!("dream {dream}, proposal {proposal}"),
        _ => escape(&format!("{}: {}", commit.author(), commit.summary())).into_owned(),
    }
}

fn reviewed(eye: &Eye, review: &Commit) -> Outcome<String> {
    let (id, when) = (eye.id(review.id().object())?, ago(review.authored(), eye.now));
    Ok(format!("{id}  {when}  {}", escape(review.summary())))
}
