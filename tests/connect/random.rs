//! Whatever a configuration holds, it holds the same after Undream has come and gone.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::home::Home;

/// Comments that hold what would confuse a reader.
const COMMENTS: [&str; 2] = ["// a } comment", "/* one, more ] */"];

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Servers and hooks of others, among whatever else there is.
fn config() -> impl Strategy<Value = Value> {
    let any_map = || prop::collection::btree_map("[a-z]{1,6}", value(), 0..4);
    let groups = prop::collection::vec(
        prop_oneof![
            Just(json!({"hooks": [{"type": "command", "command": "echo undream hook"}]})),
            Just(json!({"matcher": "x", "hooks": []})),
            value(),
        ],
        0..3,
    );
    let servers = prop::option::of(any_map());
    let hooks = prop::option::of(prop::collection::btree_map(
        prop::sample::select(vec!["SessionStart", "SessionEnd", "Stop"]),
        groups,
        0..3,
    ));
    (any_map(), servers, hooks, any::<bool>()).prop_map(|(rest, servers, hooks, last)| {
        let mut config: Map<String, Value> = rest.into_iter().collect();
        config.retain(|name, _| !["mcpServers", "hooks"].contains(&name.as_str()));
        if let Some(servers) = servers {
            let servers: Map<String, Value> =
                servers.into_iter().filter(|(name, _)| name != "undream").collect();
            config.insert("mcpServers".to_owned(), servers.into());
        }
        if let Some(hooks) = hooks {
            let hooks: Map<String, Value> = hooks
                .into_iter()
                .map(|(event, groups)| (event.to_owned(), groups.into()))
                .collect();
            config.insert("hooks".to_owned(), hooks.into());
        }
        if last {
            config.insert("last".to_owned(), json!([1, {"x": "{"}]));
        }
        Value::Object(config)
    })
}

/// Comments, trailing commas and blanks, put between the tokens of a text.
fn dressed(text: &str, seed: u64) -> String {
    let (mut out, mut in_string, mut escaped, mut turn) = (String::new(), false, false, seed);
    for c in text.chars() {
        out.push(c);
        if in_string {
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
        } else if c == '"' {
            in_string = true;
        } else if matches!(c, '{' | '[' | ',' | ':') {
            turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            match turn >> 61 {
                0 => out = out + COMMENTS[0] + "\n",
                1 => out += COMMENTS[1],
                2 => out += "\r\n\t",
                3 => out += "   ",
                _ => {}
            }
        }
    }
    out
}

/// What is left when lists that hold nothing are not counted.
fn without_empty(mut config: Value) -> Value {
    let top = config.as_object_mut().unwrap();
    if let Some(hooks) = top.get_mut("hooks").and_then(Value::as_object_mut) {
        for event in ["SessionStart", "PreCompact", "SessionEnd"] {
            if hooks.get(event).is_some_and(|groups| groups == &json!([])) {
                hooks.remove(event);
            }
        }
    }
    top.retain(|name, value| {
        !(["mcpServers", "hooks"].contains(&name.as_str()) && *value == json!({}))
    });
    config
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_configuration_comes_back(config in config(), pretty in any::<bool>(), seed in any::<u64>()) {
        let home = Home::new();
        let plain = if pretty {
            serde_json::to_string_pretty(&config).unwrap()
        } else {
            config.to_string()
        };
        let text = dressed(&plain, seed);
        // One file that holds servers and hooks.
        let name = ".gemini/settings.json";
        home.write(name, &text);
        home.done("connect gemini-cli --yes", "");
        let connected = home.bytes(name).unwrap();
        home.done("connect gemini-cli --remove --yes", "");
        prop_assert_eq!(home.bytes(name).unwrap(), text.as_bytes());

        // Without the copy, or with words of others since, the meaning comes back.
        home.write(name, &connected);
        home.done("connect gemini-cli --remove --yes", "");
        if let Some(left) = home.bytes(name) {
            let left = String::from_utf8(left).unwrap();
            let bare = COMMENTS.iter().fold(left.clone(), |text, comment| text.replace(comment, ""));
            let read: Value = serde_json::from_str(&bare).unwrap();
            prop_assert_eq!(without_empty(read), without_empty(config));
            for comment in COMMENTS {
                prop_assert!(left.matches(comment).count() <= text.matches(comment).count());
            }
        } else {
            prop_assert_eq!(without_empty(config), json!({}));
        }
    }
}
