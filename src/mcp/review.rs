//! `review` and `revert`: what becomes of proposals, and taking back what was merged or written.
//! Both only where the server was started with leave to review.

use serde_json::{Value, json};
use undream::{CommitId, Conflict, Dream, ErrorKind};

use super::answer::{Hinted, NOTICE, Outcome, Refusal};
use super::asked::Asked;
use super::dreams::open;
use super::scope::Scope;

/// Approves, rejects or merges proposals.
pub(crate) fn review(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    let number = asked.needed_number("number")?;
    let dream = own(scope, number)?;
    let (numbers, reason) = (asked.numbers("proposals"), asked.text("reason"));
    let action = asked.needed("action")?;
    if action == "merge" {
        return merge(scope, &dream, reason);
    }
    if numbers.is_empty() {
        return Err(Refusal::invalid("it is not said which proposals")
            .hint("give their numbers in `proposals`; dream with the action show lists them"));
    }
    let mut review = dream.review_as(scope.author.clone())?.session(&scope.session);
    let decided = match (action, asked.text("text"), numbers.as_slice()) {
        ("reject", None, _) => review.reject_numbers(&numbers, reason),
        ("reject", Some(_), _) => {
            return Err(Refusal::invalid("a text is given to what is approved, not rejected"));
        }
        (_, None, _) => review.approve_numbers(&numbers, reason),
        (_, Some(text), [one]) => review.amend(*one, text, reason).map(|()| vec![*one]),
        (_, Some(_), _) => {
            return Err(Refusal::invalid("a text can be given to one proposal only"));
        }
    };
    let decided = decided.hint_for(ErrorKind::NotFound, show_hint(number))?;
    Ok(json!({"dream": number, "action": action, "proposals": decided}))
}

fn merge(scope: &Scope, dream: &Dream, reason: Option<&str>) -> Outcome {
    let number = dream.number();
    let review = dream.review_as(scope.author.clone())?.session(&scope.session);
    let merge = review.merge().hint_for(ErrorKind::Conflict, || {
        "approve proposals first: review with the action approve".to_owned()
    })?;
    let merge = merge.gates(&scope.gates());
    let conflicts = merge.conflicts().into_iter().map(|(_, conflict)| conflict);
    refuse_conflicts(conflicts, &format!("undream dream merge {number}"))?;
    let numbers = merge.numbers().to_vec();
    let text = format!("dream {number}: {} of {}", numbers.len(), review.proposals().len());
    let commit = merge.commit(reason.unwrap_or(&text))?;
    Ok(json!({
        "dream": number,
        "action": "merge",
        "proposals": numbers,
        "commit": commit.to_string(),
    }))
}

/// Takes a commit back, or what was merged of a dream; what came after stays.
pub(crate) fn revert(scope: &Scope, asked: &Asked<'_>) -> Outcome {
    match (asked.text("commit"), asked.number("dream")) {
        (Some(revision), None) => commit(scope, asked, revision),
        (None, Some(number)) => proposals(scope, asked, number),
        _ => Err(Refusal::invalid("it is not said what to take back").hint(
            "give either `commit`, as log shows it, or `dream`, with `proposal` if only one",
        )),
    }
}

fn commit(scope: &Scope, asked: &Asked<'_>, revision: &str) -> Outcome {
    let target = scope.store.commit(scope.resolve(revision)?)?;
    let merge = scope.branch.revert(target.id()).hint_for(ErrorKind::Invalid, || {
        format!("log lists the commits of {}", scope.branch.name())
    })?;
    refuse_conflicts(merge.conflicts().cloned(), &format!("undream revert {:.16}", target.id()))?;
    let text = format!("Revert \"{}\"", target.summary());
    Ok(reverted(merge.commit(scope.message(asked.text("why").unwrap_or(&text)))?))
}

fn proposals(scope: &Scope, asked: &Asked<'_>, number: u64) -> Outcome {
    let one = asked.number("proposal").and_then(|one| u32::try_from(one).ok());
    let revert =
        own(scope, number)?.revert(one).hint_for(ErrorKind::NotFound, show_hint(number))?;
    refuse_conflicts(revert.conflicts().cloned(), &format!("undream dream revert {number}"))?;
    let text = match one {
        Some(one) => format!("Take back proposal {one} of dream {number}"),
        None => format!("Take back dream {number}"),
    };
    Ok(reverted(revert.commit(scope.message(asked.text("why").unwrap_or(&text)))?))
}

fn reverted(commit: CommitId) -> Value {
    json!({"notice": NOTICE, "commit": commit.to_string()})
}

fn show_hint(number: u64) -> impl FnOnce() -> String {
    move || format!("call dream with the action show and the number {number}")
}

/// The dream, if it is one of the branch that this server may change.
fn own(scope: &Scope, number: u64) -> Outcome<Dream> {
    let dream = open(scope, number)?;
    let (of, branch) = (dream.base_branch()?, &scope.branch);
    if of.name() == branch.name() {
        return Ok(dream);
    }
    let message = format!(
        "dream {number} is of {}, and this server changes {} only",
        of.name(),
        branch.name()
    );
    Err(Refusal::new(ErrorKind::Blocked, message).hint("leave it to the person in charge"))
}

/// Conflicts are decided by people: they are listed, and nothing is written.
fn refuse_conflicts(conflicts: impl Iterator<Item = Conflict>, command: &str) -> Outcome<()> {
    let keys: Vec<String> = conflicts.map(|conflict| conflict.key.to_string()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let message =
        format!("it conflicts with later changes at {}; nothing was written", keys.join(", "));
    Err(Refusal::new(ErrorKind::Conflict, message)
        .hint(format!("ask a person to decide on the command line: {command}")))
}
