//! The commands of a stream, and how the parts of their lines are spelt.

use super::path;

/// Who made a commit or tag, and when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Ident {
    pub(crate) name: Vec<u8>,
    pub(crate) email: Vec<u8>,
    /// Seconds since 1970-01-01T00:00:00 UTC.
    pub(crate) seconds: i64,
}

/// What a file holds: a blob of this stream, or an object that is not in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum DataRef {
    Mark(u64),
    Sha(String),
}

/// What a commit does to its first parent's files, in the order to apply it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FileChange {
    /// `mode` is that of git: `0o100644`, `0o120000` for a link, `0o160000` for a submodule.
    Modify {
        mode: u32,
        data: DataRef,
        path: Vec<u8>,
    },
    Delete {
        path: Vec<u8>,
    },
    Rename {
        from: Vec<u8>,
        to: Vec<u8>,
    },
    Copy {
        from: Vec<u8>,
        to: Vec<u8>,
    },
    DeleteAll,
}

/// One command of the stream. `original` is the object's id in the repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Blob {
        mark: Option<u64>,
        original: Option<String>,
        /// `None` if the blob is larger than is held.
        data: Option<Vec<u8>>,
    },
    Commit {
        reference: Vec<u8>,
        mark: Option<u64>,
        original: Option<String>,
        author: Option<Ident>,
        committer: Ident,
        message: Vec<u8>,
        from: Option<DataRef>,
        merges: Vec<DataRef>,
        changes: Vec<FileChange>,
    },
    Reset {
        reference: Vec<u8>,
        from: Option<DataRef>,
    },
    Tag {
        name: Vec<u8>,
        original: Option<String>,
        from: DataRef,
        tagger: Option<Ident>,
        message: Vec<u8>,
    },
}

pub(super) fn modify(text: &[u8]) -> Option<FileChange> {
    let mut parts = text.splitn(3, |&byte| byte == b' ');
    let mode = u32::from_str_radix(std::str::from_utf8(parts.next()?).ok()?, 8).ok()?;
    let data = data_ref(parts.next()?)?;
    Some(FileChange::Modify { mode, data, path: path::whole(parts.next()?)? })
}

pub(super) fn two_paths(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (from, rest) = path::first(text)?;
    Some((from, path::whole(rest)?))
}

pub(super) fn data_ref(text: &[u8]) -> Option<DataRef> {
    match text.strip_prefix(b":") {
        Some(mark) => number(mark).map(DataRef::Mark),
        None => sha(text).map(DataRef::Sha),
    }
}

pub(super) fn sha(text: &[u8]) -> Option<String> {
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let whole = matches!(text.len(), 40 | 64) && text.iter().all(hex);
    whole.then(|| text.escape_ascii().to_string())
}

pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}

/// `Name <email> seconds zone`; git writes nothing for an unknown name.
pub(super) fn ident(text: &[u8]) -> Option<Ident> {
    let close = text.iter().rposition(|&byte| byte == b'>')?;
    let open = text[..close].iter().position(|&byte| byte == b'<')?;
    let mut when = text[close + 1..].strip_prefix(b" ")?.splitn(2, |&byte| byte == b' ');
    let seconds = std::str::from_utf8(when.next()?).ok()?.parse().ok()?;
    let zone = when.next()?;
    let signed = matches!(zone.first(), Some(b'+' | b'-'));
    if !signed || number(&zone[1..]).is_none() {
        return None;
    }
    let name = text[..open].strip_suffix(b" ").unwrap_or(&text[..open]);
    Some(Ident { name: name.to_vec(), email: text[open + 1..close].to_vec(), seconds })
}
