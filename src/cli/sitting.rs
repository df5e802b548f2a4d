//! `review`: one proposal per screen, one key per decision. Each decision is kept at once, so a
//! review can be left and resumed at any time.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use serde_json::json;
use undream::{Dream, ErrorKind, Manifest, Proposal, Reply, Store};
use undream::{Review as Deciding, Verb};

use super::call::{Access, Call, Eye};
use super::dream::open;
use super::exit::{Failure, Hinted, Outcome};
use super::held::Held;
use super::join::Join;
use super::keys::{Keys, Typed};
use super::lineup::Usual;
use super::paint::counted;
use super::policy::gates;
use super::proposal::{QUOTES_MAX, Sight};
use super::waiting::Waiting;
use super::{editor, join, screen, shifts};

#[derive(Args, Debug)]
pub(crate) struct Review {
    /// The number of the dream, as dream list shows it; the only one that waits, if it is left out
    number: Option<u64>,
    /// Merge although the policy refuses it, with the reason on the record; for persons only
    #[arg(long = "override", value_name = "REASON")]
    overriding: Option<String>,
}

/// A review under way.
struct Sitting<'a> {
    call: &'a Call,
    store: &'a Store,
    dream: &'a Dream,
    eye: Eye,
    keys: Keys,
    review: Deciding,
    held: Held,
    usual: Usual,
    manifest: Manifest,
    /// The proposals' numbers, in the order in which they are shown.
    order: Vec<u32>,
    /// Where in the order; behind its end there is the summary.
    place: usize,
    /// What to say above the next prompt.
    remark: Option<String>,
}

/// How a sitting ends.
#[derive(Eq, PartialEq)]
enum End {
    Left,
    Merge(String),
}

impl Review {
    pub(crate) fn run(&self, call: &Call) -> Outcome {
        let store = call.store(Access::Write)?;
        let dream = match self.number {
            Some(number) => open(&store, number)?,
            None => only_open(&store)?,
        };
        let review = dream.review_as(call.author()?)?;
        if review.proposals().is_empty() {
            let message = format!("dream {} has no proposals", dream.number());
            return Err(Failure::new(ErrorKind::NotFound, message).hint("undream dream list"));
        }
        let usual = Usual::of(review.proposals());
        let mut shown: Vec<&Proposal> = review.proposals().iter().collect();
        shown.sort_by_cached_key(|proposal| proposal.review_order());
        let order: Vec<u32> = shown.into_iter().map(Proposal::number).collect();
        let mut sitting = Sitting {
            call,
            store: &store,
            dream: &dream,
            eye: call.eye(&store)?,
            keys: Keys::open(),
            review,
            held: Held::of(&dream)?,
            usual,
            manifest: dream.manifest()?,
            order,
            place: 0,
            remark: None,
        };
        sitting.place = sitting.next_open(0);
        let end = sitting.sit()?;
        match end {
            End::Left => sitting.leave(),
            End::Merge(text) => sitting.merge(&text, self.overriding.as_deref()),
        }
    }
}

/// The only dream of which proposals wait for a decision or to be merged.
fn only_open(store: &Store) -> Outcome<Dream> {
    let waiting: Vec<u64> = Waiting::list(store)?.iter().map(Waiting::number).collect();
    match waiting.as_slice() {
        [number] => open(store, *number),
        [] => Err(Failure::new(ErrorKind::NotFound, "no dream waits for a review")
            .hint("undream dream list; undream review N looks at any of them")),
        several => {
            let numbers: Vec<_> = several.iter().map(u64::to_string).collect();
            let text = format!("{} dreams wait: {}", several.len(), numbers.join(", "));
            let newest = several[several.len() - 1];
            Err(Failure::usage(text).hint(format!("undream review {newest}")))
        }
    }
}

