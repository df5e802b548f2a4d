//! Plain writes.

use undream::{Entry, ErrorKind, Gate, GateQuestion, Key, Measured, Result, Ruling};

use crate::room::{agent, options, person, put, put_entry, refused, room, secret, set};

#[test]
fn an_agent_writes_everywhere_but_under_protected_prefixes() -> Result<()> {
    let (_db, store, main) = room();
    put(&main, &person(), "rules/refunds", "Up to 50 EUR.")?;
    put(&main, &agent(), "facts/city", "Lisbon")?;
    put(&main, &agent(), "rulesets/a", "Not a rule.")?;
    let before = main.head()?;

    refused(put(&main, &agent(), "rules/refunds", "Up to 5,000 EUR."), "rules/refunds");
    refused(put(&main, &agent(), "policy/new", "Anything goes."), "policy/new");
    let mut tx = main.write()?;
    tx.remove("rules/refunds")?;
    refused(tx.commit(agent().message("Remove it")), "protected");
    let mut tx = main.write()?;
    tx.rename("rules/refunds", "facts/refunds")?;
    refused(tx.commit(agent().message("Move it away")), "protected");
    let mut tx = main.write()?;
    tx.rename("facts/city", "rules/city")?;
    refused(tx.commit(agent().message("Move it in")), "protected");
    assert_eq!(main.head()?, before);

    let side = store.create_branch("side", before.unwrap())?;
    put(&side, &agent(), "rules/refunds", "Up to 500 EUR.")?;
    put(&main, &person(), "rules/refunds", "Up to 60 EUR.")?;
    Ok(())
}

#[test]
fn a_secret_is_refused_whoever_writes_it_and_is_not_repeated() -> Result<()> {
    let (_db, store, main) = room();
    let secret = secret();
    for author in [agent(), person()] {
        let texts = [
            Entry::new(format!("The token is {secret}.")),
            Entry::new("The token.").title(&secret),
            Entry::new("The token.").context(&secret),
            Entry::new("The token.").attribute("token", &secret),
        ];
        for entry in texts {
            let error = refused(put_entry(&main, &author, "facts/token", entry), "secrets");
            assert!(error.to_string().contains("facts/token: GitHub token"), "{error}");
            let shown = format!("{error:?}");
            assert!(!shown.contains(&secret[8..]), "{shown}");
        }
        let key = format!("facts/{secret}");
        let error = refused(put(&main, &author, &key, "The token."), "a key: GitHub token");
        assert!(!format!("{error:?}").contains(&secret[8..]), "{error:?}");
        let mut tx = main.write()?;
        tx.put("facts/token", "In the vault.")?;
        refused(tx.commit(author.message(&secret)), "the message: GitHub token");
    }
    assert_eq!(main.head()?, None);
    set(&store, |policy| policy.no_secrets = false);
    put(&main, &agent(), "facts/token", &secret)?;
    Ok(())
}

#[test]
fn a_person_overrides_with_a_reason_on_the_record_and_an_agent_does_not() -> Result<()> {
    let (_db, store, main) = room();
    put(&main, &agent(), "facts/a", "one")?;
    let write = |author: undream::Author, key: &str| -> Result<_> {
        let mut tx = main.write()?;
        tx.put(key, secret())?;
        // Somebody else is faster, elsewhere on the branch.
        put(&main, &agent(), &format!("facts/beside-{key}"), "two")?;
        tx.commit(author.message("Keep the token").overriding("It was revoked in March."))
    };
    let error = refused(write(agent(), "token"), "only a person");
    assert!(error.to_string().contains("secrets"));
    let commit = store.commit(write(person(), "token2")?)?;
    let verdict = commit.verdict().expect("an override keeps its verdict");
    assert!(verdict.is_overridden() && !verdict.passes());
    let refusals: Vec<_> = verdict.refusals().map(|found| found.rule.as_str()).collect();
    assert_eq!(refusals, ["secrets"]);
    assert_eq!(commit.override_reason(), Some("It was revoked in March."));
    assert_eq!(commit.first_parent(), Some(store.resolve("main~1")?.commit));
    let check = store.check(commit.id(), main.name(), &[])?;
    assert!(check.is_same() && check.kept.is_some());

    let mut tx = main.write()?;
    tx.put("facts/b", "harmless")?;
    let plain = tx.commit(person().message("Nothing to override").overriding("just in case"))?;
    assert!(store.commit(plain)?.verdict().is_none());
    let mut tx = main.write()?;
    tx.put("facts/c", "harmless")?;
    let empty = tx.commit(person().message("No reason").overriding("  "));
    assert_eq!(empty.unwrap_err().kind(), ErrorKind::Invalid);
    Ok(())
}

