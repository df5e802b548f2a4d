//! Running what is due: one dream at a time per store, whoever asks and however many.

use crate::clock::Time;
use crate::dream::manifest::meta;
use crate::dream::run::{DreamRun, describe, write_meta};
use crate::dream::schedule::due::{Outlook, due};
use crate::dream::schedule::notice::Notice;
use crate::dream::schedule::records::{Schedules, load, missing, save};
use crate::dream::schedule::schedule::Schedule;
use crate::dream::schedule::sight::Sight;
use crate::dream::schedule::state::{End, RunEnded, ScheduleState};
use crate::engine::Branch;
use crate::error::{ErrorKind, Result};
use crate::object::Author;

/// Why a run failed whose end nobody wrote down.
const CUT_OFF: &str = "it was cut off: its process ended, or could not write its end";

/// A run of a schedule, and what follows from it.
#[derive(Clone, Debug)]
pub struct ScheduledRun {
    /// The schedule.
    pub schedule: Schedule,
    /// What became of it, this run included.
    pub state: ScheduleState,
    /// The run.
    pub run: RunEnded,
    /// What its program was told.
    pub notice: Option<Notice>,
    /// Why its program could not be told.
    pub notice_failure: Option<String>,
}

/// What came of looking for something to run.
#[derive(Clone, Debug)]
pub enum ScheduleTurn {
    /// A run; there may be more to do.
    Ran(Box<ScheduledRun>),
    /// Nothing is to be done before that time, or before something is written. A time that has come
    /// already means that somebody else is at it: look again soon.
    Rest(Option<Time>),
}

/// What a claim led to.
enum Claim {
    /// A run that somebody else had begun had been cut off, and its end is written down now.
    CutOff(Schedule, ScheduleState),
    /// A run has begun.
    Begun(Schedule),
}

/// Makes a schedule's dream of its branch ready to run.
type Prepare<'a> = &'a dyn Fn(&Schedule, &Branch) -> Result<DreamRun>;

impl Schedules {
    /// Runs the one schedule that has been due for longest, to its end, and tells its program.
    /// `prepare` makes the dream; `author` stands with what is written down.
    ///
    /// While somebody runs a schedule of this store, in this process or another, no other begins.
    /// A failing dream is no error: it is tried again later.
    ///
    /// # Errors
    /// `Locked` if another process kept writing; `Corrupt` if a record is damaged.
    pub fn run_next(
        &self,
        author: &Author,
        prepare: &dyn Fn(&Schedule, &Branch) -> Result<DreamRun>,
    ) -> Result<ScheduleTurn> {
        let now = self.store.database().now();
        let (mut wake, mut ready) = (None::<Time>, Vec::new());
        for found in self.list()? {
            match found.outlook {
                Outlook::Due(at) => ready.push((at, found.schedule.name)),
                Outlook::Begun if self.is_running()? => wake = Some(now),
                Outlook::Begun => ready.push((now, found.schedule.name)),
                Outlook::Wait(Some(at)) => wake = Some(wake.map_or(at, |wake| wake.min(at))),
                Outlook::Wait(None) => {}
            }
        }
        let Some((_, name)) = ready.into_iter().min() else { return Ok(ScheduleTurn::Rest(wake)) };
        Ok(match self.run_one(&name, false, (author, prepare))? {
            Some((ran, _)) => ScheduleTurn::Ran(Box::new(ran)),
            None => ScheduleTurn::Rest(Some(now)),
        })
    }

    /// Runs a schedule now, due or not; `None` if somebody is running one of this store.
    ///
    /// # Errors
    /// `NotFound` if there is no such schedule; as [`Schedules::run_next`].
    pub fn run(
        &self,
        name: &str,
        author: &Author,
        prepare: &dyn Fn(&Schedule, &Branch) -> Result<DreamRun>,
    ) -> Result<Option<ScheduledRun>> {
        loop {
            match self.run_one(name, true, (author, prepare))? {
                Some((_, was_cut_off)) if was_cut_off => {}
                other => return Ok(other.map(|(ran, _)| ran)),
            }
        }
    }

    /// What holds off a second runner.
    fn lease(&self) -> String {
        format!("{}/schedules", self.store.name())
    }

    fn is_running(&self) -> Result<bool> {
        self.store.database().is_leased(&self.lease())
    }