impl Sitting<'_> {
    fn sit(&mut self) -> Outcome<End> {
        loop {
            let at_end = self.place >= self.order.len();
            if at_end && !self.has_to_merge() {
                return Ok(End::Left);
            }
            self.show()?;
            let typed = self.keys.next()?;
            match typed.key {
                'q' => return Ok(End::Left),
                'm' => {
                    if let Some(text) = self.ask_message(typed)? {
                        return Ok(End::Merge(text));
                    }
                }
                'b' => self.place = self.place.saturating_sub(1),
                's' if at_end => return Ok(End::Left),
                's' => self.place = self.next_open(self.place + 1),
                'a' | 'r' | 'e' if !at_end => self.decide(typed)?,
                'v' if !at_end => self.show_whole()?,
                '?' | 'h' => self.remark = Some(screen::HELP.to_owned()),
                other => {
                    self.remark = Some(format!("`{}` does nothing here.", other.escape_debug()));
                }
            }
        }
    }

    fn proposal(&self) -> &Proposal {
        let number = self.order[self.place];
        let found = self.review.proposals().iter().find(|found| found.number() == number);
        found.expect("BUG: the order names a proposal that is not there")
    }

    fn sight(&self, quotes_max: usize) -> Sight<'_> {
        Sight {
            store: self.store,
            held: &self.held,
            usual: &self.usual,
            manifest: &self.manifest,
            quotes_max,
        }
    }

    /// The first proposal from `place` on that waits for a decision, or the end.
    fn next_open(&self, place: usize) -> usize {
        let open = |number: &u32| {
            self.review.proposals().iter().any(|found| found.number() == *number && found.is_open())
        };
        let found = (place..self.order.len()).find(|place| open(&self.order[*place]));
        found.unwrap_or(self.order.len())
    }

    fn show(&mut self) -> Outcome {
        let remark = self.remark.take();
        if self.call.json() {
            return Ok(());
        }
        let tally = screen::Tally::of(self.review.proposals());
        let mut text = screen::head(&self.eye, self.dream.number(), &tally);
        let keys = if self.place < self.order.len() {
            let heading = format!("{} of {}", self.place + 1, self.order.len());
            text += &screen::proposal(
                &self.eye,
                &self.sight(screen::QUOTES_MAX),
                self.proposal(),
                &heading,
            )?;
            screen::KEYS
        } else {
            screen::LAST_KEYS
        };
        self.keys.clear()?;
        let mut page = self.call.page();
        write!(page, "{}", screen::fit(&text, self.keys.size(), remark.as_deref()))?;
        if let Some(remark) = remark {
            writeln!(page, "{}", self.eye.paint.warning(remark))?;
        }
        writeln!(page, "\n{}", self.eye.paint.dim(keys))?;
        Ok(page.finish()?)
    }

    /// The whole proposal, through the pager.
    fn show_whole(&mut self) -> Outcome {
        if self.call.json() {
            return Ok(());
        }
        let text =
            screen::proposal(&self.eye, &self.sight(QUOTES_MAX), self.proposal(), "in full")?;
        let mut page = self.call.long_page();
        write!(page, "{text}")?;
        shifts::write_below(
            &mut page,
            &self.eye,
            &shifts::of_dream(self.dream, Some(self.proposal()))?,
        )?;
        page.finish()?;
        if matches!(self.keys, Keys::Terminal(_)) {
            self.call.note("Any key goes back to the review.");
            self.keys.next()?;
        }
        Ok(())
    }

    /// Keeps a decision on the shown proposal and goes on. What cannot be decided is said, and the
    /// proposal stays.
    fn decide(&mut self, typed: Typed) -> Outcome {
        let number = self.proposal().number();
        let answer = match typed.key {
            'a' => Some(Reply::Approve { reason: typed.words }),
            'r' => {
                let reason = self.keys.answer("why (Enter for no reason)", typed)?;
                Some(Reply::Reject { reason })
            }
            _ => self.amended(typed)?.map(|text| Reply::Amend { text, reason: None }),
        };
        let Some(answer) = answer else {
            self.remark = Some("The text is as it was; nothing is decided.".to_owned());
            return Ok(());
        };
        match self.review.answer(&BTreeMap::from([(number, answer)])) {
            Ok(decided) => {
                let others: Vec<_> =
                    decided.iter().filter(|other| **other != number).map(u32::to_string).collect();
                if !others.is_empty() {
                    let others = others.join(", ");
                    self.remark =
                        Some(format!("Proposal {number} took along what it needs: {others}."));
                }
                self.place = self.next_open(self.place + 1);
            }
            Err(error) if matches!(error.kind(), ErrorKind::Locked | ErrorKind::Io) => {
                return Err(error.into());
            }
            Err(error) => self.remark = Some(format!("Not decided: {error}.")),
        }
        Ok(())
    }

    /// Another text; `None` if it is the same, or empty.
    fn amended(&mut self, typed: Typed) -> Outcome<Option<String>> {
        let proposal = self.proposal();
        let amended = proposal.choice().and_then(|choice| choice.text.as_deref());
        let held = amended.or(proposal.text()).unwrap_or_default().to_owned();
        let in_editor = typed.words.is_none() && matches!(self.keys, Keys::Terminal(_));
        let text = match editor::named().filter(|_| in_editor) {
            Some(program) => match editor::edit(&program, &held) {
                Ok(text) => Some(text.trim_end().to_owned()),
                Err(failure) if failure.kind() == ErrorKind::Io => {
                    self.remark = Some("The editor failed; set EDITOR, or type `e`.".to_owned());
                    None
                }
                Err(failure) => return Err(failure),
            },
            None => self.keys.answer("the text (Enter leaves it)", typed)?,
        };
        Ok(text.filter(|text| !text.is_empty() && *text != held.trim_end()))
    }

    fn has_to_merge(&self) -> bool {
        self.review.proposals().iter().any(|found| {
            found.choice().is_some_and(|choice| choice.verb != Verb::Reject && !choice.merged)
        })
    }

    /// What the log shall say of the merge; `None` if there is nothing to merge.
    fn ask_message(&mut self, typed: Typed) -> Outcome<Option<String>> {
        if !self.has_to_merge() {
            self.remark = Some("Nothing is approved that is not merged.".to_owned());
            return Ok(None);
        }
        let ready = screen::Tally::of(self.review.proposals()).to_merge;
        let default = format!("dream {}: {ready} of {}", self.dream.number(), self.order.len());
        let asked = format!("message (Enter for \"{default}\")");
        Ok(Some(self.keys.answer(&asked, typed)?.unwrap_or(default)))
    }

    fn merge(&self, text: &str, overriding: Option<&str>) -> Outcome {
        let number = self.dream.number();
        let merge = self
            .review
            .merge()
            .hint_for(ErrorKind::Conflict, || format!("undream dream show {number}"))?;
        let mut merge = merge.gates(&gates(self.store)?);
        if let Some(reason) = overriding {
            merge = merge.overriding(reason);
        }
        let branch = self.dream.base_branch()?;
        let command = format!("undream dream merge {number}");
        let (call, store, deciding) = (self.call, self.store, &join::Deciding::default());
        let join = Join { call, store, branch: &branch, verb: "merge", command, deciding };
        join.finish(merge, |merge| merge.commit(text))?;
        call.note(format!("To take it back: undream dream revert {number}"));
        Ok(())
    }

    /// Says how far it has come.
    fn leave(&self) -> Outcome {
        let number = self.dream.number();
        let tally = screen::Tally::of(self.review.proposals());
        if self.call.json() {
            return self.call.print_json(&json!({"review": tally.to_json(number)}));
        }
        self.call.note(format!("Dream {number}: {tally}. All decisions are kept."));
        if tally.open > 0 {
            let open = counted(tally.open as u64, "proposal waits", "proposals wait");
            self.call.note(format!("{open}: undream review {number}"));
        }
        if tally.to_merge > 0 {
            self.call.note(format!("To merge what is approved: undream dream merge {number}"));
        }
        Ok(())
    }
}
