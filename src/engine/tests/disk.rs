//! A disk that loses power: what was not synced is kept, lost or torn, sector by sector.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{BackendError, StorageBackend};

const SECTOR: usize = 512;

/// Reproducible chance, shared by no code under test.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.roll() % bound as u64) as usize
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.roll() % 100 < percent
    }
}

#[derive(Debug)]
struct Platter {
    live: Vec<u8>,
    durable_len: usize,
    /// The durable bytes of sectors written since the last sync.
    unsynced: BTreeMap<usize, Vec<u8>>,
    /// Writes, syncs and changes of length until the power goes; `None`: never.
    fuse: Option<u64>,
    dead: bool,
    lying: bool,
}

/// Shared by the backend, which redb owns, and the test.
#[derive(Clone, Debug)]
pub(super) struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    pub(super) fn new(image: Vec<u8>) -> Self {
        let durable_len = image.len();
        Self(Arc::new(Mutex::new(Platter {
            live: image,
            durable_len,
            unsynced: BTreeMap::new(),
            fuse: None,
            dead: false,
            lying: false,
        })))
    }

    fn platter(&self) -> MutexGuard<'_, Platter> {
        self.0.lock().unwrap()
    }

    /// Lets the power go after so many writes, syncs and changes of length.
    pub(super) fn light_fuse(&self, operations: u64) {
        self.platter().fuse = Some(operations);
    }

    /// From now on, a sync does nothing and says it did.
    pub(super) fn lie(&self) {
        self.platter().lying = true;
    }

    pub(super) fn is_dead(&self) -> bool {
        self.platter().dead
    }

    /// Cuts the power and returns what is on the disk afterwards.
    pub(super) fn lose_power(&self, dice: &mut Dice) -> Vec<u8> {
        let mut platter = self.platter();
        platter.dead = true;
        let mut image = platter.live.clone();
        let unsynced = std::mem::take(&mut platter.unsynced);
        for (sector, before) in unsynced {
            let start = sector * SECTOR;
            if start >= image.len() {
                image.resize(start + before.len(), 0);
            }
            let end = image.len().min(start + SECTOR);
            let now = &mut image[start..end];
            let before = &before[..before.len().min(now.len())];
            match dice.below(4) {
                0 => {}
                1 => now[..before.len()].copy_from_slice(before),
                2 => {
                    let cut = dice.below(before.len() + 1);
                    now[..cut].copy_from_slice(&before[..cut]);
                }
                _ => {
                    let cut = dice.below(before.len() + 1);
                    now[cut..before.len()].copy_from_slice(&before[cut..]);
                }
            }
        }
        if dice.chance(50) {
            image.resize(platter.durable_len, 0);
        } else {
            image.resize(platter.live.len(), 0);
        }
        image
    }
}

impl Platter {
    fn live(&mut self) -> Result<(), std::io::Error> {
        if self.dead {
            return Err(std::io::Error::other("the power is gone"));
        }
        Ok(())
    }

    fn burn(&mut self) -> Result<(), std::io::Error> {
        if let Some(left) = &mut self.fuse {
            if *left == 0 {
                self.dead = true;
            } else {
                *left -= 1;
            }
        }
        self.live()
    }

    /// Remembers what is durable of the sectors from `start` to `end`.
    fn touch(&mut self, start: usize, end: usize) {
        for sector in start / SECTOR..end.div_ceil(SECTOR) {
            let from = sector * SECTOR;
            let to = (from + SECTOR).min(self.live.len());
            let live = &self.live;
            self.unsynced.entry(sector).or_insert_with(|| live[from.min(to)..to].to_vec());
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> Result<u64, std::io::Error> {
        let mut platter = self.platter();
        platter.live()?;
        Ok(platter.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        let mut platter = self.platter();
        platter.live()?;
        let start = offset as usize;
        let short = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        out.copy_from_slice(platter.live.get(start..start + out.len()).ok_or_else(short)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        let mut platter = self.platter();
        platter.burn()?;
        let len = len as usize;
        if len < platter.live.len() {
            let end = platter.live.len();
            platter.touch(len, end);
        }
        platter.live.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        let mut platter = self.platter();
        platter.burn()?;
        if !platter.lying {
            platter.unsynced.clear();
            platter.durable_len = platter.live.len();
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        let mut platter = self.platter();
        platter.burn()?;
        let start = offset as usize;
        let end = start + data.len();
        if end > platter.live.len() {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        platter.touch(start, end);
        platter.live[start..end].copy_from_slice(data);
        Ok(())
    }

    // One process: nobody else holds a lock.
    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }
}