#[test]
fn the_policy_is_data_that_persons_change_and_history_keeps() -> Result<()> {
    let (db, store, main) = room();
    put(&main, &agent(), "law/one", "first")?;
    set(&store, |policy| policy.protected = vec![Key::new("law").unwrap()]);
    refused(put(&main, &agent(), "law/one", "second"), "law/one");
    put(&main, &agent(), "rules/one", "no longer protected")?;

    let other = db.create_store("other", &person())?;
    put(&other.branch("main")?, &agent(), "law/one", "another store")?;

    refused(store.set_policy("protect none", agent().message("Free us")), "only a person");
    let change = store.operations()?.find(|found| {
        found
            .as_ref()
            .is_ok_and(|found| found.moves().iter().any(|step| step.name.as_str() == "meta"))
    });
    let change = change.unwrap()?.id();
    refused(store.undo(change, &agent()), "only a person");
    let meta = store.branch("meta")?;
    assert_eq!(meta.merge(&main).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(meta.pick(main.head()?.unwrap()).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(meta.revert(meta.head()?.unwrap()).unwrap_err().kind(), ErrorKind::Invalid);
    store.undo(change, &person())?;
    put(&main, &agent(), "law/one", "second")?;

    let wrong = store.set_policy("mode review\nsessions many", person().message("Slip"));
    assert!(wrong.unwrap_err().to_string().starts_with("line 2: "));
    Ok(())
}

/// Refuses whatever speaks of tea.
struct NoTea;

impl Gate for NoTea {
    fn rule(&self) -> &'static str {
        "no-tea"
    }

    fn version(&self) -> u32 {
        3
    }

    fn binds_persons(&self) -> bool {
        true
    }

    fn measure(&self, question: &GateQuestion<'_>) -> Result<Measured> {
        let mut named = Vec::new();
        for change in question.changes {
            if let Some(record) = change.written()
                && record.text()?.contains("tea")
            {
                named.push(change.key.to_string());
            }
        }
        Ok(Measured::none_of(named))
    }
}

#[test]
fn a_gate_of_the_application_is_asked_too() -> Result<()> {
    let db = options().gate(NoTea).in_memory()?;
    let main = db.store("default")?.branch("main")?;
    put(&main, &agent(), "facts/city", "Lisbon")?;
    refused(put(&main, &agent(), "facts/drink", "oolong tea"), "no-tea");
    refused(put(&main, &person(), "facts/drink", "oolong tea"), "no-tea");
    refused(put(&main, &agent(), "rules/a", "no drinks"), "protected");
    let side = main.store().create_branch("side", main.head()?.unwrap())?;
    put(&side, &agent(), "facts/drink", "oolong tea")?;
    let merge = main.merge(&side)?;
    let message = person().message("Merge it");
    let verdict = merge.verdict(&message)?.unwrap();
    let found = verdict.findings.iter().find(|found| found.rule == "no-tea").unwrap();
    assert_eq!((found.ruling, found.version, found.found), (Ruling::Failed, 3, 1));
    refused(merge.commit(message), "no-tea");
    Ok(())
}
