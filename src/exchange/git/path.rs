//! Paths in a fast-export stream: as they are, or in double quotes with C escapes.

/// Splits a path off the front of `text`; an unquoted one ends at the first space. Gives the path
/// and the rest after that space, or `None` if the quoting is broken.
pub(super) fn first(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if text.first() == Some(&b'"') {
        let (path, rest) = unquote(text)?;
        return Some((path, rest.strip_prefix(b" ")?));
    }
    let space = text.iter().position(|&byte| byte == b' ')?;
    Some((text[..space].to_vec(), &text[space + 1..])).filter(|(path, _)| !path.is_empty())
}

/// The path that is all of `text`, or `None` if the quoting is broken or there is none.
pub(super) fn whole(text: &[u8]) -> Option<Vec<u8>> {
    if text.first() == Some(&b'"') {
        return unquote(text).filter(|(_, rest)| rest.is_empty()).map(|(path, _)| path);
    }
    (!text.is_empty()).then(|| text.to_vec())
}

/// The bytes between the quotes that `text` begins with, and the rest after the closing one.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut path = Vec::new();
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((path, rest)),
            b'\\' => {
                let (byte, after) = escape(rest)?;
                path.push(byte);
                rest = after;
            }
            byte => path.push(byte),
        }
    }
}

/// The byte that an escape stands for, given what follows the backslash, and the rest.
fn escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&byte, rest) = text.split_first()?;
    let byte = match byte {
        b'a' => 7,
        b'b' => 8,
        b't' => 9,
        b'n' => 10,
        b'v' => 11,
        b'f' => 12,
        b'r' => 13,
        b'"' | b'\\' => byte,
        b'0'..=b'3' => {
            let (digits, rest) = text.split_at_checked(3)?;
            let octal = |value: u8, digit: &u8| {
                matches!(digit, b'0'..=b'7').then(|| value * 8 + (digit - b'0'))
            };
            return Some((digits.iter().try_fold(0, octal)?, rest));
        }
        _ => return None,
    };
    Some((byte, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_paths_give_their_bytes() {
        assert_eq!(whole(b"a b.md").unwrap(), b"a b.md");
        assert_eq!(whole(br#""a\t\"\\\303\251\377.md""#).unwrap(), b"a\t\"\\\xC3\xA9\xFF.md");
        assert_eq!(first(br#""a b" "c d""#).unwrap(), (b"a b".to_vec(), &br#""c d""#[..]));
        assert_eq!(first(b"a b c").unwrap(), (b"a".to_vec(), &b"b c"[..]));
    }

    #[test]
    fn broken_quoting_is_refused() {
        for text in
            [&br#""open"#[..], br#""\"#, br#""\477""#, br#""\38a""#, br#""\x41""#, br#""a"b"#]
        {
            assert_eq!(whole(text), None, "{}", text.escape_ascii());
        }
        assert_eq!(
            (whole(b""), first(b"a"), first(br#""a""#), first(b" a")),
            (None, None, None, None)
        );
    }
}
