//! What is whole in a JSON text that was cut or damaged: the elements of its list, and the fields
//! before it.

use super::wrapper::LISTS;

/// One part that is whole, or the place where one is not.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Part<'a> {
    Field(String, &'a str),
    Element(&'a str),
    /// What begins at this byte cannot be read.
    Damaged(usize, String),
}

/// The parts of `bytes`: a list, or an object with one of the [`LISTS`] in it.
pub(super) fn parts(bytes: &[u8]) -> Vec<Part<'_>> {
    let mut scan = Scan { bytes, at: 0, parts: Vec::new() };
    scan.skip_blank();
    match scan.byte() {
        Some(b'[') => {
            scan.list();
        }
        Some(b'{') => scan.object(),
        _ => {}
    }
    scan.parts
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    parts: Vec<Part<'a>>,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn damaged(&mut self, at: usize, why: impl Into<String>) {
        self.parts.push(Part::Damaged(at, why.into()));
    }

    /// Goes through the list that begins here, and tells whether its end was there.
    fn list(&mut self) -> bool {
        self.at += 1;
        loop {
            self.skip_blank();
            if self.byte() == Some(b']') {
                self.at += 1;
                return true;
            }
            let start = self.at;
            let Some(value) = self.value() else {
                self.damaged(start, "the file ends within the list, or is no list from here");
                return false;
            };
            match whole(value) {
                Ok(text) => self.parts.push(Part::Element(text)),
                Err(why) => self.damaged(start, why),
            }
            self.skip_blank();
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b']') => {}
                _ => {
                    let at = self.at;
                    self.damaged(at, "the file ends within the list, or is no list from here");
                    return false;
                }
            }
        }
    }

    fn object(&mut self) {
        self.at += 1;
        loop {
            self.skip_blank();
            if self.byte() == Some(b'}') {
                return;
            }
            let start = self.at;
            let name = self.value().and_then(|raw| serde_json::from_slice::<String>(raw).ok());
            self.skip_blank();
            let (Some(name), Some(b':')) = (name, self.byte()) else {
                return self.damaged(start, "the file ends here, or is no object from here");
            };
            self.at += 1;
            self.skip_blank();
            if LISTS.contains(&name.as_str()) && self.byte() == Some(b'[') {
                if !self.list() {
                    return;
                }
            } else {
                let start = self.at;
                let Some(value) = self.value() else {
                    return self.damaged(start, format!("the file ends within `{name}`"));
                };
                match whole(value) {
                    Ok(text) => self.parts.push(Part::Field(name, text)),
                    Err(why) => self.damaged(start, why),
                }
            }
            self.skip_blank();
            if self.byte() == Some(b',') {
                self.at += 1;
            }
        }
    }

    /// The bytes of the value that begins here, by its brackets and quotes alone; `None` if there
    /// is none, or its end is not there.
    fn value(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => self.string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b'}' | b']' | b':' if depth == 0 => break,
                byte if depth == 0 && byte.is_ascii_whitespace() => break,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                break;
            }
        }
        (self.at > start).then(|| &self.bytes[start..self.at])
    }

    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            match self.byte()? {
                b'\\' => self.at += 2,
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 1,
            }
        }
    }
}

/// `value` as a text, if it is JSON in UTF-8.
fn whole(value: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(value).map_err(|error| error.to_string())?;
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &[u8]) -> (Vec<&str>, Vec<usize>) {
        let (mut whole, mut damaged) = (Vec::new(), Vec::new());
        for part in parts(bytes) {
            match part {
                Part::Element(text) => whole.push(text),
                Part::Damaged(at, _) => damaged.push(at),
                Part::Field(..) => {}
            }
        }
        (whole, damaged)
    }

    #[test]
    fn what_stands_before_a_cut_is_whole() {
        assert_eq!(
            texts(br#"[{"a":"]\"}"}, {"b":1}"#),
            (vec![r#"{"a":"]\"}"}"#, r#"{"b":1}"#], vec![22])
        );
        assert_eq!(texts(br#"[{"a":1},{"b":"#), (vec![r#"{"a":1}"#], vec![9]));
        assert_eq!(texts(b"[{\"a\":\"\xFF\"},{\"b\":1}]"), (vec![r#"{"b":1}"#], vec![1]));
        assert_eq!(texts(b"[{\"a\":}]"), (vec![], vec![1]));
        assert_eq!(texts(b"[1 2]"), (vec!["1"], vec![3]));
    }

    #[test]
    fn fields_before_the_list_are_kept() {
        let found = parts(br#"{"id":"x","messages":[{"a":1},{"a"#);
        assert_eq!(found[0], Part::Field("id".to_owned(), "\"x\""));
        assert_eq!(found[1], Part::Element("{\"a\":1}"));
        assert!(matches!(found[2], Part::Damaged(30, _)), "{found:?}");
    }
}
