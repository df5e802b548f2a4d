//! Progress bars on stderr, for work that takes longer than one likes to wait in the dark.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use undream::{Progress, Step};

/// Work that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(400);
const COUNTED: &str = "{bar:30} {human_pos} of {human_len} {msg}, {eta} left";
const UNCOUNTED: &str = "{spinner} {human_pos} {msg}, {elapsed}";

/// One bar at a time, for whatever tells of itself.
#[derive(Default)]
struct Bar {
    begun: Option<Instant>,
    shown: Option<ProgressBar>,
}

/// Shows bars on stderr.
pub(crate) fn bars() -> Progress {
    let bar = Mutex::new(Bar::default());
    Progress::new(move |step| bar.lock().unwrap_or_else(PoisonError::into_inner).take(step))
}

impl Bar {
    fn take(&mut self, step: Step) {
        if step.ended {
            if let Some(shown) = self.shown.take() {
                shown.finish_and_clear();
            }
            self.begun = None;
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "how long a person has waited")]
        let begun = *self.begun.get_or_insert_with(Instant::now);
        if begun.elapsed() >= PATIENCE {
            self.shown.get_or_insert_with(|| drawn(step, begun)).set_position(step.done);
        }
    }
}

fn drawn(step: Step, begun: Instant) -> ProgressBar {
    let template = if step.total.is_some() { COUNTED } else { UNCOUNTED };
    let style = ProgressStyle::with_template(template).expect("BUG: the bar's template is wrong");
    ProgressBar::with_draw_target(step.total, ProgressDrawTarget::stderr())
        .with_style(style.progress_chars("=> "))
        .with_message(step.unit)
        .with_elapsed(begun.elapsed())
}