    /// One run, and whether it is one that had been cut off.
    fn run_one(
        &self,
        name: &str,
        by_hand: bool,
        (author, prepare): (&Author, Prepare<'_>),
    ) -> Result<Option<(ScheduledRun, bool)>> {
        let Some(_lease) = self.store.database().take_lease(&self.lease())? else {
            return Ok(None);
        };
        let (schedule, state, was_cut_off) = match self.claim(name, by_hand, author)? {
            None => return Ok(None),
            Some(Claim::CutOff(schedule, state)) => (schedule, state, true),
            Some(Claim::Begun(schedule)) => {
                let end = self.dream(&schedule, prepare);
                let state = self.end(&schedule, &end, author)?;
                (schedule, state, false)
            }
        };
        Ok(Some((self.tell(schedule, state), was_cut_off)))
    }

    /// Writes down that a run begins, if it is still due now that nobody else can begin one.
    fn claim(&self, name: &str, by_hand: bool, author: &Author) -> Result<Option<Claim>> {
        loop {
            let mut transaction = meta(&self.store).write_reserved()?;
            let Some((schedule, mut state)) = load(transaction.base(), name)? else {
                return if by_hand { Err(missing(transaction.base(), name)?) } else { Ok(None) };
            };
            let now = self.store.database().now();
            let is_cut_off = state.begun.is_some();
            // In memory a claim is a formality: who else began may still be at it.
            if is_cut_off && self.store.database().directory().is_none() {
                return Ok(None);
            }
            if is_cut_off {
                state.end(&schedule, End::failed(CUT_OFF), now);
            } else {
                let sight = Sight::of(&self.store, &schedule, now)?;
                let at = match due(&schedule, &state, &sight, now)? {
                    Outlook::Due(at) => at,
                    _ if by_hand => now,
                    _ => return Ok(None),
                };
                state.begin(at, now, sight.name);
            }
            save(&mut transaction, name, &state)?;
            let text = if is_cut_off { "Note a run cut off of" } else { "Begin a run of" };
            match transaction.commit(author.message(format!("{text} schedule {name}"))) {
                Err(error) if error.kind() == ErrorKind::Stale => {}
                Err(error) => return Err(error),
                Ok(_) if is_cut_off => return Ok(Some(Claim::CutOff(schedule, state))),
                Ok(_) => return Ok(Some(Claim::Begun(schedule))),
            }
        }
    }

    fn dream(&self, schedule: &Schedule, prepare: Prepare<'_>) -> End {
        let branch = self.store.branch(&schedule.branch);
        let dream = branch.and_then(|branch| prepare(schedule, &branch)).and_then(DreamRun::run);
        let end = dream.and_then(|dream| {
            let manifest = dream.manifest()?;
            Ok(End {
                dream: Some(manifest.number),
                status: manifest.status,
                proposals: manifest.proposals,
                held: dream.held()?.len() as u32,
                failure: manifest.failure,
            })
        });
        end.unwrap_or_else(|error| End::failed(&describe(&error)))
    }

    /// Writes down how a run ended. Of a schedule that was removed meanwhile nothing is kept.
    fn end(&self, schedule: &Schedule, end: &End, author: &Author) -> Result<ScheduleState> {
        let name = &schedule.name;
        let status = end.status.name();
        let message = author.message(format!("End a run of schedule {name}: {status}"));
        let mut ended = None;
        write_meta(&self.store, message, |transaction| {
            let kept = load(transaction.base(), name)?;
            let now = self.store.database().now();
            let gone = || ScheduleState::of(schedule);
            let mut state = kept.as_ref().map_or_else(gone, |(_, state)| state.clone());
            if state.begun.is_none() {
                state.begin(now, now, None);
            }
            state.end(schedule, end.clone(), now);
            ended = Some(state.clone());
            if kept.is_some() { save(transaction, name, &state) } else { Ok(()) }
        })?;
        Ok(ended.expect("BUG: nothing was written down, and yet it is"))
    }

    fn tell(&self, schedule: Schedule, state: ScheduleState) -> ScheduledRun {
        let run = state.last.clone().expect("BUG: a run that ended is the last");
        let notice = Notice::of(&self.store, &schedule, &state);
        let told = match (&notice, &schedule.notify) {
            (Some(notice), Some(program)) => notice.send(program),
            _ => Ok(()),
        };
        ScheduledRun {
            schedule,
            state,
            run,
            notice,
            notice_failure: told.err().map(|why| describe(&why)),
        }
    }
}
