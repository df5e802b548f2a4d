//! The text form of a policy, which a person edits: one term per line; lines that begin with `#` are
//! comments.

use std::collections::BTreeSet;
use std::fmt;

use crate::engine::policy::terms::{Policy, PolicyMode};
use crate::error::{Error, Result};
use crate::object::{Key, RefName, Trust};

/// Says that a list is empty.
const NONE: &str = "none";
const TRUSTS: [Trust; 5] = [Trust::None, Trust::Tool, Trust::Agent, Trust::User, Trust::Endorsed];

impl Policy {
    /// Reads the text form. Every term has its own line; a term that is left out stands as in the
    /// default policy. To guard or protect nothing is said by `guard none` and `protect none`.
    ///
    /// # Errors
    /// `Invalid` with the number of the line that cannot be read.
    pub fn parse(text: &str) -> Result<Self> {
        let mut policy = Self::default();
        let mut seen = BTreeSet::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |error: String| Error::invalid(format!("line {number}: {error}"));
            let (term, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim();
            if value.is_empty() {
                return Err(wrong(format!("`{term}` needs a value")));
            }
            let first = seen.insert(term.to_owned());
            match term {
                "guard" if first => policy.guarded.clear(),
                "protect" if first => policy.protected.clear(),
                "guard" | "protect" => {}
                _ if first => {}
                _ => return Err(wrong(format!("`{term}` is said twice"))),
            }
            policy.set(term, value).map_err(|error| wrong(error.to_string()))?;
        }
        policy.guarded.sort();
        policy.guarded.dedup();
        policy.protected.sort();
        policy.protected.dedup();
        Ok(policy)
    }

    fn set(&mut self, term: &str, value: &str) -> Result<()> {
        match term {
            "mode" => self.mode = mode(value)?,
            "guard" | "protect" if value == NONE => {}
            "guard" => self.guarded.push(guarded(value)?),
            "protect" => self.protected.push(Key::new(value.trim_end_matches('/'))?),
            "secrets" => self.no_secrets = one_of(value, "refuse", "allow")?,
            "black-boxes" => self.black_box_max = trust(value, "most")?,
            "sessions" => self.sessions_min = at(value, "least")?,
            "users" => self.users_min = at(value, "least")?,
            "trust" => self.trust_min = trust(value, "least")?,
            "additions" => self.additions_max = at(value, "most")?,
            "rewrites" => self.rewrites_max = at(value, "most")?,
            "removals" => self.removals_max = at(value, "most")?,
            "pinned" => self.keep_pinned = one_of(value, "hold", "allow")?,
            "near-protected" => self.near_protected = one_of(value, "hold", "allow")?,
            "worse-probes" => self.probes = one_of(value, "hold", "allow")?,
            _ => return Err(Error::invalid(format!("there is no term `{term}`"))),
        }
        Ok(())
    }
}

fn mode(value: &str) -> Result<PolicyMode> {
    let found = PolicyMode::ALL.into_iter().find(|mode| mode.name() == value);
    found.ok_or_else(|| Error::invalid(format!("`{value}` is no mode: review, gated or auto")))
}

fn guarded(value: &str) -> Result<RefName> {
    let name = RefName::new(value)?;
    if name.is_reserved() {
        return Err(Error::invalid(format!("`{name}` is reserved; it is not written to anyway")));
    }
    Ok(name)
}

/// `at least 3` or `at most 3`.
fn at(value: &str, bound: &str) -> Result<u64> {
    let number = value.strip_prefix("at").and_then(|rest| rest.trim().strip_prefix(bound));
    let number = number.and_then(|number| number.trim().parse().ok());
    number.ok_or_else(|| Error::invalid(format!("`{value}` should be `at {bound} NUMBER`")))
}

fn trust(value: &str, bound: &str) -> Result<Trust> {
    let named = value.strip_prefix("at").and_then(|rest| rest.trim().strip_prefix(bound));
    let found = named.and_then(|name| TRUSTS.into_iter().find(|t| t.name() == name.trim()));
    found.ok_or_else(|| {
        Error::invalid(format!(
            "`{value}` should be `at {bound} TRUST`: none, tool, agent, user or endorsed"
        ))
    })
}

