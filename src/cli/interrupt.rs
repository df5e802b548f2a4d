//! Ctrl-C: where it would leave something behind, it is waited for and tidied up after.

use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError, mpsc};

use super::exit::INTERRUPTED;

static WATCH: Once = Once::new();
/// Whether a pager has the terminal: Ctrl-C is meant for it then.
static PAGING: AtomicBool = AtomicBool::new(false);
/// Files half written, which are of no use to anybody.
static DRAFTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// From now on, Ctrl-C removes drafts and ends the program with 130. A write of the engine is whole
/// or absent however the program ends. Verbs that never call this are ended by the signal itself,
/// which shells show as 130 too.
pub(crate) fn watch() {
    WATCH.call_once(|| {
        let (ready, started) = mpsc::channel();
        std::thread::spawn(move || listen(&ready));
        if started.recv().is_err() {
            // Without a listener the signal does what it always does.
        }
    });
}

fn listen(ready: &mpsc::Sender<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let mut pressed = Box::pin(tokio::signal::ctrl_c());
        tokio::select! {
            biased;
            _ = &mut pressed => end(),
            // Asked once, the signal is ours.
            () = std::future::ready(()) => drop(ready.send(())),
        }
        while pressed.as_mut().await.is_ok() {
            end();
            pressed.set(tokio::signal::ctrl_c());
        }
    });
}

fn end() {
    if PAGING.load(Ordering::SeqCst) {
        return;
    }
    for draft in &*DRAFTS.lock().unwrap_or_else(PoisonError::into_inner) {
        // What cannot be removed is written over the next time.
        drop(std::fs::remove_file(draft));
    }
    if stderr().is_terminal() {
        // The shell goes on beneath a bar.
        eprintln!();
    }
    process::exit(INTERRUPTED.into());
}

/// Leaves Ctrl-C to a pager, or takes it back.
pub(crate) fn paging(is_paging: bool) {
    PAGING.store(is_paging, Ordering::SeqCst);
}

/// Has `draft` removed if the program is interrupted.
pub(crate) fn add_draft(draft: &Path) {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner).push(draft.to_owned());
}

/// What was a draft is finished, or gone.
pub(crate) fn forget_draft(draft: &Path) {
    DRAFTS.lock().unwrap_or_else(PoisonError::into_inner).retain(|held| held != draft);
}
