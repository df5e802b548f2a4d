//! The program behind a curator, as a process: held up, ended, waited for.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::dream::alarm::Alarm;
use crate::dream::order::{Order, Orders};
use crate::error::Result;

/// A running program and all that it starts, as one group of processes.
pub(super) struct Program<'a> {
    child: Child,
    orders: &'a Orders,
    alarm: Alarm,
}

impl<'a> Program<'a> {
    /// Takes over a program that was started as the head of its own group, and has `time_max` from
    /// now on; pauses are not counted.
    pub(super) fn new(child: Child, orders: &'a Orders, time_max: Duration) -> Self {
        Self { child, orders, alarm: Alarm::after(time_max) }
    }

    /// Whether its time is over.
    pub(super) fn is_late(&self) -> bool {
        self.alarm.has_rung()
    }

    pub(super) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Does what is asked of the dream: holds the program up while the dream is paused.
    ///
    /// # Errors
    /// `Stale` once the dream is cancelled.
    pub(super) fn heed(&self) -> Result<()> {
        if self.orders.now()? != Order::Pause {
            return self.orders.heed();
        }
        self.alarm.hold(true);
        self.signal("STOP");
        let outcome = self.orders.heed();
        self.signal("CONT");
        self.alarm.hold(false);
        outcome
    }

    /// How it ended; `None` while it runs.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Stops the program and all that it started, as far as they are still there.
    pub(super) fn stop(&mut self) {
        self.signal("KILL");
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Sends a signal to the group. One that is gone needs none.
    fn signal(&self, name: &str) {
        let line = format!("kill -{name} -{}", self.child.id());
        drop(Command::new("sh").arg("-c").arg(line).stderr(Stdio::null()).status());
    }
}