/// Whether `value` is the first of two words.
fn one_of(value: &str, yes: &str, no: &str) -> Result<bool> {
    match value {
        value if value == yes => Ok(true),
        value if value == no => Ok(false),
        _ => Err(Error::invalid(format!("`{value}` should be `{yes}` or `{no}`"))),
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |holds: bool, yes: &'static str| if holds { yes } else { "allow" };
        writeln!(
            f,
            "# When a dream ends: review, a person decides; gated, what passes is merged and"
        )?;
        writeln!(f, "# the rest waits; auto, what passes is merged and the rest rejected.")?;
        writeln!(f, "mode            {}", self.mode.name())?;
        writeln!(f, "\n# The branches these terms guard.")?;
        list(f, "guard", self.guarded.iter().map(ToString::to_string))?;
        writeln!(f, "\n# What only a person may change.")?;
        list(f, "protect", self.protected.iter().map(|prefix| format!("{prefix}/")))?;
        writeln!(f, "\n# Secrets in a text, whoever writes it: refuse or allow.")?;
        writeln!(f, "secrets         {}", word(self.no_secrets, "refuse"))?;
        writeln!(
            f,
            "\n# How far a curator is trusted whose reading cannot be followed (command:, llm),"
        )?;
        writeln!(f, "# unless every quote it gives stands where it says.")?;
        writeln!(f, "black-boxes     at most {}", self.black_box_max.name())?;
        writeln!(f, "\n# What is merged without a person must keep to all of these, too.")?;
        writeln!(f, "sessions        at least {}", self.sessions_min)?;
        writeln!(f, "users           at least {}", self.users_min)?;
        writeln!(f, "trust           at least {}", self.trust_min.name())?;
        writeln!(f, "additions       at most {}", self.additions_max)?;
        writeln!(f, "rewrites        at most {}", self.rewrites_max)?;
        writeln!(f, "removals        at most {}", self.removals_max)?;
        writeln!(f, "pinned          {}", word(self.keep_pinned, "hold"))?;
        writeln!(f, "near-protected  {}", word(self.near_protected, "hold"))?;
        writeln!(f, "worse-probes    {}", word(self.probes, "hold"))
    }
}

/// One line for each of several values.
fn list(
    f: &mut fmt::Formatter<'_>,
    term: &str,
    values: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    if values.len() == 0 {
        return writeln!(f, "{term:<15} {NONE}");
    }
    for value in values {
        writeln!(f, "{term:<15} {value}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_read_back_as_it_was() {
        let policy = Policy {
            mode: PolicyMode::Auto,
            guarded: vec![RefName::new("live").unwrap(), RefName::main()],
            protected: vec![Key::new("rules").unwrap(), Key::new("team/law").unwrap()],
            no_secrets: false,
            black_box_max: Trust::Tool,
            sessions_min: 7,
            users_min: 0,
            trust_min: Trust::User,
            additions_max: 1,
            rewrites_max: 2,
            removals_max: 4,
            keep_pinned: false,
            near_protected: false,
            probes: false,
        };
        assert_eq!(Policy::parse(&policy.to_string()).unwrap(), policy);
        assert_eq!(Policy::parse(&Policy::default().to_string()).unwrap(), Policy::default());
        let open = Policy { guarded: Vec::new(), protected: Vec::new(), ..Policy::default() };
        assert_eq!(Policy::parse(&open.to_string()).unwrap(), open);
    }

    #[test]
    fn what_is_left_out_stands_as_in_the_default() {
        let policy = Policy::parse("# mine\nprotect law/#1/\n").unwrap();
        let protected = vec![Key::new("law/#1").unwrap()];
        assert_eq!(policy, Policy { protected, ..Policy::default() });
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let wrong = [
            ("mode sometimes", "no mode"),
            ("sessions 3", "at least NUMBER"),
            ("sessions at most 3", "at least NUMBER"),
            ("trust at least king", "TRUST"),
            ("black-boxes at least tool", "at most TRUST"),
            ("secrets hold", "`refuse` or `allow`"),
            ("guard meta", "reserved"),
            ("guard dreams/1", "reserved"),
            ("protect ../x", "`..`"),
            ("protect", "needs a value"),
            ("colour green", "no term `colour`"),
        ];
        for (line, expected) in wrong {
            let error = Policy::parse(&format!("# first\nguard main\n{line}\n")).unwrap_err();
            let text = error.to_string();
            assert!(text.starts_with("line 3: ") && text.contains(expected), "{text}");
        }
        let twice = Policy::parse("mode auto\nmode review").unwrap_err();
        assert!(twice.to_string().contains("line 2: `mode` is said twice"));
    }
}
