//! Pages fit together, whatever is written in between.

use serde_json::{Value, json};
use undream::Author;

use crate::client::Client;
use crate::shelf::Shelf;

/// All pages of a tool, with `between` done after each.
fn pages(
    client: &mut Client,
    tool: &str,
    arguments: &Value,
    part: &str,
    mut between: impl FnMut(&mut Client),
) -> Vec<Vec<Value>> {
    let (mut arguments, mut found) = (arguments.clone(), Vec::new());
    loop {
        let answer = client.data(tool, arguments.clone());
        found.push(answer[part].as_array().unwrap().clone());
        if answer["next_cursor"].is_null() {
            return found;
        }
        arguments["cursor"] = answer["next_cursor"].clone();
        between(client);
    }
}

#[test]
fn pages_neither_repeat_nor_miss_while_others_write() {
    let shelf = Shelf::new();
    let main = shelf.store().branch("main").unwrap();
    let writer = Author::person("ana");
    let base = main.head().unwrap().unwrap().to_string();
    for number in 0..25 {
        let mut tx = main.write().unwrap();
        tx.put(format!("many/{number:02}"), format!("The pear tree number {number}.")).unwrap();
        tx.commit(writer.message("One more")).unwrap();
    }
    let mut client = Client::start(shelf.path(), &[]);
    let calls = [
        ("log", json!({"limit": 10}), "commits", "id", [10, 10, 6]),
        ("list", json!({"prefix": "many", "limit": 10}), "memories", "key", [10, 10, 5]),
        ("recall", json!({"query": "pear", "limit": 10}), "memories", "record", [10, 10, 5]),
        ("diff", json!({"from": base, "limit": 10}), "changes", "key", [10, 10, 5]),
        ("list", json!({"depth": 2, "limit": 10}), "memories", "key", [10, 10, 8]),
    ];
    for (tool, arguments, part, name, sizes) in calls {
        let (mut written, head) = (Vec::new(), main.head().unwrap().unwrap());
        let found = pages(&mut client, tool, &arguments, part, |client| {
            // Before, among and behind what is paged through.
            for key in ["a", "many/00/x", "many/12a", "zz"] {
                let args = json!({"key": format!("{key}{}", written.len()), "text": "A pear too."});
                if client.call("add", args)["isError"] == false {
                    written.push(key);
                }
            }
        });
        let lengths: Vec<_> = found.iter().map(Vec::len).collect();
        assert_eq!(lengths, sizes, "{tool}");
        let mut names: Vec<_> = found.concat().iter().map(|item| item[name].to_string()).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{tool} gave something twice");
        assert!(!written.is_empty());
        main.restore(head, "").unwrap().commit(writer.message("Back")).unwrap();
    }
    client.end();
}

#[test]
fn resources_are_paged_too() {
    let shelf = Shelf::new();
    let main = shelf.store().branch("main").unwrap();
    let mut tx = main.write().unwrap();
    for number in 0..250 {
        tx.put(format!("many/{number:03}"), "One of many.").unwrap();
    }
    tx.commit(Author::person("ana").message("Many")).unwrap();
    let mut client = Client::start(shelf.path(), &[]);
    let (mut names, mut cursor, mut turns) = (Vec::new(), Value::Null, 0);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({"cursor": cursor}) };
        let result = client.ask("resources/list", params)["result"].clone();
        let resources = result["resources"].as_array().unwrap();
        names.extend(resources.iter().map(|found| found["name"].as_str().unwrap().to_owned()));
        turns += 1;
        if result["nextCursor"].is_null() {
            break;
        }
        cursor = result["nextCursor"].clone();
    }
    assert_eq!((names.len(), turns), (253, 3));
    names.dedup();
    assert_eq!(names.len(), 253);
    let wrong = client.ask("resources/list", json!({"cursor": "x"}));
    assert_eq!(wrong["error"]["code"], -32602);
    client.end();
}
