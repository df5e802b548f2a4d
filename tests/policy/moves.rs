//! Other ways to move a guarded branch: merges, reverts, restores, undo, refs, imports.

use undream::{RefName, Result, Ruling};

use crate::room::{agent, person, put, refused, room, secret, set};

#[test]
fn what_an_agent_wrote_on_a_branch_of_its_own_is_checked_when_it_is_merged() -> Result<()> {
    let (_db, store, main) = room();
    let base = put(&main, &person(), "rules/refunds", "Up to 50 EUR.")?;
    let side = store.create_branch("side", base)?;
    put(&side, &agent(), "rules/refunds", "Up to 5,000 EUR.")?;
    refused(main.merge(&side)?.commit(agent().message("Merge")), "protected");
    refused(main.pick(side.head()?.unwrap())?.commit(agent().message("Pick")), "protected");
    assert_eq!(main.head()?, Some(base));

    let merged = main.merge(&side)?.commit(person().message("Merge"))?;
    let commit = store.commit(merged)?;
    let verdict = commit.verdict().expect("a merge keeps its verdict");
    assert!(verdict.passes() && !verdict.is_overridden() && verdict.policy.is_none());
    let protected = &verdict.findings[0];
    assert_eq!((protected.rule.as_str(), protected.ruling), ("protected", Ruling::Failed));
    assert!(!protected.binding);
    assert_eq!(protected.named, ["rules/refunds"]);
    assert!(store.check(merged, main.name(), &[])?.is_same());

    refused(main.revert(merged)?.commit(agent().message("Revert")), "protected");
    refused(main.restore(base, "rules")?.commit(agent().message("Restore")), "protected");
    let undone = store.operations()?.next().unwrap()?;
    refused(store.undo(undone.id(), &agent()), "protected");
    main.revert(merged)?.commit(person().message("Revert"))?;
    Ok(())
}

#[test]
fn a_merge_brings_no_secret_unless_a_person_says_why() -> Result<()> {
    let (_db, store, main) = room();
    let base = put(&main, &agent(), "facts/city", "Lisbon")?;
    let side = store.create_branch("side", base)?;
    put(&side, &agent(), "facts/token", &secret())?;
    refused(main.merge(&side)?.commit(person().message("Merge")), "secrets");
    let message = person().message("Merge").overriding("A token of the staging system.");
    let merged = store.commit(main.merge(&side)?.commit(message)?)?;
    assert_eq!(merged.override_reason(), Some("A token of the staging system."));
    assert!(store.check(merged.id(), main.name(), &[])?.is_same());
    // What stands there already is no new secret.
    put(&main, &agent(), "facts/city", "Porto")?;
    Ok(())
}

#[test]
fn a_guarded_branch_is_not_made_anew_to_get_around_the_policy() -> Result<()> {
    let (db, store, main) = room();
    let base = put(&main, &person(), "rules/refunds", "Up to 50 EUR.")?;
    let side = store.create_branch("side", base)?;
    let bad = put(&side, &agent(), "rules/refunds", "Up to 5,000 EUR.")?;
    refused(store.delete_ref("main", base, &agent()), "protected");
    refused(db.delete_store("default", &agent()), "protected");
    store.delete_ref("main", base, &person())?;
    refused(store.create_branch_as("main", bad, &agent()), "protected");
    let merge = store.branch("main")?.merge(&side)?;
    refused(merge.commit(agent().message("Begin anew")), "protected");
    store.create_branch_as("main", base, &person())?;

    set(&store, |policy| policy.guarded.insert(0, RefName::new("live").unwrap()));
    refused(store.create_branch_as("live", bad, &agent()), "protected");
    let tag = store.create_tag("v1", bad, &agent());
    tag.expect("a tag is no branch");
    Ok(())
}

#[test]
fn an_imported_history_is_checked_where_it_comes_to_a_guarded_branch() -> Result<()> {
    let (db, store, main) = room();
    set(&store, |policy| policy.no_secrets = false);
    put(&main, &person(), "rules/refunds", "Up to 50 EUR.")?;
    put(&main, &agent(), "facts/token", &secret())?;
    let file = tempfile::NamedTempFile::new()?;
    db.export_history(&mut file.as_file())?;

    let (other, target, there) = room();
    let head = put(&there, &agent(), "facts/a", "one")?;
    target.create_branch("side", head)?;
    target.delete_ref("main", head, &person())?;
    refused(other.import_history(file.path(), &agent()), "protected");
    assert_eq!(there.head()?, None, "nothing shows");
    refused(other.import_history(file.path(), &person()), "secrets");
    set(&target, |policy| policy.no_secrets = false);
    other.import_history(file.path(), &person())?;
    assert_eq!(there.snapshot()?.get("rules/refunds")?.unwrap().text()?, "Up to 50 EUR.");
    Ok(())
}
